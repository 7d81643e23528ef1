"""What only the DynamoDB adapter has: its one client, its indexes, its errors, its flows."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import botocore.client
import botocore.session
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from pynamodb.models import Model

from ml_connector.domain.approvers import Approver
from ml_connector.domain.standstill import Pause
from ml_connector.domain.unit_of_work import Counter
from ml_connector.errors import (
    ConfigurationError,
    StoreConflict,
    StoreError,
    StoreRefused,
    StoreUnavailable,
)
from ml_connector.store import models
from ml_connector.store.alerts import DynamoAlertStore
from ml_connector.store.approvers import DynamoApproverStore
from ml_connector.store.connection import SharedConnection, bind
from ml_connector.store.documents import DynamoDocumentStore
from ml_connector.store.flows import DynamoFlowStore
from ml_connector.store.tables import tables
from tests.support import samples
from tests.support.clock import START
from tests.support.samples import change
from tests.support.store_backends import moto_tables
from tests.support.tables import settings
from tests.support.world import DEFAULT_FLOW


@pytest.fixture
def connection() -> Iterator[SharedConnection]:
    with moto_tables() as connection:
        yield connection


def flow(name: str) -> dict[str, Any]:
    return {**DEFAULT_FLOW, "rules": [{**DEFAULT_FLOW["rules"][0], "name": name}]}


def indexes(connection: SharedConnection, table: str) -> list[str]:
    """The indexes PynamoDB believes a table to have."""
    known = connection.get_meta_table(table).data
    kinds = ("GlobalSecondaryIndexes", "LocalSecondaryIndexes")
    return [index["IndexName"] for kind in kinds for index in known.get(kind, [])]


# --------------------------------------------------------------------------- one client for all
def test_all_models_share_one_session_and_one_client(connection: SharedConnection) -> None:
    made: list[str] = []
    session_of = botocore.session.Session.__init__
    client_of = botocore.client.ClientCreator.create_client

    def count_session(self: Any, *args: Any, **kwargs: Any) -> None:
        made.append("session")
        session_of(self, *args, **kwargs)

    def count_client(self: Any, *args: Any, **kwargs: Any) -> Any:
        made.append("client")
        return client_of(self, *args, **kwargs)

    with (
        patch.object(botocore.session.Session, "__init__", count_session),
        patch.object(botocore.client.ClientCreator, "create_client", count_client),
    ):
        alerts, documents = DynamoAlertStore(connection), DynamoDocumentStore()
        alerts.commit(
            change(
                dispatches=(samples.dispatch(),),
                cases=(samples.written(samples.case()),),
                alerts=(samples.alert(),),
                documents=(samples.seen(samples.document()),),
                counters=(Counter("sms#ann#900#0", 1, START),),
            )
        )
        assert alerts.case_file("c1")
        assert alerts.sid_owner("SM1") is None
        assert alerts.look_due(START + timedelta(hours=1), 5) == ["d1"]
        assert len(documents.waiting("acme")) == 1
        assert documents.lease("acme", START, START)
        alerts.pause("acme", Pause(START, "a reason"))
        assert DynamoApproverStore().everybody() == []
        DynamoFlowStore().publish(flow("one"), now=START, by="ann", reason="first")
    assert made == ["client"]


def test_a_person_stored_before_people_had_versions_is_read_and_written_over(
    connection: SharedConnection,
) -> None:
    connection.client.put_item(
        TableName="ApproversTable",
        Item={
            "pk": {"S": "ann"},
            "name": {"S": "Ann Approver"},
            "salt": {"S": "s"},
            "active": {"BOOL": True},
            "opted_out": {"BOOL": False},
            "later": {"S": "of a newer version"},
        },
    )
    people = DynamoApproverStore()
    known = people.approver("ann")
    assert known == Approver("ann", "Ann Approver", "", "s")
    people.save(replace(known, phone="+15550100001", version=2))
    with pytest.raises(StoreConflict):
        people.save(replace(known, phone="+15550100002", version=2))
    with pytest.raises(StoreConflict):
        people.save(replace(known, id="nobody", version=2))
    item = connection.client.get_item(TableName="ApproversTable", Key={"pk": {"S": "ann"}})["Item"]
    assert (item["phone"], item["later"]) == (
        {"S": "+15550100001"},
        {"S": "of a newer version"},
    )


def test_every_model_is_bound(connection: SharedConnection) -> None:
    every = {
        item
        for item in vars(models).values()
        if isinstance(item, type) and issubclass(item, Model) and item.__module__ == models.__name__
    }
    bound = tables(settings())
    assert set(bound) == every
    for model in every:
        assert model._get_connection().connection is connection
        assert model.Meta.table_name == bound[model]


def test_a_region_that_nobody_set_is_not_invented_where_one_is_set() -> None:
    session = botocore.session.Session()
    session.set_config_variable("region", "eu-central-1")
    assert SharedConnection(session).region == "eu-central-1"


def test_the_model_with_the_index_has_to_come_first(connection: SharedConnection) -> None:
    in_order = tables(settings())
    assert indexes(connection, "AlertsTable") == ["due"]
    assert indexes(connection, "DocumentsTable") == ["open"]
    other = SharedConnection(botocore.session.Session())
    try:
        bind(other, dict(reversed(in_order.items())))
        assert indexes(other, "AlertsTable") == []
    finally:
        bind(connection, in_order)


def test_what_a_newer_version_added_to_an_item_survives_our_update(
    connection: SharedConnection,
) -> None:
    store = DynamoAlertStore(connection)
    store.commit(change(dispatches=(samples.dispatch(),)))
    key = {"pk": {"S": "dispatch#d1"}, "sk": {"S": "dispatch"}}
    connection.client.update_item(
        TableName="AlertsTable",
        Key=key,
        UpdateExpression="SET newer = :n",
        ExpressionAttributeValues={":n": {"S": "kept"}},
    )
    store.commit(change(dispatches=(samples.dispatch(version=2),)))
    item = connection.client.get_item(TableName="AlertsTable", Key=key)["Item"]
    assert item["newer"] == {"S": "kept"}
    assert item["version"] == {"N": "2"}


def test_only_counters_expire(connection: SharedConnection) -> None:
    store = DynamoAlertStore(connection)
    store.commit(
        change(
            dispatches=(samples.dispatch(),),
            cases=(samples.written(samples.case()),),
            alerts=(samples.alert(),),
            counters=(Counter("sms#ann#900#0", 1, START),),
        )
    )
    rows = connection.client.scan(TableName="AlertsTable")["Items"]
    expiring = {row["pk"]["S"]: row["expires_at"]["N"] for row in rows if "expires_at" in row}
    assert expiring == {"throttle#sms#ann#900#0": str(int(START.timestamp()))}


def test_a_dispatch_in_a_state_only_a_newer_version_knows_leaves_the_others_readable(
    connection: SharedConnection,
) -> None:
    store = DynamoAlertStore(connection)
    store.commit(change(dispatches=(samples.dispatch("d1"), samples.dispatch("d2"))))
    connection.client.update_item(
        TableName="AlertsTable",
        Key={"pk": {"S": "dispatch#d1"}, "sk": {"S": "dispatch"}},
        UpdateExpression="SET #s = :s",
        ExpressionAttributeNames={"#s": "state"},
        ExpressionAttributeValues={":s": {"S": "only a newer version knows"}},
    )
    assert [dispatch.id for dispatch in store.dispatches(["d1", "d2"])] == ["d2"]


# -------------------------------------------------------------------------------------- errors
def refusal(code: str, *reasons: str) -> ClientError:
    response: Any = {"Error": {"Code": code, "Message": "words of AWS with a +15550100123"}}
    if reasons:
        response["CancellationReasons"] = [{"Code": reason} for reason in reasons]
    return ClientError(response, "TransactWriteItems")


def failing(connection: SharedConnection, error: Exception) -> Any:
    return patch.object(connection.client, "_make_api_call", side_effect=error)


@pytest.mark.parametrize(
    ("reasons", "kind"),
    [
        (("ConditionalCheckFailed", "None"), StoreConflict),
        (("TransactionConflict", "None"), StoreUnavailable),
        (("ConditionalCheckFailed", "TransactionConflict"), StoreUnavailable),
        (("ThrottlingError", "None"), StoreUnavailable),
        (("ProvisionedThroughputExceeded", "None"), StoreUnavailable),
        (("ValidationError", "None"), StoreError),
        (("ItemCollectionSizeLimitExceeded", "None"), StoreError),
    ],
)
def test_the_reasons_of_a_cancelled_transaction_say_what_to_do(
    connection: SharedConnection, reasons: tuple[str, ...], kind: type[StoreError]
) -> None:
    store = DynamoAlertStore(connection)
    both = change(dispatches=(samples.dispatch("d1"), samples.dispatch("d2")))
    with (
        failing(connection, refusal("TransactionCanceledException", *reasons)),
        pytest.raises(StoreError) as refused,
    ):
        store.commit(both)
    assert type(refused.value) is kind
    if isinstance(refused.value, StoreConflict):
        assert refused.value.failed == ("dispatch:d1",)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (refusal("ThrottlingException"), StoreUnavailable),
        (refusal("InternalServerError"), StoreUnavailable),
        (refusal("TransactionInProgressException"), StoreUnavailable),
        (refusal("AccessDeniedException"), StoreRefused),
        (refusal("ValidationException"), StoreError),
        (EndpointConnectionError(endpoint_url="https://dynamodb"), StoreUnavailable),
    ],
)
def test_every_call_turns_what_aws_raises_into_an_error_of_ours(
    connection: SharedConnection, error: Exception, kind: type[StoreError]
) -> None:
    alerts, documents = DynamoAlertStore(connection), DynamoDocumentStore()
    calls: list[Callable[[], object]] = [
        lambda: alerts.dispatch("d1"),
        lambda: alerts.dispatches(["d1"]),
        lambda: alerts.case_file("c1"),
        lambda: alerts.sid_owner("SM1"),
        lambda: alerts.look_due(START, 1),
        lambda: alerts.standstill("acme", "sms"),
        lambda: alerts.pause("acme", Pause(START, "a reason")),
        lambda: alerts.replace_pause("acme", Pause(START), Pause(START)),
        lambda: alerts.commit(change(dispatches=(samples.dispatch(),))),
        lambda: documents.state("acme"),
        lambda: documents.lease("acme", START, START),
        lambda: documents.waiting("acme"),
        lambda: documents.documents("acme", ["bill#1"]),
        lambda: DynamoApproverStore().approver("ann"),
        lambda: DynamoFlowStore().current(),
    ]
    for call in calls:
        with failing(connection, error), pytest.raises(StoreError) as raised:
            call()
        assert type(raised.value) is kind
        assert "+1555" not in str(raised.value)


def test_a_refusal_by_policy_names_action_and_place_and_not_who_asked(
    connection: SharedConnection,
) -> None:
    place = "arn:aws:dynamodb:us-east-1:123456789012:table/ml-connector-dev-audit"
    words = (
        "User: arn:aws:sts::123456789012:assumed-role/ann/ann is not authorized to perform: "
        f"dynamodb:PutItem on resource: {place} because no identity-based policy allows it"
    )
    response: Any = {"Error": {"Code": "AccessDeniedException", "Message": words}}
    error = ClientError(response, "TransactWriteItems")
    store = DynamoAlertStore(connection)
    with failing(connection, error), pytest.raises(StoreRefused) as refused:
        store.commit(change(dispatches=(samples.dispatch(),)))
    said = "AWS does not allow dynamodb:PutItem on table/ml-connector-dev-audit"
    assert str(refused.value) == said
    assert (refused.value.action, refused.value.resource) == ("dynamodb:PutItem", place)


# --------------------------------------------------------------------------------------- flows
@pytest.fixture
def flows(connection: SharedConnection) -> DynamoFlowStore:
    assert connection
    return DynamoFlowStore()


def publish(store: DynamoFlowStore, name: str) -> int:
    return store.publish(flow(name), now=START, by="ann", reason="a test").version


def rule(store: DynamoFlowStore) -> str:
    current = store.current()
    assert current
    return current.rules[0].name


def test_before_the_first_publication_there_is_no_flow(flows: DynamoFlowStore) -> None:
    assert flows.current() is None


def test_the_newest_publication_is_in_force(flows: DynamoFlowStore) -> None:
    assert publish(flows, "one") == 1
    assert rule(flows) == "one"
    assert publish(flows, "two") == 2
    assert rule(flows) == "two"
    assert rule(DynamoFlowStore()) == "two"


def test_a_flow_no_function_could_read_is_not_published(flows: DynamoFlowStore) -> None:
    with pytest.raises(ConfigurationError):
        flows.publish({"schema": 99}, now=START, by="ann", reason="")
    assert flows.current() is None


def test_a_flow_that_cannot_be_read_leaves_the_last_good_one_in_force(
    flows: DynamoFlowStore, connection: SharedConnection
) -> None:
    publish(flows, "one")
    publish(flows, "two")
    assert rule(flows) == "two"
    connection.client.update_item(
        TableName="FlowsTable",
        Key={"pk": {"S": "flow"}, "sk": {"S": "version#00000002"}},
        UpdateExpression="SET body = :b",
        ExpressionAttributeValues={":b": {"S": json.dumps({"schema": 99})}},
    )
    assert rule(flows) == "two", "a running function keeps what it has"
    assert rule(DynamoFlowStore()) == "one", "a fresh one goes back to the last good one"


def test_a_publication_is_one_write_so_that_none_breaks_off_half_way(
    flows: DynamoFlowStore, connection: SharedConnection
) -> None:
    publish(flows, "one")
    real = connection.client._make_api_call
    writes: list[str] = []

    def dies_after_the_first_write(operation: str, arguments: Any) -> Any:
        if operation in ("PutItem", "TransactWriteItems"):
            writes.append(operation)
            if len(writes) > 1:
                raise EndpointConnectionError(endpoint_url="https://dynamodb")
        return real(operation, arguments)

    with patch.object(connection.client, "_make_api_call", dies_after_the_first_write):
        publish(flows, "two")
    assert len(writes) == 1
    assert publish(flows, "three") == 3
    assert rule(DynamoFlowStore()) == "three"


def test_of_two_publications_at_once_one_is_refused(
    flows: DynamoFlowStore, connection: SharedConnection
) -> None:
    publish(flows, "one")
    real = connection.client._make_api_call
    others: list[int] = []

    def somebody_is_faster(operation: str, arguments: Any) -> Any:
        if operation in ("PutItem", "TransactWriteItems") and not others:
            others.append(0)
            others.append(publish(DynamoFlowStore(), "theirs"))
        return real(operation, arguments)

    with (
        patch.object(connection.client, "_make_api_call", somebody_is_faster),
        pytest.raises(StoreConflict, match="published a flow just now"),
    ):
        publish(flows, "ours")
    assert others == [0, 2]
    assert rule(DynamoFlowStore()) == "theirs"
    assert publish(flows, "ours") == 3
