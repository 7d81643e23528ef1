from __future__ import annotations

from dataclasses import fields, replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from ml_connector.domain.audit import ChainHead
from ml_connector.domain.bills import Bill, BillState
from ml_connector.domain.documents import (
    CompanyState,
    Document,
    as_deleted,
    as_shown,
    bill_document_id,
    first_seen,
)
from ml_connector.domain.money import Money
from tests.support.bills import COMPANY, MORNING, a_bill, a_document

LATER = MORNING + timedelta(hours=2)
WAITING = [state for state in BillState if state.waiting]
NOT_WAITING = [state for state in BillState if not state.waiting]


def test_a_bill_seen_for_the_first_time_is_remembered_with_an_empty_chain() -> None:
    document = first_seen(COMPANY, a_bill(), MORNING)
    assert (document.company, document.id, document.record_no) == ("acme", "bill#4711", "4711")
    assert (document.number, document.vendor_name) == ("INV-4711", "Baker Steel")
    assert (document.round, document.level, document.open_cases) == (1, 0, ())
    assert (document.first_seen, document.open_since) == (MORNING, MORNING)
    assert document.head == ChainHead()
    assert not document.deleted


def test_a_time_stamp_in_an_unknown_zone_is_not_remembered() -> None:
    elsewhere = replace(a_bill(modified=LATER), zone_known=False)
    assert first_seen(COMPANY, elsewhere, MORNING).modified is None
    assert as_shown(a_document(), elsewhere, LATER).modified is None


def test_everything_a_bill_shows_is_taken_over_and_nothing_else() -> None:
    stored = replace(a_document(), round=3, level=1, open_cases=("c1",))
    other = Bill(
        record_no="4711",
        number="INV-9",
        vendor_id="V-900",
        vendor_name="Cedar Timber",
        amount=Money(Decimal(7), "EUR"),
        state=BillState.PARTIALLY_APPROVED,
        state_text="Partially Approved",
        due=date(2027, 1, 1),
        modified=LATER,
    )
    shown = as_shown(stored, other, LATER)
    taken = {
        entry.name
        for entry in fields(Document)
        if getattr(shown, entry.name) != getattr(stored, entry.name)
    }
    assert taken == {"number", "vendor_id", "vendor_name", "amount", "state", "due", "modified"}
    for name in taken:
        assert getattr(shown, name) == getattr(other, name)


def test_the_first_link_is_kept() -> None:
    stored = a_document(replace(a_bill(), url="https://www.intacct.com/1"))
    assert stored.url == "https://www.intacct.com/1"
    again = replace(a_bill(), url="https://www.intacct.com/2")
    assert as_shown(stored, again, LATER).url == "https://www.intacct.com/1"
    assert as_shown(a_document(), again, LATER).url == "https://www.intacct.com/2"


@pytest.mark.parametrize("state", WAITING)
def test_a_bill_that_goes_on_waiting_is_open_since_it_began_to_wait(state: BillState) -> None:
    assert as_shown(a_document(), a_bill(state=state), LATER).open_since == MORNING


@pytest.mark.parametrize("state", NOT_WAITING)
def test_a_bill_that_no_longer_waits_leaves_the_open_ones(state: BillState) -> None:
    assert as_shown(a_document(), a_bill(state=state), LATER).open_since is None


def test_a_bill_that_waits_once_more_is_open_since_now() -> None:
    declined = as_shown(a_document(), a_bill(state=BillState.DECLINED), MORNING)
    assert as_shown(declined, a_bill(), LATER).open_since == LATER


def test_a_deleted_bill_keeps_its_last_state_and_waits_for_nobody() -> None:
    deleted = as_deleted(a_document())
    assert (deleted.state, deleted.deleted) == (BillState.SUBMITTED, True)
    assert (deleted.waiting, deleted.open_since) == (False, None)
    assert not as_shown(deleted, a_bill(), LATER).deleted


def test_documents_and_their_chains_have_names_of_their_own() -> None:
    assert bill_document_id("4711") == "bill#4711"
    assert a_document().chain == "doc#acme#bill#4711"


def test_a_company_never_polled_has_seen_nothing() -> None:
    state = CompanyState(COMPANY)
    assert (state.fence, state.watermark, state.baseline_done) == (0, None, False)
