"""What a payment is, and what happened to it between two looks."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_connector.domain.audit import ChainHead, entry_after
from ml_connector.domain.events import Event, EventKind
from ml_connector.domain.payment_events import payment_gone, payment_seen
from ml_connector.domain.payments import (
    Payment,
    PaymentDocument,
    PaymentPhase,
    PaymentState,
    is_cleared,
    is_matched,
)
from tests.support.bills import COMPANY, MORNING
from tests.support.paying import a_payment
from tests.support.properties import unhurried

MONDAY, TUESDAY = date(2026, 11, 23), date(2026, 11, 24)
V, C = PaymentState.VOIDED, PaymentState.CONFIRMED


@pytest.mark.parametrize(
    ("label", "state"),
    [
        ("Print Voided", PaymentState.PRINT_VOIDED),
        ("partially  approved", PaymentState.PARTIALLY_APPROVED),
        ("Quick Delivery", PaymentState.QUICK_DELIVERY),
        ("On the Moon", PaymentState.UNKNOWN),
        ("", PaymentState.UNKNOWN),
    ],
)
def test_a_label_is_read_whatever_its_capitals(label: str, state: PaymentState) -> None:
    assert PaymentState.of(label) is state


@pytest.mark.parametrize(
    ("flag", "day", "cleared"),
    [
        ("T", None, True),
        ("true", MONDAY, True),
        ("Cleared", MONDAY, True),
        ("C", MONDAY, True),
        ("reconciled", None, False),
        ("M", MONDAY, False),
        ("F", MONDAY, False),
        ("", MONDAY, False),
        (None, MONDAY, True),
        (None, None, False),
    ],
)
def test_cleared_needs_the_flag_or_a_label_with_a_date(
    flag: str | None, day: date | None, cleared: bool
) -> None:
    assert is_cleared(flag, day) is cleared


def test_matched_is_not_cleared() -> None:
    assert is_matched(" M ")
    assert not is_matched("T")


@pytest.mark.parametrize(
    ("payment", "phase"),
    [
        (a_payment(), PaymentPhase.OPEN),
        (a_payment(cleared_on=MONDAY), PaymentPhase.CLEARED),
        (a_payment(state=V), PaymentPhase.VOIDED),
        (a_payment(state=V, cleared_on=MONDAY), PaymentPhase.VOIDED),
        (a_payment(state=PaymentState.PRINT_VOIDED), PaymentPhase.VOIDED),
        (a_payment(state=PaymentState.DECLINED), PaymentPhase.DECLINED),
        (a_payment(state=PaymentState.UNKNOWN), None),
        (a_payment(state=PaymentState.UNKNOWN, cleared_on=MONDAY), PaymentPhase.CLEARED),
    ],
)
def test_what_a_payment_means(payment: Payment, phase: PaymentPhase | None) -> None:
    assert payment.phase is phase


# ------------------------------------------------------------------ the code, look by look
def written(document: PaymentDocument) -> PaymentDocument:
    entry = entry_after(document.head, document.chain, MORNING, "document.seen", {})
    return replace(document, head=ChainHead(entry.seq, entry.digest))


def life(looks: list[Payment | None]) -> list[Event]:
    """Every event of one payment, written down after each look; None is a row that is gone."""
    stored: PaymentDocument | None = None
    events: list[Event] = []
    for minute, shown in enumerate(looks):
        if shown is None:
            gone = stored and stored.phase is PaymentPhase.CLEARED
            sighting = payment_gone(stored) if stored and gone else None
        else:
            now = MORNING + timedelta(minutes=minute)
            sighting = payment_seen(COMPANY, stored, shown, now)
        if sighting and sighting.changed:
            events.extend(sighting.events)
            stored = written(sighting.document)
    return events


# ------------------------------------- what a perfect observer says about the same looks
def observer(looks: list[Payment | None]) -> list[str]:
    """The kinds of everything that shows between each look and the one before it."""
    meanings: list[str] = ["under way"]
    for shown in looks:
        if shown is None:
            # Of payments that have no row only the cleared ones are missed.
            meanings += ["under way"] if meanings[-1] == "cleared" else []
        elif shown.state_text in ("voided", "print_voided"):
            meanings.append("voided")
        elif shown.state_text == "declined":
            meanings.append("declined")
        elif shown.cleared_on:
            meanings.append("cleared")
        elif shown.state_text != "unknown":
            meanings.append("under way")
    told: list[str] = []
    for before, now in pairwise(meanings):
        if now not in (before, "under way"):
            told.append(f"payment.{now}")
        elif now == "under way" and before == "cleared":
            told.append("payment.uncleared")
    return told


LOOKS = st.lists(
    st.none()
    | st.builds(
        a_payment,
        state=st.sampled_from([C, C, C, C, V, *PaymentState]),
        cleared_on=st.sampled_from([None, MONDAY, TUESDAY]),
    ),
    max_size=14,
)


@unhurried
@given(LOOKS)
def test_events_are_exactly_those_a_perfect_observer_of_the_same_looks_would_name(
    looks: list[Payment | None],
) -> None:
    assert [event.kind.value for event in life(looks)] == observer(looks)


@unhurried
@given(LOOKS)
def test_every_event_of_a_payments_life_has_an_id_of_its_own(looks: list[Payment | None]) -> None:
    ids = [event.id for event in life(looks)]
    assert len(ids) == len(set(ids))


@unhurried
@given(LOOKS, st.data())
def test_looking_again_at_what_has_not_changed_gives_no_event(
    looks: list[Payment | None], data: st.DataObject
) -> None:
    often = [shown for shown in looks for _ in range(data.draw(st.integers(1, 3)))]
    assert life(often) == life(looks)


# ---------------------------------------------------------------------------- case by case
def test_a_payment_on_its_way_is_not_remembered() -> None:
    assert payment_seen(COMPANY, None, a_payment(), MORNING) is None


def test_the_day_it_cleared_tells_events_apart() -> None:
    (first,) = life([a_payment(cleared_on=MONDAY)])
    (second,) = life([a_payment(cleared_on=TUESDAY)])
    assert first.discriminator == "2026-11-23"
    assert first.id != second.id


def test_a_clearing_that_was_taken_back_names_the_day_it_was_of() -> None:
    events = life([a_payment(cleared_on=MONDAY), a_payment()])
    assert (events[1].kind, events[1].discriminator) == (
        EventKind.PAYMENT_UNCLEARED,
        "2026-11-23",
    )


def test_another_day_of_clearing_is_a_correction_and_no_event() -> None:
    assert len(life([a_payment(cleared_on=MONDAY), a_payment(cleared_on=TUESDAY)])) == 1


def test_every_event_of_a_payment_ends_what_was_told_before() -> None:
    sighting = payment_seen(COMPANY, None, a_payment(state=V), MORNING)
    assert sighting
    assert sighting.ends("payment.cleared")
