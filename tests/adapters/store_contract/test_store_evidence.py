"""What is held against Intacct: entries of documents' chains, and which cases there are."""

from __future__ import annotations

from dataclasses import replace

from tests.support import samples
from tests.support.samples import change
from tests.support.stores import Stores


def test_the_entries_of_a_documents_chain_are_read_in_their_order(stores: Stores) -> None:
    stores.alerts.commit(change(documents=(samples.seen(samples.document(), rule="first"),)))
    (stored,) = stores.documents.waiting("acme")
    stores.alerts.commit(change(documents=(samples.seen(stored, rule="second"),)))
    other = samples.document("bill#1")
    strange = samples.document(company="other")
    for document in (other, strange):
        stores.alerts.commit(change(documents=(samples.seen(document, rule="another"),)))
    entries = list(stores.evidence.entries("acme", "bill#4711", 1))
    assert entries == [{"rule": "first"}, {"rule": "second"}]
    assert list(stores.evidence.entries("acme", "bill#5", 1)) == []


def test_of_a_document_that_goes_on_in_another_chain_each_is_read_by_itself(stores: Stores) -> None:
    first = samples.document()
    stores.alerts.commit(change(documents=(samples.seen(first, rule="before"),)))
    (stored,) = stores.documents.waiting("acme")
    anew = replace(stored, generation=2)
    stores.alerts.commit(change(documents=(samples.seen(anew, rule="after"),)))
    assert list(stores.evidence.entries("acme", "bill#4711", 1)) == [{"rule": "before"}]
    assert list(stores.evidence.entries("acme", "bill#4711", 2)) == [{"rule": "after"}]


def test_a_payments_chain_is_read_like_a_bills(stores: Stores) -> None:
    paid = samples.seen_payment(samples.payment(), rule="told", cases=["c1"])
    stores.alerts.commit(change(documents=(paid,)))
    (entry,) = stores.evidence.entries("acme", "payment#12", 1)
    assert entry == {"rule": "told", "cases": ["c1"]}


def test_of_many_cases_those_stored_are_named(stores: Stores) -> None:
    names = [f"c{place:03d}" for place in range(130)]
    for start in range(0, len(names), 45):
        cases = (samples.written(samples.case(name)) for name in names[start : start + 45])
        stores.alerts.commit(change(cases=tuple(cases)))
    assert stores.evidence.stored_cases([*names, "unknown"]) == set(names)
    assert stores.evidence.stored_cases(["unknown"]) == set()
