from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_connector.domain.bills import Bill, BillState
from ml_connector.domain.documents import Document
from ml_connector.domain.events import (
    ENDS_CASES,
    Event,
    EventKind,
    Sighting,
    gone,
    seen_again,
    seen_first,
    too_many_gone,
)
from tests.support.bills import COMPANY, MORNING, a_bill, a_document, usd, written
from tests.support.properties import unhurried

S, P = BillState.SUBMITTED, BillState.PARTIALLY_APPROVED
WORDLESS = (BillState.UNKNOWN, BillState.NO_VALUE)

#: A look at Intacct: the bill's row, or None where there is none.
Look = Bill | None


# ------------------------------------------------------------------ the code, look by look
def look(stored: Document | None, shown: Look, minute: int) -> Sighting | None:
    now = MORNING + timedelta(minutes=minute)
    if shown is None:
        return gone(stored) if stored and stored.waiting else None
    return seen_again(stored, shown, now) if stored else seen_first(COMPANY, shown, now)


def life(looks: Sequence[Look]) -> list[Event]:
    """Every event of one bill, looked at once a minute and written down after each look."""
    stored: Document | None = None
    events: list[Event] = []
    for minute, shown in enumerate(looks):
        sighting = look(stored, shown, minute)
        if sighting and sighting.changed:
            events.extend(sighting.events)
            stored = written(sighting.document)
    return events


# ------------------------------------- what a perfect observer says about the same looks
LEAVES = {
    BillState.DRAFT: "bill.recalled",
    BillState.ANALYZING: "bill.recalled",
    BillState.DECLINED: "bill.declined",
    None: "bill.deleted",
}


def observer(looks: Sequence[Look]) -> list[tuple[str, int]]:
    """Kind and round of everything that shows between each look and the one before it."""
    readable = [shown for shown in looks if shown is None or shown.state not in WORDLESS]
    told: list[tuple[str, int]] = []
    rounds = 0
    for before, now in pairwise([None, *readable]):
        was, is_ = before.state if before else None, now.state if now else None
        if is_ is S and was is not S:
            rounds += 1
            told.append(("bill.submitted", rounds))
        elif is_ is P and was is not P:
            rounds += was is not S
            told.append(("bill.partially_approved", rounds))
        elif was in (S, P) and is_ not in (S, P):
            told.append((LEAVES.get(is_, "bill.approved"), rounds))
        elif was in (S, P) and before and now and worth(before) != worth(now):
            told.append(("bill.changed", rounds))
    return told


def worth(bill: Bill) -> tuple[object, str]:
    return bill.amount, bill.vendor_id


LOOKS = st.lists(
    st.none()
    | st.builds(
        a_bill,
        state=st.sampled_from([S, S, S, P, P, *BillState]),
        amount=st.sampled_from(["100", "100.00", "200"]),
        vendor_id=st.sampled_from(["V-100", "V-200"]),
    ),
    max_size=14,
)


@unhurried
@given(LOOKS)
def test_events_are_exactly_those_a_perfect_observer_of_the_same_looks_would_name(
    looks: list[Look],
) -> None:
    assert [(event.kind.value, event.round) for event in life(looks)] == observer(looks)


@unhurried
@given(LOOKS)
def test_every_event_of_a_bills_life_has_an_id_of_its_own(looks: list[Look]) -> None:
    ids = [event.id for event in life(looks)]
    assert len(ids) == len(set(ids))


@unhurried
@given(LOOKS)
def test_the_same_looks_give_the_same_ids_on_every_run(looks: list[Look]) -> None:
    assert life(looks) == life(looks)


@unhurried
@given(LOOKS, st.data())
def test_looking_again_at_what_has_not_changed_gives_no_event(
    looks: list[Look], data: st.DataObject
) -> None:
    often = [shown for shown in looks for _ in range(data.draw(st.integers(1, 3)))]
    # A `changed` is told apart by what was written before it, and repeats write nothing.
    assert life(often) == life(looks)


@unhurried
@given(LOOKS)
def test_rounds_only_grow_and_every_submission_is_a_new_one(looks: list[Look]) -> None:
    events = life(looks)
    rounds = [event.round for event in events]
    assert rounds == sorted(rounds)
    submitted = [event.round for event in events if event.kind is EventKind.SUBMITTED]
    assert len(submitted) == len(set(submitted))


@unhurried
@given(LOOKS)
def test_a_document_is_open_exactly_while_somebody_has_to_approve_the_bill(
    looks: list[Look],
) -> None:
    stored: Document | None = None
    for minute, shown in enumerate(looks):
        sighting = look(stored, shown, minute)
        stored = written(sighting.document) if sighting else stored
        if stored:
            assert (stored.open_since is not None) == stored.waiting


