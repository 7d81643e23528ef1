"""Bills and payments as they are remembered: whole, and in the lists they belong to."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from ml_connector.domain.audit import ChainHead
from ml_connector.domain.money import Money
from ml_connector.domain.payments import PaymentPhase
from ml_connector.errors import StoreConflict
from tests.support import samples
from tests.support.clock import START
from tests.support.samples import change
from tests.support.stores import Stores


def test_a_document_comes_back_as_it_was_written(stores: Stores) -> None:
    write = samples.seen(samples.document())
    one = change(documents=(write,))
    stores.alerts.commit(one)
    stored = samples.document(head=write.entry.head, write_id=one.write_id)
    assert stores.documents.documents("acme", ["bill#4711", "bill#1"]) == {"bill#4711": stored}
    assert stores.documents.waiting("acme") == [stored]
    assert stores.documents.documents("acme", []) == {}
    assert list(stores.audit.chain("doc#acme#bill#4711")) == [write.entry]


@pytest.mark.parametrize("amount", ["0", "-12.50", "0.1", "123456789012345678.12"])
def test_amounts_keep_every_digit(stores: Stores, amount: str) -> None:
    money = Money(Decimal(amount), "EUR")
    stores.alerts.commit(change(documents=(samples.seen(samples.document(amount=money)),)))
    (stored,) = stores.documents.waiting("acme")
    assert stored.amount.amount == Decimal(amount)
    assert stored.amount.currency == "EUR"


def test_a_bill_with_nothing_filled_in_is_stored_too(stores: Stores) -> None:
    bare = samples.document(
        number="", vendor_id="", vendor_name="", due=None, modified=None, open_cases=()
    )
    stores.alerts.commit(change(documents=(samples.seen(bare),)))
    (stored,) = stores.documents.waiting("acme")
    assert replace(stored, head=ChainHead(), write_id="") == bare


def test_only_documents_that_wait_are_waiting_the_oldest_first(stores: Stores) -> None:
    young = samples.document("bill#1", open_since=START + timedelta(days=1))
    old = samples.document("bill#2")
    closed = samples.document("bill#3", open_since=None)
    strange = samples.document("bill#4", company="other")
    for document in (young, old, closed, strange):
        stores.alerts.commit(change(documents=(samples.seen(document),)))
    assert [d.id for d in stores.documents.waiting("acme")] == ["bill#2", "bill#1"]
    assert [d.id for d in stores.documents.waiting("other")] == ["bill#4"]


def test_a_document_that_no_longer_waits_leaves_the_list(stores: Stores) -> None:
    stores.alerts.commit(change(documents=(samples.seen(samples.document()),)))
    (stored,) = stores.documents.waiting("acme")
    stores.alerts.commit(change(documents=(samples.seen(replace(stored, open_since=None)),)))
    assert stores.documents.waiting("acme") == []
    assert stores.documents.documents("acme", ["bill#4711"])["bill#4711"].head.seq == 2


def test_a_document_changed_by_somebody_else_is_refused(stores: Stores) -> None:
    stores.alerts.commit(change(documents=(samples.seen(samples.document()),)))
    (stored,) = stores.documents.waiting("acme")
    stores.alerts.commit(change(documents=(samples.seen(stored, one=1),)))
    with pytest.raises(StoreConflict) as refused:
        stores.alerts.commit(change(documents=(samples.seen(stored, other=1),)))
    assert refused.value.failed == ("audit:doc#acme#bill#4711", "document:bill#4711")


def test_a_vanished_bill_is_listed_from_when_it_vanished(stores: Stores) -> None:
    gone = samples.document(
        open_since=None,
        deleted=True,
        gone_at=START,
        module="9.PO",
        overdue_on=date(2026, 12, 1),
        reminded_on=date(2026, 12, 2),
    )
    stores.alerts.commit(change(documents=(samples.seen(gone),)))
    (stored,) = stores.documents.vanished("acme", START)
    assert replace(stored, head=ChainHead(), write_id="") == gone
    assert stores.documents.vanished("acme", START + timedelta(seconds=1)) == []
    stores.alerts.commit(change(documents=(samples.seen(replace(stored, gone_at=None)),)))
    assert stores.documents.vanished("acme", START) == []


# ---------------------------------------------------------------------------------------- payments
def test_a_payment_comes_back_as_it_was_written(stores: Stores) -> None:
    write = samples.seen_payment(samples.payment())
    one = change(documents=(write,))
    stores.alerts.commit(one)
    stored = samples.payment(head=write.entry.head, write_id=one.write_id)
    ids = ["payment#12", "payment#13"]
    assert stores.documents.payments("acme", ids) == {"payment#12": stored}
    assert stores.documents.payments("acme", []) == {}
    assert list(stores.audit.chain("doc#acme#payment#12")) == [write.entry]


def test_a_payment_changed_by_somebody_else_is_refused(stores: Stores) -> None:
    stores.alerts.commit(change(documents=(samples.seen_payment(samples.payment()),)))
    (stored,) = stores.documents.payments("acme", ["payment#12"]).values()
    stores.alerts.commit(change(documents=(samples.seen_payment(stored, one=1),)))
    with pytest.raises(StoreConflict) as refused:
        stores.alerts.commit(change(documents=(samples.seen_payment(stored, other=1),)))
    assert refused.value.failed == ("audit:doc#acme#payment#12", "document:payment#12")


def test_what_cleared_is_listed_by_its_day_and_never_among_what_waits(stores: Stores) -> None:
    day = date(2026, 11, 20)
    entries = [
        samples.payment("payment#1", cleared_on=day),
        samples.payment("payment#2", cleared_on=day - timedelta(days=1)),
        samples.payment("payment#3", cleared_on=day + timedelta(days=9)),
        samples.payment("payment#4", phase=PaymentPhase.VOIDED),
        samples.payment("payment#5", company="other"),
        samples.payment("payment#6", cleared_on=None),
    ]
    for entry in entries:
        stores.alerts.commit(change(documents=(samples.seen_payment(entry),)))
    gone = samples.document("bill#9", open_since=None, deleted=True, gone_at=START)
    for document in (samples.document(), gone):
        stores.alerts.commit(change(documents=(samples.seen(document),)))
    listed = [document.id for document in stores.documents.cleared("acme", day)]
    assert listed == ["payment#1", "payment#3"]
    assert [document.id for document in stores.documents.waiting("acme")] == ["bill#4711"]
    assert [document.id for document in stores.documents.vanished("acme", START)] == ["bill#9"]


def test_a_payment_no_longer_cleared_leaves_the_list(stores: Stores) -> None:
    stores.alerts.commit(change(documents=(samples.seen_payment(samples.payment()),)))
    (stored,) = stores.documents.cleared("acme", date(2026, 1, 1))
    open_again = replace(stored, phase=PaymentPhase.OPEN)
    stores.alerts.commit(change(documents=(samples.seen_payment(open_again),)))
    assert stores.documents.cleared("acme", date(2026, 1, 1)) == []
