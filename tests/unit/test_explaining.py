"""What explains a bill or a payment, and what does not."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from ml_connector.domain.bills import BillState
from ml_connector.domain.documents import AnyDocument, CompanyState
from ml_connector.domain.explaining import (
    DIGEST,
    NEVER_WAITED,
    NO_WORD,
    NOT_SUBMITTED,
    NOT_TOLD,
    NOT_WATCHED,
    NOT_YET,
    ON_ITS_WAY,
    SLACK,
    TOLD,
    WAITED_UNREAD,
    Explained,
    Known,
    Trail,
    explain_bill,
    explain_payment,
    trail_of,
)
from ml_connector.domain.fates import Fate
from ml_connector.domain.payments import PaymentPhase, PaymentState
from tests.support.bills import a_bill
from tests.support.clock import START
from tests.support.paying import a_payment
from tests.support.samples import document, payment

POLLED = START + timedelta(hours=6)
LONG_AGO = START
STATE = CompanyState(
    "acme",
    baseline_done=True,
    poll_succeeded_at=POLLED,
    payments_baseline_done=True,
    payments_swept_at=POLLED,
)
BILL, PAYMENT = "bill#4711", "payment#12"
HEARD = Fate(told=True)
UNHEARD = Fate(why="whoever it was for has no usable number")
FATES = {"c1": HEARD, "c2": UNHEARD, "c3": Fate(), "d1": HEARD}


def one(case: str = "", digest: str = "", **more: Any) -> Trail:
    """The trail of a document that was told of once."""
    cases, digests = (frozenset({name} if name else ()) for name in (case, digest))
    return Trail(1, cases, digests, cases | digests, **more)


TOLD_OF = one("c1")


def known(stored: AnyDocument | None = None, trail: Trail | None = None, **state: Any) -> Known:
    name = stored.id if stored else BILL
    changed = {field: state.get(field, getattr(STATE, field)) for field in STATE.__slots__}
    return Known(
        CompanyState(**changed),
        {name: stored} if stored else {},
        {name: trail} if trail else {},
        set(FATES),
        FATES,
    )


def bill(state: BillState = BillState.SUBMITTED, **changes: Any) -> Any:
    return a_bill("4711", state, **{"modified": LONG_AGO, **changes})


def of_bill(subject: Any, what: Known) -> Explained:
    return explain_bill(subject, BILL, what)


# ------------------------------------------------------------------------------------ trails
def seen(number: int, *events: tuple[str, str, str]) -> dict[str, Any]:
    """What an entry holds that was written when these events were seen: kind, case, excluded."""
    told = [{"kind": kind, "case": case, "excluded": why} for kind, case, why in events]
    return {"round": number, "events": told, "ended_cases": []}


def test_a_trail_names_cases_digests_and_why_nobody_was_told() -> None:
    entries = [
        seen(1, ("bill.submitted", "c1", ""), ("bill.approved", "", "no rule")),
        {**seen(1, ("bill.submitted", "", "no rule")), "digest": "d1"},
        {},
    ]
    both = frozenset({"c1", "d1"})
    assert trail_of(entries) == Trail(3, frozenset({"c1"}), frozenset({"d1"}), both, ("no rule",))


def test_what_was_told_of_an_earlier_round_says_nothing_of_the_newest() -> None:
    trail = trail_of(
        [
            seen(1, ("bill.submitted", "c1", "")),
            seen(1, ("bill.declined", "", "no rule for declined")),
            seen(2, ("bill.submitted", "", "no rule for submitted")),
            seen(2, ("bill.approved", "", "no rule for approved")),
        ]
    )
    assert (trail.cases, trail.current) == ({"c1"}, frozenset())
    found = of_bill(bill(BillState.POSTED), known(document(), trail))
    assert found.why == "nobody is told: no rule for submitted"


def test_what_asks_for_something_counts_before_what_is_only_told() -> None:
    entries = [
        seen(1, ("bill.submitted", "c2", "")),
        seen(1, ("bill.approved", "c1", "")),
    ]
    assert trail_of(entries).current == {"c2"}
    assert trail_of(entries[1:]).current == {"c1"}


def test_a_bill_in_the_place_of_another_goes_on_with_the_cases_of_that_one() -> None:
    entries = [
        {**seen(1), "continues_bill": "bill#9"},
        {**seen(1, ("bill.approved", "", "no rule")), "ended_cases": ["c1"]},
    ]
    assert trail_of(entries).current == {"c1"}
    assert trail_of([{**entries[0], "continues_bill": ""}, entries[1]]).current == set()


# ------------------------------------------------------------------------------------- bills
@pytest.mark.parametrize(
    ("trail", "why"),
    [
        (TOLD_OF, TOLD),
        (one("c1", excluded=("no rule",)), TOLD),
        (one(digest="d1", excluded=("found late",)), DIGEST),
        (one("c2"), f"{NOT_TOLD}: {UNHEARD.why}"),
        (one("c2", "d1"), DIGEST),
        (Trail(1, excluded=("baseline",)), "nobody is told: baseline"),
        (Trail(1), "seen; nothing happened"),
    ],
)
def test_a_bill_that_is_stored_is_explained_by_its_trail(trail: Trail, why: str) -> None:
    assert of_bill(bill(), known(document(), trail)) == Explained(bill(), why)


@pytest.mark.parametrize(
    ("state", "why"),
    [
        (BillState.DRAFT, NOT_SUBMITTED),
        (BillState.ANALYZING, NOT_SUBMITTED),
        (BillState.POSTED, NEVER_WAITED),
        (BillState.PAID, NEVER_WAITED),
    ],
)
def test_a_bill_that_never_waited_needs_no_entry(state: BillState, why: str) -> None:
    assert of_bill(bill(state), known()) == Explained(bill(state), why)


def test_a_case_of_which_nobody_was_told_is_unexplained_where_nothing_says_why() -> None:
    found = of_bill(bill(), known(document(), one("c3")))
    assert (found.unexplained, found.why) == (True, f"{NOT_TOLD}: {NO_WORD}")
    both = Trail(2, frozenset({"c1", "c3"}), current=frozenset({"c1", "c3"}))
    assert of_bill(bill(), known(document(), both)).unexplained


def test_a_reason_holds_only_as_long_as_it_can() -> None:
    fate = Fate(why="it is on its way", until=POLLED)
    what = known(document(), TOLD_OF)
    at = Known(what.state, what.documents, what.trails, what.cases, {"c1": fate})
    assert of_bill(bill(), at) == Explained(bill(), f"{NOT_TOLD}: it is on its way")
    late = Known(
        replace(STATE, poll_succeeded_at=POLLED + SLACK),
        what.documents,
        what.trails,
        what.cases,
        {"c1": fate},
    )
    assert of_bill(bill(), late) == Explained(
        bill(), f"{NOT_TOLD}: it is on its way, and nothing since", True
    )


HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("made", "modified", "why"),
    [
        (-2 * HOUR, -HOUR, NEVER_WAITED),
        (-2 * HOUR, HOUR, WAITED_UNREAD),
        (HOUR, HOUR, WAITED_UNREAD),
        (HOUR, 5 * HOUR, WAITED_UNREAD),
        (3 * HOUR, 5 * HOUR, NEVER_WAITED),
        (None, HOUR, WAITED_UNREAD),
    ],
)
def test_an_approved_bill_nobody_saw_may_have_waited_while_nothing_was_read(
    made: timedelta | None, modified: timedelta, why: str
) -> None:
    created = None if made is None else LONG_AGO + made
    posted = bill(BillState.POSTED, modified=LONG_AGO + modified)
    subject = replace(posted, created=created)
    gaps = ((LONG_AGO, LONG_AGO + 2 * HOUR),)
    assert of_bill(subject, known(gaps=gaps)) == Explained(subject, why)
    draft = replace(subject, state=BillState.DRAFT)
    assert of_bill(draft, known(gaps=gaps)).why == NOT_SUBMITTED


def test_a_waiting_bill_nobody_saw_is_unexplained() -> None:
    found = of_bill(bill(), known())
    assert found.unexplained
    assert found.why == "it waits for approval, and was never seen"


def test_a_bill_that_waits_again_and_was_last_seen_posted_is_unexplained() -> None:
    stored = document(state=BillState.POSTED)
    found = of_bill(bill(), known(stored, TOLD_OF))
    assert (found.unexplained, found.why) == (
        True,
        "it waits for approval, and was last seen posted",
    )


@pytest.mark.parametrize("modified", [POLLED - SLACK, POLLED + timedelta(minutes=1)])
def test_what_changed_since_the_last_poll_is_not_missed_yet(modified: Any) -> None:
    assert of_bill(bill(modified=modified), known()).why == NOT_YET


def test_a_company_never_polled_has_missed_nothing_yet() -> None:
    assert of_bill(bill(), known(poll_succeeded_at=None)).why == NOT_YET


def test_a_case_that_is_gone_is_unexplained_whatever_else_the_trail_says() -> None:
    found = of_bill(bill(), known(document(), replace(TOLD_OF, cases=frozenset({"c1", "c9"}))))
    assert (found.unexplained, found.why) == (True, "its case c9 is not there any more")
    assert of_bill(bill(), known(document(), Trail(1, digests=frozenset({"d9"})))).unexplained


def test_a_document_that_is_gone_and_a_trail_that_is_gone_are_unexplained() -> None:
    lost = Known(STATE, {}, {BILL: TOLD_OF}, {"c1"}, FATES)
    assert "what was stored of it is gone" in of_bill(bill(BillState.POSTED), lost).why
    assert "the audit has no entry of it" in of_bill(bill(), known(document())).why


def test_a_document_that_was_lost_with_its_table_is_explained_once_its_trail_says_so() -> None:
    told = {"events": [{"id": "c1", "case": "c1"}]}
    closed = trail_of([told, {"because": "its table was restored", "lost": True}])
    lost = Known(STATE, {}, {BILL: closed}, {"c1"}, FATES)
    found = of_bill(bill(BillState.POSTED), lost)
    assert (found.unexplained, found.why.startswith("told")) == (False, True)
    assert of_bill(bill(), lost).unexplained
    assert of_bill(
        bill(BillState.POSTED), Known(STATE, {}, {BILL: closed}, set(), FATES)
    ).unexplained


def test_a_state_nobody_knows_is_unexplained() -> None:
    subject = replace(bill(BillState.UNKNOWN), state_text="Parked")
    assert of_bill(subject, known()) == Explained(
        subject, "its state is 'Parked', which nobody knows", True
    )


# ---------------------------------------------------------------------------------- payments
def of_payment(subject: Any, what: Known) -> Explained:
    return explain_payment(subject, PAYMENT, what)


def cleared(**changes: Any) -> Any:
    return a_payment(cleared_on=date(2026, 11, 20), modified=LONG_AGO, **changes)


def test_a_payment_on_its_way_needs_no_entry() -> None:
    assert of_payment(a_payment(modified=LONG_AGO), known()).why == ON_ITS_WAY


def test_a_payment_that_cleared_is_explained_by_its_trail() -> None:
    stored = payment(phase=PaymentPhase.CLEARED)
    assert of_payment(cleared(), known(stored, TOLD_OF)).why == TOLD


def test_a_payment_that_cleared_and_that_nobody_saw_is_unexplained() -> None:
    found = of_payment(cleared(), known())
    assert (found.unexplained, found.why) == (True, "it is cleared, and was never seen")


def test_a_payment_that_went_on_since_it_was_seen_is_unexplained() -> None:
    stored = payment(phase=PaymentPhase.CLEARED)
    voided = a_payment(state=PaymentState.VOIDED, modified=LONG_AGO)
    found = of_payment(voided, known(stored, TOLD_OF))
    assert (found.unexplained, found.why) == (True, "it is voided, and was last seen cleared")


def test_a_clearing_since_the_last_sweep_is_not_missed_yet() -> None:
    today = a_payment(cleared_on=POLLED.date(), modified=LONG_AGO)
    assert of_payment(today, known()).why == NOT_YET
    assert of_payment(cleared(), known(payments_swept_at=None)).why == NOT_YET


def test_payments_that_are_not_watched_yet_are_said_so() -> None:
    assert of_payment(cleared(), known(payments_baseline_done=False)).why == NOT_WATCHED


def test_a_payments_state_nobody_knows_is_unexplained() -> None:
    odd = a_payment(state=PaymentState.UNKNOWN, modified=LONG_AGO)
    assert of_payment(odd, known()).unexplained


def test_a_payments_case_that_is_gone_is_unexplained() -> None:
    stored = payment(phase=PaymentPhase.CLEARED)
    found = of_payment(cleared(), known(stored, Trail(1, frozenset({"c9"}))))
    assert found.unexplained


@pytest.mark.parametrize("events", [5, "x", ["x", None, 5], {"case": "c1"}])
def test_entries_in_no_shape_of_ours_name_no_case(events: object) -> None:
    assert trail_of([{"events": events, "ended_cases": events, "round": 1}]) == Trail(1)