# ---------------------------------------------------------------------------- case by case
def kinds(sighting: Sighting | None) -> list[EventKind]:
    return [event.kind for event in sighting.events] if sighting else []


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (BillState.POSTED, EventKind.APPROVED),
        (BillState.SELECTED, EventKind.APPROVED),
        (BillState.PARTIALLY_PAID, EventKind.APPROVED),
        (BillState.PAID, EventKind.APPROVED),
        (BillState.REVERSED, EventKind.APPROVED),
        (BillState.REVERSAL, EventKind.APPROVED),
        (BillState.DECLINED, EventKind.DECLINED),
        (BillState.DRAFT, EventKind.RECALLED),
        (BillState.ANALYZING, EventKind.RECALLED),
        (BillState.PARTIALLY_APPROVED, EventKind.PARTIALLY_APPROVED),
    ],
)
def test_whatever_moves_a_bill_on_ends_its_cases(state: BillState, expected: EventKind) -> None:
    sighting = seen_again(a_document(), a_bill(state=state), MORNING)
    assert kinds(sighting) == [expected]
    assert sighting.ends("bill.submitted")


def test_every_state_but_those_without_a_meaning_says_what_became_of_a_waiting_bill() -> None:
    for state in BillState:
        sighting = seen_again(a_document(), a_bill(state=state), MORNING)
        assert bool(sighting.events) == (state not in (S, *WORDLESS)), state


@pytest.mark.parametrize("state", WORDLESS)
def test_a_state_without_a_meaning_changes_nothing(state: BillState) -> None:
    stored = a_document()
    sighting = seen_again(stored, a_bill(state=state, amount="1.00"), MORNING)
    assert (sighting.document, sighting.events, sighting.changed) == (stored, (), False)


@pytest.mark.parametrize("state", [state for state in BillState if not state.waiting])
def test_a_bill_that_waits_for_nobody_is_not_remembered(state: BillState) -> None:
    assert seen_first(COMPANY, a_bill(state=state), MORNING) is None


def test_a_bill_first_seen_with_a_level_approved_is_in_its_first_round() -> None:
    sighting = seen_first(COMPANY, a_bill(state=P), MORNING)
    assert kinds(sighting) == [EventKind.PARTIALLY_APPROVED]
    assert sighting
    assert (sighting.document.round, sighting.document.level) == (1, 1)


def test_a_state_that_changed_together_with_the_amount_is_one_event() -> None:
    sighting = seen_again(a_document(), a_bill(state=P, amount="99.00"), MORNING)
    assert kinds(sighting) == [EventKind.PARTIALLY_APPROVED]
    assert sighting.document.amount == usd("99.00")


@pytest.mark.parametrize(
    "other",
    [
        a_bill(amount="12500.01"),
        a_bill(vendor_id="V-200"),
        replace(a_bill(), amount=replace(usd("12500.00"), currency="EUR")),
    ],
    ids=["amount", "vendor", "currency"],
)
def test_another_amount_currency_or_vendor_is_a_change_that_ends_nothing(other: Bill) -> None:
    sighting = seen_again(a_document(), other, MORNING)
    assert kinds(sighting) == [EventKind.CHANGED]
    assert not sighting.ends("bill.submitted")
    assert sighting.ends("bill.changed")


def test_an_amount_written_with_other_zeros_is_no_change() -> None:
    assert not seen_again(a_document(), a_bill(amount="12500.0"), MORNING).changed


def test_a_new_due_date_is_remembered_without_an_event() -> None:
    sighting = seen_again(a_document(), replace(a_bill(), due=None), MORNING)
    assert (sighting.events, sighting.changed) == ((), True)


def test_a_deleted_bill_that_shows_up_waiting_again_is_a_new_round() -> None:
    deleted = gone(a_document())
    assert kinds(deleted) == [EventKind.DELETED]
    assert not deleted.document.waiting
    back = seen_again(written(deleted.document), a_bill(), MORNING)
    assert [(event.kind, event.round) for event in back.events] == [(EventKind.SUBMITTED, 2)]


def test_companies_and_bills_never_share_an_event() -> None:
    ids = {
        sighting.events[0].id
        for company in ("acme", "apex")
        for record_no in ("1", "2")
        if (sighting := seen_first(company, a_bill(record_no), MORNING))
    }
    assert len(ids) == 4


def test_a_change_or_a_reminder_leaves_the_people_told_before_with_something_to_do() -> None:
    adds = {
        EventKind.CHANGED,
        EventKind.OVERDUE,
        EventKind.REMINDER,
        EventKind.POSSIBLE_DUPLICATE,
    }
    assert set(EventKind) - ENDS_CASES == adds


@pytest.mark.parametrize(
    ("missing", "waiting", "doubtful"),
    [(5, 5, False), (6, 6, True), (6, 29, True), (6, 30, False), (7, 34, True), (7, 35, False)],
)
def test_more_than_five_and_more_than_a_fifth_gone_at_once_is_doubtful(
    missing: int, waiting: int, doubtful: bool
) -> None:
    names = [str(number) for number in range(waiting)]
    assert too_many_gone(names[:missing], names) is doubtful
