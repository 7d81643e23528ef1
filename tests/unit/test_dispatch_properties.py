"""No sequence of calls leaves the state diagram; what is settled rests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from ml_connector.domain import dispatches as d
from ml_connector.domain.delivery import RANK, MessageStatus
from ml_connector.domain.dispatches import STEPS, Dispatch, DispatchState, IllegalTransition
from tests.support import samples
from tests.support.clock import START

Call = Callable[[Dispatch, datetime], Dispatch]

MINUTE = timedelta(minutes=1)
SETTLED_BY_RECEIPT = (DispatchState.DELIVERED, DispatchState.UNDELIVERED, DispatchState.FAILED)


def _claim(x: Dispatch, now: datetime) -> Dispatch:
    return d.claim(x, token="t", to="+15550100001", now=now, deadline=now + MINUTE)


def _follow(x: Dispatch, now: datetime, *, counts: bool) -> Dispatch:
    return d.successor(
        x,
        new_id=f"{x.id}'",
        reference="CCCC",
        text="another text. Ref CCCC",
        now=now,
        wait=MINUTE,
        look_after=MINUTE,
        counts=counts,
        members=x.members,
    )


def _advance(status: MessageStatus) -> Call:
    return lambda x, now: d.advance(x, status=status, error_code=None, look_at=now + MINUTE)


CALLS: dict[str, Call] = {
    "claim": _claim,
    "defer": lambda x, now: d.defer(x, until=now + MINUTE, look_at=now + MINUTE, reason="r"),
    "give back": lambda x, now: d.give_back(x, until=now, look_at=now, reason="r"),
    "record": lambda x, now: d.record_sent(
        x, sid="SM1", status=MessageStatus.QUEUED, now=now, look_at=now + MINUTE
    ),
    "lose": lambda x, now: d.lose_track(x, look_at=now, reason="r"),
    "empty": lambda x, now: d.note_empty_list(x, now=now, look_at=now + MINUTE),
    "not sent": lambda x, _: d.settle_not_sent(x, reason="r"),
    "not sent, watched": lambda x, now: d.settle_not_sent(x, reason="r", watch_at=now),
    "refuse": lambda x, _: d.refuse(x, error_code=21211, reason="r"),
    "look again": lambda x, now: d.look_again(x, look_at=now, rung=True),
    "rest": lambda x, _: d.rest(x),
    "unconfirmed": lambda x, now: d.stop_waiting_for_receipt(x, look_at=now),
    **{f"advance {status}": _advance(status) for status in MessageStatus},
}

calls = st.lists(
    st.tuples(st.sampled_from(sorted(CALLS)), st.integers(min_value=0, max_value=180)),
    max_size=40,
)


def walk(steps: list[tuple[str, int]]) -> list[tuple[Dispatch, str, Dispatch]]:
    """Every call that was allowed, with the dispatch before and after."""
    dispatch, now = samples.dispatch(), START
    taken: list[tuple[Dispatch, str, Dispatch]] = []
    for name, seconds in steps:
        now += timedelta(seconds=seconds)
        try:
            after = CALLS[name](dispatch, now)
        except IllegalTransition:
            continue
        taken.append((dispatch, name, after))
        dispatch = after
    return taken


@settings(max_examples=300, deadline=None)
@given(calls)
def test_no_sequence_of_calls_leaves_the_diagram(steps: list[tuple[str, int]]) -> None:
    for before, name, after in walk(steps):
        stays = after.state is before.state and name in ("look again", "rest")
        assert stays or after.state in STEPS[before.state], name


@settings(max_examples=300, deadline=None)
@given(calls)
def test_what_a_receipt_settled_is_settled_for_good(steps: list[tuple[str, int]]) -> None:
    for before, name, after in walk(steps):
        if before.state in SETTLED_BY_RECEIPT:
            assert (after.state, after.look_at) == (before.state, None), name
        if after.state in SETTLED_BY_RECEIPT:
            assert after.look_at is None


@settings(max_examples=300, deadline=None)
@given(calls)
def test_what_is_not_settled_is_always_looked_at_again(steps: list[tuple[str, int]]) -> None:
    for _, name, after in walk(steps):
        assert after.state.settled or after.look_at is not None, name


@settings(max_examples=300, deadline=None)
@given(calls)
def test_a_status_never_goes_backwards(steps: list[tuple[str, int]]) -> None:
    known = MessageStatus.UNKNOWN
    for _, name, after in walk(steps):
        if after.state is DispatchState.SENT and name == "record":
            known = MessageStatus.UNKNOWN
        status = after.provider_status or MessageStatus.UNKNOWN
        assert RANK[status] >= RANK[known], name
        known = status


@settings(max_examples=300, deadline=None)
@given(calls)
def test_no_call_uses_up_an_attempt_or_changes_what_was_decided(
    steps: list[tuple[str, int]],
) -> None:
    for before, name, after in walk(steps):
        fixed = ("id", "company", "recipient", "members", "text", "reference", "attempt", "version")
        for field in fixed:
            assert getattr(after, field) == getattr(before, field), name


@settings(max_examples=300, deadline=None)
@given(calls)
def test_only_the_holder_of_a_claim_has_a_claim(steps: list[tuple[str, int]]) -> None:
    for _, name, after in walk(steps):
        if after.state is DispatchState.SENDING:
            assert after.claim_token, name
            assert after.claimed_at is not None
        if after.state is DispatchState.WAITING:
            assert after.claimed_at is None, name
        if after.state in (DispatchState.SENT, *SETTLED_BY_RECEIPT) and name != "refuse":
            assert after.sid or after.reason == "r"


@given(st.booleans(), st.integers(min_value=1, max_value=5), st.integers(min_value=1, max_value=9))
def test_a_follower_starts_afresh_with_one_attempt_more_or_none(
    counts: bool,
    attempt: int,
    sequence: int,
) -> None:
    told = samples.told_dispatch()
    before = replace(told, attempt=attempt, sequence=sequence)
    after = _follow(before, START, counts=counts)
    assert after.attempt == attempt + counts
    assert after.sequence == sequence + 1
    assert after.members == before.members
    assert (after.state, after.version, after.sid) == (DispatchState.WAITING, 1, "")
    assert after.claimed_at is None
    assert after.provider_status is None
