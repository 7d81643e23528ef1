"""One contract for the Caller: the fake in memory, and both adapters over the simulated Twilio."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ml_connector.domain.delivery import CallRequest, CallStatus, Cure, ProviderCall
from ml_connector.domain.voice_script import LONGEST_SPOKEN
from ml_connector.errors import (
    DeliveryBlocked,
    DeliveryBusy,
    DeliveryError,
    DeliveryNotSent,
    DeliveryOutcomeUnknown,
    DeliveryRejected,
    DeliveryTransient,
)
from tests.adapters.caller_sides import BEHAVIOURS, CALL, SETTLED, InMemory, Side, Simulated
from tests.adapters.twilio_world import ANN, BEN, TIMEOUT, fresh

CONFIRMING = ("memory, confirms", "Studio")


@pytest.fixture(params=[*CONFIRMING, "memory, announces", "plain calls"])
def side(request: pytest.FixtureRequest) -> Iterator[Side]:
    confirms = request.param in CONFIRMING
    if request.param.startswith("memory"):
        yield InMemory(confirms=confirms)
        return
    with ExitStack() as stack:
        world = stack.enter_context(fresh(request.getfixturevalue("simulator")))
        yield Simulated(world, stack, confirms=confirms)


List = Callable[[Side, datetime], Iterable[ProviderCall]]
LISTS = pytest.mark.parametrize(
    "ask",
    [
        lambda side, since: side.caller.list_started_since(since),
        lambda side, since: side.caller.list_to(ANN, since),
    ],
    ids=["all", "to one number"],
)


def place(side: Side, to: str = ANN, dispatch_id: str = "d-1") -> str:
    return side.caller.place_call(replace(CALL, to=to, dispatch_id=dispatch_id), TIMEOUT).sid


def one_after_another(side: Side, count: int, apart: float = SETTLED) -> list[str]:
    made = []
    for number in range(count):
        made.append(place(side, dispatch_id=f"d-{number}"))
        side.forward(apart)
    return made


def sids(calls: Iterable[ProviderCall]) -> list[str]:
    return [call.sid for call in calls]


# --------------------------------------------------------------------------------- placing
def test_an_accepted_call_is_going_on_and_shown_as_it_was_asked_for(side: Side) -> None:
    call = side.caller.place_call(CALL, TIMEOUT)
    assert side.accepted() == [call.sid]
    assert (call.to, call.status) == (ANN, CallStatus.ACTIVE)
    assert call.dispatch_id == ("d-1" if side.caller.confirms else "")
    found = side.caller.outcome(call.sid)
    assert found
    assert (found.sid, found.to, found.created_at) == (call.sid, ANN, call.created_at)
    assert found.status is CallStatus.ACTIVE


def test_a_call_is_dated_in_utc_by_the_second(side: Side) -> None:
    side.forward(0.7)
    call = side.caller.place_call(CALL, TIMEOUT)
    assert call.created_at.tzinfo is UTC
    assert call.created_at == side.now().replace(microsecond=0)


@pytest.mark.parametrize("behaviour", BEHAVIOURS)
def test_how_a_call_ended_is_what_happened_on_the_phone(side: Side, behaviour: str) -> None:
    side.phone(ANN, behaviour)
    start = side.now()
    sid = place(side)
    side.forward(SETTLED)
    confirmed, announced = BEHAVIOURS[behaviour]
    found = side.caller.outcome(sid)
    assert found
    assert found.status is (confirmed if side.caller.confirms else announced)
    assert found.status.final
    assert found.call_sid.startswith("CA")
    assert found.dispatch_id == ("d-1" if side.caller.confirms else "")
    (listed,) = side.caller.list_started_since(start)
    assert listed.status is (CallStatus.ENDED if side.caller.confirms else announced)


def test_a_second_call_to_a_number_starts_nothing_while_one_asks_for_a_key(side: Side) -> None:
    first = place(side)
    if side.caller.confirms:
        with pytest.raises(DeliveryBusy) as busy:
            place(side, dispatch_id="d-2")
        assert busy.value.conflicting_sid == first
        assert busy.value.retryable
        assert side.accepted() == [first]
    else:
        assert place(side, dispatch_id="d-2") != first
        assert len(side.accepted()) == 2
    assert place(side, BEN) == side.accepted()[-1]
    side.forward(SETTLED)
    assert place(side, dispatch_id="d-3") == side.accepted()[-1]


def test_a_call_that_conflicts_counts_before_it_is_listed(side: Side) -> None:
    side.list_late(90)
    start = side.now()
    place(side)
    assert sids(side.caller.list_started_since(start)) == []
    if side.caller.confirms:
        with pytest.raises(DeliveryBusy):
            place(side)


@pytest.mark.parametrize("code", [21211, 21214, 21215, 21216])
def test_a_refused_recipient_is_a_permanent_refusal(side: Side, code: int) -> None:
    side.refuse(ANN, code)
    with pytest.raises(DeliveryRejected) as refused:
        place(side)
    assert (refused.value.provider_code, refused.value.http_status) == (code, 400)
    assert ANN not in str(refused.value)
    assert side.accepted() == []
    assert [place(side, BEN)] == side.accepted()


def test_a_closed_account_is_for_the_operator(side: Side) -> None:
    side.block()
    with pytest.raises(DeliveryBlocked) as refused:
        place(side)
    assert (refused.value.provider_code, refused.value.http_status) == (20003, 401)
    assert side.accepted() == []


@pytest.mark.parametrize(("told", "expected"), [(7, 7.0), (None, 1.0)])
def test_too_many_requests_say_when_to_come_again(
    side: Side, told: int | None, expected: float
) -> None:
    side.be_busy(told)
    with pytest.raises(DeliveryTransient) as refused:
        place(side)
    error = refused.value
    assert type(error) is DeliveryTransient
    assert (error.retry_after, error.http_status, error.provider_code) == (expected, 429, 20429)
    assert side.accepted() == []


def test_what_was_accepted_without_our_hearing_is_unknown_and_found_by_what_it_carries(
    side: Side,
) -> None:
    start = side.now()
    side.lose_reply()
    with pytest.raises(DeliveryOutcomeUnknown) as unknown:
        place(side)
    assert not unknown.value.retryable
    (found,) = side.caller.list_to(ANN, start)
    assert [found.sid] == side.accepted()
    assert found.dispatch_id == ("d-1" if side.caller.confirms else "")


def test_what_was_lost_on_the_way_is_unknown_and_not_listed(side: Side) -> None:
    start = side.now()
    side.lose_request()
    with pytest.raises(DeliveryOutcomeUnknown):
        place(side)
    assert side.accepted() == []
    assert list(side.caller.list_to(ANN, start)) == []


@pytest.mark.parametrize("trouble", ["lose_reply", "lose_request", "be_busy", "block"])
def test_a_call_is_tried_once_whatever_happens(side: Side, trouble: str) -> None:
    arrange = getattr(side, trouble)
    _ = arrange(1) if trouble == "be_busy" else arrange()
    with suppress(DeliveryError):
        place(side)
    assert side.asked() == 1


def test_where_nobody_listens_nothing_was_sent(side: Side) -> None:
    side.go_away()
    with pytest.raises(DeliveryNotSent) as not_sent:
        place(side)
    assert not_sent.value.retryable
    assert side.accepted() == []


@pytest.mark.parametrize("timeout", [0.0, -3.0])
def test_without_time_nobody_is_called(side: Side, timeout: float) -> None:
    with pytest.raises(DeliveryNotSent):
        side.caller.place_call(CALL, timeout)
    assert side.accepted() == []


@pytest.mark.parametrize(
    "hopeless",
    [
        CallRequest("0155 0100001", "a bill", "d-1"),
        CallRequest("", "a bill", "d-1"),
        CallRequest(ANN, " \n", "d-1"),
        CallRequest(ANN, "<{[%]}>", "d-1"),
        CallRequest(ANN, "x" * (LONGEST_SPOKEN + 1), "d-1"),
    ],
    ids=["no E.164", "no number", "no text", "nothing to be said", "too long"],
)
def test_what_can_be_no_call_is_rejected_before_it_is_placed(
    side: Side, hopeless: CallRequest
) -> None:
    with pytest.raises(DeliveryRejected):
        side.caller.place_call(hopeless, TIMEOUT)
    assert side.asked() == 0


# ------------------------------------------------------------------------------------ lists
@LISTS
def test_lists_are_newest_first_and_end_at_the_time_given(side: Side, ask: List) -> None:
    made = one_after_another(side, 4)
    since = side.now() - timedelta(seconds=2 * SETTLED + 10)
    assert sids(ask(side, since)) == [made[3], made[2]]
    assert sids(ask(side, since - timedelta(hours=1))) == made[::-1]
    assert sids(ask(side, side.now() + timedelta(seconds=1))) == []


@LISTS
def test_a_call_of_the_second_asked_from_is_listed(side: Side, ask: List) -> None:
    made = place(side)
    second = side.now().replace(microsecond=0)
    for since in (second, second + timedelta(microseconds=999_999)):
        assert sids(ask(side, since)) == [made]
    assert sids(ask(side, second + timedelta(seconds=1))) == []


@LISTS
def test_a_call_may_be_listed_late(side: Side, ask: List) -> None:
    start = side.now()
    side.list_late(90)
    made = place(side)
    side.forward(89)
    assert sids(ask(side, start)) == []
    side.forward(2)
    assert sids(ask(side, start)) == [made]


@LISTS
def test_a_list_that_cannot_be_had_is_an_error_and_no_empty_list(side: Side, ask: List) -> None:
    start = side.now()
    place(side)
    side.close_lists()
    with pytest.raises(DeliveryTransient):
        list(ask(side, start))


def test_a_list_to_one_number_leaves_out_the_others(side: Side) -> None:
    start = side.now()
    to_ann, to_ben = place(side, ANN, "d-1"), place(side, BEN, "d-2")
    assert sids(side.caller.list_to(ANN, start)) == [to_ann]
    assert sids(side.caller.list_to(BEN, start)) == [to_ben]
    assert sids(side.caller.list_to("+15550100009", start)) == []
    assert sids(side.caller.list_started_since(start)) == [to_ben, to_ann]


def test_each_call_to_a_number_says_which_dispatch_it_is(side: Side) -> None:
    start = side.now()
    made = one_after_another(side, 2)
    carried = {call.sid: call.dispatch_id for call in side.caller.list_to(ANN, start)}
    expected = ("d-0", "d-1") if side.caller.confirms else ("", "")
    assert carried == dict(zip(made, expected, strict=True))


# ----------------------------------------------------------------------------------- single
def test_a_call_nobody_made_is_none(side: Side) -> None:
    place(side)
    unknown = ("FN" if side.caller.confirms else "CA") + "f" * 32
    assert side.caller.outcome(unknown) is None
    side.caller.end(unknown)


@pytest.mark.parametrize("sid", ["", "FN1", "SM" + "0" * 32, "CA" + "0" * 32 + "/Events"])
def test_what_is_no_id_of_a_call_is_rejected(side: Side, sid: str) -> None:
    for ask in (side.caller.outcome, side.caller.end):
        with pytest.raises(DeliveryRejected):
            ask(sid)


def test_a_call_that_cannot_be_read_is_an_error_and_not_none(side: Side) -> None:
    sid = place(side)
    side.close_lists()
    with pytest.raises(DeliveryTransient):
        side.caller.outcome(sid)


def test_a_call_of_the_other_kind_of_caller_does_not_break_anything(side: Side) -> None:
    """A flow may be published, or taken back, while calls are going on."""
    other = ("CA" if side.caller.confirms else "FN") + "f" * 32
    assert side.caller.outcome(other) is None
    side.caller.end(other)


# ----------------------------------------------------------------------------------- ending
def test_a_call_that_is_ended_before_anybody_takes_it_is_canceled(side: Side) -> None:
    side.phone(ANN, "rings")
    sid = place(side)
    side.forward(0.5)
    side.caller.end(sid)
    found = side.caller.outcome(sid)
    assert found
    assert found.status is CallStatus.CANCELED
    assert place(side) == side.accepted()[-1]


def test_ending_a_call_somebody_listens_to_confirms_nothing(side: Side) -> None:
    side.phone(ANN, "says nothing")
    sid = place(side)
    side.forward(5.5)
    side.caller.end(sid)
    found = side.caller.outcome(sid)
    assert found
    assert found.status in (CallStatus.NO_INPUT, CallStatus.ANNOUNCED)


def test_a_call_that_is_over_stays_as_it_ended(side: Side) -> None:
    side.phone(ANN, "presses 1")
    sid = place(side)
    side.forward(SETTLED)
    before = side.caller.outcome(sid)
    side.caller.end(sid)
    side.caller.end(sid)
    assert side.caller.outcome(sid) == before


# ----------------------------------------------------------------------------------- verdicts
@pytest.mark.parametrize(
    ("code", "cure"),
    [(None, Cure.RETRY), (10004, Cure.RETRY), (21216, Cure.PERMANENT), (21210, Cure.BLOCKED)],
)
def test_a_code_says_what_helps(side: Side, code: int | None, cure: Cure) -> None:
    assert side.caller.judge_call(code).cure is cure


# ------------------------------------------------------------------------------ blanking
def test_of_a_call_that_is_over_nothing_spoken_is_kept(side: Side) -> None:
    sid, other = place(side), place(side, to=BEN, dispatch_id="d-2")
    side.forward(SETTLED)
    assert side.caller.outcome(sid) is not None
    side.caller.blank(sid)
    side.caller.blank(sid)
    # A call that only announces leaves no text with the provider: its record stays.
    assert (side.caller.outcome(sid) is None) is side.caller.confirms
    assert side.caller.outcome(other) is not None
