"""Bills are found by what they may share with another."""

from __future__ import annotations

from datetime import datetime, timedelta

from ml_connector.domain.unit_of_work import LikenessRecord
from ml_connector.store.documents import DynamoDocumentStore
from ml_connector.store.heads import DynamoHeads
from tests.support import samples
from tests.support.clock import START
from tests.support.samples import change
from tests.support.stores import Stores

LONG_AGO = START - timedelta(days=400)
STEP = timedelta(microseconds=1)


def note(stores: Stores, *records: LikenessRecord) -> None:
    stores.alerts.commit(change(likenesses=records))


def noted(mark: str, bill: str, first_seen: datetime = START) -> LikenessRecord:
    return LikenessRecord("acme", mark, f"bill#{bill}", first_seen)


def test_bills_are_found_by_their_mark_alone_the_newest_first(stores: Stores) -> None:
    for place, bill in enumerate("312"):
        note(stores, noted("V-1|number|7", bill, START + timedelta(days=place)))
    note(
        stores, noted("V-1|number|77", "4"), noted("V-1|number|8", "5"), noted("V-10|number|7", "6")
    )
    alike = stores.documents.alike
    assert alike("acme", "V-1|number|7", LONG_AGO, 20) == ["bill#2", "bill#1", "bill#3"]
    assert alike("acme", "V-1|number|7", LONG_AGO, 2) == ["bill#2", "bill#1"]
    assert alike("acme", "V-1|number|9", LONG_AGO, 20) == []
    assert alike("other", "V-1|number|7", LONG_AGO, 20) == []


def test_those_first_seen_before_then_are_left_out(stores: Stores) -> None:
    note(stores, noted("V-1|number|7", "1", START), noted("V-1|number|7", "2", START - STEP))
    assert stores.documents.alike("acme", "V-1|number|7", START, 20) == ["bill#1"]
    assert stores.documents.alike("acme", "V-1|number|7", START + STEP, 20) == []


def test_noted_again_it_is_there_once(stores: Stores) -> None:
    for _ in range(2):
        note(stores, noted("V-1|number|7", "1"))
    assert stores.documents.alike("acme", "V-1|number|7", LONG_AGO, 20) == ["bill#1"]


def test_it_is_written_with_its_document_and_taken_for_no_document(stores: Stores) -> None:
    both = change(
        documents=(samples.seen(samples.document()),),
        likenesses=(noted("V-100|number|4711", "4711"),),
    )
    stores.alerts.commit(both)
    assert [document.id for document in stores.documents.waiting("acme")] == ["bill#4711"]
    assert stores.documents.alike("acme", "V-100|number|4711", LONG_AGO, 20) == ["bill#4711"]
    if isinstance(stores.documents, DynamoDocumentStore):
        assert [name for name, _ in DynamoHeads().page("", 10).heads] == ["doc#acme#bill#4711"]


def test_a_mark_longer_than_a_key_may_be_is_stored_and_found_too(stores: Stores) -> None:
    mark = "V-1|number|" + "\u5b57" * 2000
    note(stores, noted(mark, "1"))
    assert stores.documents.alike("acme", mark, LONG_AGO, 20) == ["bill#1"]
