"""How many requests reading takes, and who they say they are from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ml_connector.bootstrap.container import Container
from ml_connector.store.alerts import DynamoAlertStore
from tests.support import samples
from tests.support.samples import change
from tests.support.store_backends import moto_tables

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ml_connector.store.connection import SharedConnection


@pytest.fixture
def connection() -> Iterator[SharedConnection]:
    with moto_tables() as connection:
        yield connection


def test_a_case_is_read_with_its_alerts_in_one_request(connection: SharedConnection) -> None:
    store = DynamoAlertStore(connection)
    alerts = tuple(samples.alert(f"a{number}", step=number) for number in (2, 1, 3))
    store.commit(change(cases=(samples.written(samples.case()),), alerts=alerts))
    asked: list[dict[str, Any]] = []

    def note(params: dict[str, Any], **_: object) -> None:
        asked.append(params)

    connection.client.meta.events.register("before-parameter-build.dynamodb", note)
    found = store.case_file("c1")
    assert found
    assert [alert.id for alert in found.alerts] == ["a1", "a2", "a3"]
    assert [params["ConsistentRead"] for params in asked] == [True]


def test_alerts_whose_case_is_gone_are_no_case(connection: SharedConnection) -> None:
    store = DynamoAlertStore(connection)
    store.commit(change(alerts=(samples.alert(),)))
    assert store.case_file("c1") is None
    assert [alert.id for alert in store.alerts_of("c1")] == ["a1"]


def test_what_else_may_stand_in_the_partition_of_a_case_is_neither(
    connection: SharedConnection,
) -> None:
    store = DynamoAlertStore(connection)
    store.commit(change(cases=(samples.written(samples.case()),), alerts=(samples.alert(),)))
    for key in ("a", "alert", "bundle#1", "case2", "z#1"):
        connection.client.put_item(
            TableName="AlertsTable", Item={"pk": {"S": "case#c1"}, "sk": {"S": key}}
        )
    found = store.case_file("c1")
    assert found
    assert [alert.id for alert in found.alerts] == ["a1"]


def test_requests_to_aws_say_that_they_are_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    said: list[str] = []

    def note(request: Any, **_: object) -> None:
        said.append(request.headers["User-Agent"].decode())
        raise ConnectionAbortedError

    client = Container({}).client("sqs")
    client.meta.events.register("before-send.sqs", note)
    with pytest.raises(ConnectionAbortedError):
        client.list_queues()
    assert said[0].startswith("ml-connector")
