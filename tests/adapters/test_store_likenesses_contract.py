"""One contract for finding bills by what they may share: in memory, on two kinds of DynamoDB."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta

import boto3
import pytest
from moto import mock_aws

from ml_connector.domain.unit_of_work import Change, LikenessRecord
from ml_connector.store.alerts import DynamoAlertStore
from ml_connector.store.connection import SharedConnection
from ml_connector.store.documents import DynamoDocumentStore
from ml_connector.store.heads import DynamoHeads
from ml_connector.usecases.ports import AlertStore, DocumentStore
from sandbox.aws.local import LocalAws
from tests.support import samples
from tests.support.clock import START
from tests.support.memory_store import MemoryAlertStore, MemoryDocumentStore, Tables
from tests.support.tables import bind_models, connect, create_tables, empty_tables

LONG_AGO = START - timedelta(days=400)
STEP = timedelta(microseconds=1)


@pytest.fixture(scope="module", params=["memory", "moto", "local AWS"])
def connection(request: pytest.FixtureRequest) -> Iterator[SharedConnection | None]:
    if request.param == "memory":
        yield None
        return
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        if request.param == "moto":
            environment = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
            environment["AWS_DEFAULT_REGION"] = "us-east-1"
        else:
            environment = stack.enter_context(LocalAws()).environment()
        for name, value in environment.items():
            if name.startswith("AWS_"):
                patch.setenv(name, value)
        if request.param == "moto":
            stack.enter_context(mock_aws())
        client = boto3.client("dynamodb")
        stack.callback(client.close)
        create_tables(client)
        shared = connect(environment)
        stack.callback(shared.client.close)
        yield shared


Stores = tuple[AlertStore, DocumentStore]


@pytest.fixture
def stores(connection: SharedConnection | None) -> Stores:
    if connection is None:
        tables = Tables()
        return MemoryAlertStore(tables), MemoryDocumentStore(tables)
    bind_models(connection)
    empty_tables(connection.client)
    return DynamoAlertStore(connection), DynamoDocumentStore()


def note(stores: Stores, *records: LikenessRecord) -> None:
    stores[0].commit(Change(write_id=str(uuid.uuid4()), likenesses=records))


def noted(mark: str, bill: str, first_seen: datetime = START) -> LikenessRecord:
    return LikenessRecord("acme", mark, f"bill#{bill}", first_seen)


def test_bills_are_found_by_their_mark_alone_the_newest_first(stores: Stores) -> None:
    for place, bill in enumerate("312"):
        note(stores, noted("V-1|number|7", bill, START + timedelta(days=place)))
    note(
        stores, noted("V-1|number|77", "4"), noted("V-1|number|8", "5"), noted("V-10|number|7", "6")
    )
    alike = stores[1].alike
    assert alike("acme", "V-1|number|7", LONG_AGO, 20) == ["bill#2", "bill#1", "bill#3"]
    assert alike("acme", "V-1|number|7", LONG_AGO, 2) == ["bill#2", "bill#1"]
    assert alike("acme", "V-1|number|9", LONG_AGO, 20) == []
    assert alike("other", "V-1|number|7", LONG_AGO, 20) == []


def test_those_first_seen_before_then_are_left_out(stores: Stores) -> None:
    note(stores, noted("V-1|number|7", "1", START), noted("V-1|number|7", "2", START - STEP))
    assert stores[1].alike("acme", "V-1|number|7", START, 20) == ["bill#1"]
    assert stores[1].alike("acme", "V-1|number|7", START + STEP, 20) == []


def test_noted_again_it_is_there_once(stores: Stores) -> None:
    for _ in range(2):
        note(stores, noted("V-1|number|7", "1"))
    assert stores[1].alike("acme", "V-1|number|7", LONG_AGO, 20) == ["bill#1"]


def test_it_is_written_with_its_document_and_taken_for_no_document(stores: Stores) -> None:
    change = Change(
        write_id=str(uuid.uuid4()),
        documents=(samples.seen(samples.document()),),
        likenesses=(noted("V-100|number|4711", "4711"),),
    )
    stores[0].commit(change)
    assert [document.id for document in stores[1].waiting("acme")] == ["bill#4711"]
    assert stores[1].alike("acme", "V-100|number|4711", LONG_AGO, 20) == ["bill#4711"]
    if isinstance(stores[1], DynamoDocumentStore):
        assert [name for name, _ in DynamoHeads().page("", 10).heads] == ["doc#acme#bill#4711"]


def test_a_mark_longer_than_a_key_may_be_is_stored_and_found_too(stores: Stores) -> None:
    mark = "V-1|number|" + "\u5b57" * 2000
    note(stores, noted(mark, "1"))
    assert stores[1].alike("acme", mark, LONG_AGO, 20) == ["bill#1"]
