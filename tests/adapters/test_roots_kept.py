"""The daily root over DynamoDB and S3, and the command that holds the trail against it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import boto3
import pytest
from botocore.config import Config

from ml_connector.aws.roots import S3RootShelf
from ml_connector.bootstrap.container import Container
from ml_connector.bootstrap.rooting import RootKeeper
from ml_connector.domain.audit import ChainHead
from ml_connector.domain.roots import Part, RootMark, part_key, read_part, root_key
from ml_connector.errors import StoreUnavailable
from ml_connector.store.heads import DynamoHeads
from ml_connector.usecases.rooting import RootPorts, keep_root
from tests.adapters.cli_audit import a_world, stored
from tests.adapters.cli_deployment import Stack, deployed
from tests.support.clock import START, HandClock
from tests.support.tables import RESOURCES
from tests.support.telemetry import RecordingTelemetry
from tests.support.world import World

BUCKET = "roots"


@pytest.fixture(scope="module")
def world() -> World:
    made = a_world()
    for bill in ("4711", "4712", "4713"):
        made.open(bill)
    made.run(minutes=4)
    return made


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch, world: World) -> Iterator[Stack]:
    with deployed(monkeypatch) as made:
        stored(made, world)
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket=BUCKET, ObjectLockEnabledForBucket=True)
        rule = {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}
        s3.put_object_lock_configuration(
            Bucket=BUCKET,
            ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": rule},
        )
        made.outputs["RootsBucketName"] = BUCKET
        yield made


def expected(world: World) -> dict[str, ChainHead]:
    return {name: chain[-1].head for name, chain in world.tables.chains.items()}


@pytest.mark.parametrize("limit", [1, 2, 5, 100])
def test_pages_of_heads_go_on_where_the_one_before_ended(
    stack: Stack, world: World, limit: int
) -> None:
    heads, cursor, found = DynamoHeads(), "", []
    stack.deployment.documents  # noqa: B018 - binds the models
    while True:
        page = heads.page(cursor, limit)
        assert len(page.heads) <= limit + 1  # the flow's comes with the last ones
        found += page.heads
        cursor = page.cursor
        if not cursor:
            break
    assert len(found) == len(dict(found))
    assert dict(found) == expected(world)


def test_the_mark_is_stored_after_the_one_of_before_and_nowhere_else(stack: Stack) -> None:
    stack.deployment.documents  # noqa: B018 - binds the models
    heads = DynamoHeads()
    assert heads.mark() is None
    first = RootMark(START.date(), 1, '[1,{"pk":{"S":"x"}}]', (Part(1, "a" * 64, 2, 5),))
    assert heads.move_mark(first)
    assert heads.mark() == first
    assert not heads.move_mark(first)
    assert not heads.move_mark(replace(first, version=3))
    last = replace(first, version=2, cursor="", done=True)
    assert heads.move_mark(last)
    assert heads.mark() == last


def test_a_root_is_kept_locked_and_verified_against(stack: Stack, world: World) -> None:
    stack.deployment.documents  # noqa: B018 - binds the models
    s3, clock = boto3.client("s3"), HandClock()
    ports = RootPorts(DynamoHeads(), S3RootShelf(s3, BUCKET), clock, RecordingTelemetry())
    assert keep_root(ports, clock.ahead(60))
    part = s3.get_object(Bucket=BUCKET, Key="roots/2026-11-23/part-00001.json")
    assert dict(read_part(part["Body"].read())[1]) == expected(world)
    assert part["ObjectLockMode"] == "GOVERNANCE"
    document = stack.json("audit", "verify")
    assert (document["ok"], document["roots"]["days"]) == (True, 1)


class Context:
    """What Lambda hands the handler."""

    aws_request_id = "request-1"

    @staticmethod
    def get_remaining_time_in_millis() -> int:
        return 50_000


def test_the_function_keeps_one_root_a_day(stack: Stack, world: World) -> None:
    bucket = {"ROOTS_BUCKET": BUCKET}
    container = Container({"STAGE": "dev", **RESOURCES, **bucket})
    container.clock = HandClock()
    keeper = RootKeeper(container)
    for _ in range(2):
        keeper.go_on(container.until(Context()))
    keys = [
        one["Key"] for one in boto3.client("s3").list_object_versions(Bucket=BUCKET)["Versions"]
    ]
    today = START.date()
    assert sorted(keys) == [part_key(today, 1), root_key(today)]
    assert stack.json("audit", "verify")["chains"] == len(world.tables.chains)


def test_a_function_without_a_bucket_keeps_none(stack: Stack) -> None:
    container = Container({"STAGE": "dev", **RESOURCES})
    RootKeeper(container).go_on(container.until(Context()))
    stack.deployment.documents  # noqa: B018 - binds the models
    assert DynamoHeads().mark() is None


def test_a_bucket_that_refuses_is_named_by_its_code() -> None:
    class Refusing:
        def put_object(self, **_: object) -> None:
            raise boto3.client("s3", region_name="us-east-1").exceptions.ClientError(
                {"Error": {"Code": "AccessDenied", "Message": "no"}}, "PutObject"
            )

    with pytest.raises(StoreUnavailable, match="AccessDenied"):
        S3RootShelf(Refusing(), BUCKET).put("roots/x", b"")


def test_a_bucket_that_cannot_be_reached_is_named_too(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    client = boto3.client(
        "s3",
        region_name="us-east-1",
        endpoint_url="http://127.0.0.1:9",
        config=Config(retries={"total_max_attempts": 1}),
    )
    with pytest.raises(StoreUnavailable, match="EndpointConnectionError"):
        S3RootShelf(client, BUCKET).put("roots/x", b"")
