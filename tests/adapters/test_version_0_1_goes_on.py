"""What version 0.1 left under way, and what a newer version may leave: nothing lost, nothing twice.

`tests/fixtures/version-0.1` holds the items and messages of a run of that version, recorded by
`python -m tests.versions`. What is written today is gone on with in the same way, so that the story
stays one that can be recorded.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from ml_connector.domain.cases import CaseState
from ml_connector.domain.dispatches import DispatchState
from ml_connector.errors import MessageMalformed
from ml_connector.store.models import DispatchItem
from tests.support.stored_world import Kept, StoredWorld, keep, stored_world
from tests.versions.story import LATER, PEOPLE, TIMINGS, flow, phone, tell

RECORDED = Path(__file__).resolve().parents[1] / "fixtures" / "version-0.1"
#: Texts and calls for each in all, those before the upgrade too. Rae's first never arrived.
DUE = {**dict.fromkeys((*PEOPLE, LATER), 1), "ben": 2, "rae": 2}
_SETTLED = {
    DispatchState.DELIVERED,
    DispatchState.CONFIRMED,
    DispatchState.NOT_SENT,
    DispatchState.UNDELIVERED,
}
_NEW = "written_by_a_newer_version"


def recorded() -> Kept:
    files = {file.stem: json.loads(file.read_text("utf-8")) for file in RECORDED.glob("*.json")}
    outside = files.pop("outside")
    return {**outside, "tables": files}


def todays() -> Kept:
    with stored_world(flow=flow(), timings=TIMINGS) as world:
        tell(world)
        return keep(world)


def going_on(kept: Kept) -> Any:
    return stored_world(kept, flow(), TIMINGS)


def to_the_end(world: StoredWorld, minutes: float = 32) -> None:
    """Phones that were off are on, and time passes: quiet hours end, retries come."""
    world.provider.phone(phone("rae")).turn_on()
    world.run(minutes=minutes)


def assert_told(world: StoredWorld, due: dict[str, int] = DUE) -> None:
    assert {person: world.sendings(phone(person)) for person in due} == due
    unsettled = [d for d in world.all_dispatches() if d.state not in _SETTLED]
    assert [(d.recipient, d.state) for d in unsettled] == []
    assert world.broken_trails() == []
    assert world.telemetry.said("duplicate_found", "error") == []


def items(kept: Kept, table: str, sk: str) -> Iterator[dict[str, Any]]:
    return (item for item in kept["tables"][table] if item["sk"]["S"].startswith(sk))


# ------------------------------------------------------------------------------------- upgrade
@pytest.mark.parametrize("left", [recorded, todays], ids=["version 0.1", "this version"])
def test_what_was_under_way_goes_on_to_its_end(left: Callable[[], Kept]) -> None:
    with going_on(left()) as world:
        to_the_end(world)
        assert_told(world)


def test_every_stage_is_in_the_recording() -> None:
    kept = recorded()
    states = {item["state"]["S"] for item in items(kept, "AlertsTable", "dispatch")}
    assert states >= {"waiting", "sending", "unknown", "sent", "not_sent", "undelivered"}
    members = [json.loads(i["members"]["S"]) for i in items(kept, "AlertsTable", "dispatch")]
    assert max(map(len, members)) == 2
    assert any("agenda" in item for item in items(kept, "AlertsTable", "case"))
    assert kept["calls"]
    assert len(kept["queue"]) == 2


def test_messages_that_come_again_after_the_upgrade_send_nothing_twice() -> None:
    kept = recorded()
    ids = [item["id"]["S"] for item in items(kept, "AlertsTable", "dispatch")]
    kept["queue"] = [json.dumps({"v": 1, "dispatch": one}) for one in ids for _ in range(2)]
    with going_on(kept) as world:
        to_the_end(world)
        assert_told(world)


# ------------------------------------------------------------------------------------ rollback
def from_the_future(kept: Kept) -> Kept:
    """Attributes nobody here knows: in every item, in every message, in plans and flow."""
    newer = copy.deepcopy(kept)
    for rows in newer["tables"].values():
        for item in rows:
            item[_NEW] = {"S": "keep me"}
    newer["queue"] = [json.dumps({**json.loads(body), _NEW: 1}) for body in newer["queue"]]
    for case in items(newer, "AlertsTable", "case"):
        steps = json.loads(case["plan"]["S"])
        case["plan"] = {"S": json.dumps([{**step, _NEW: True} for step in steps])}
    return newer


def test_attributes_of_a_newer_version_change_nothing_and_are_kept() -> None:
    with going_on(from_the_future(recorded())) as world:
        to_the_end(world)
        assert_told(world)
        client = boto3.client("dynamodb")
        for table, sk in (
            ("AlertsTable", "dispatch"),
            ("AlertsTable", "case"),
            ("DocumentsTable", "bill#"),
            ("DocumentsTable", "state"),
        ):
            rows = [r for r in client.scan(TableName=table)["Items"] if r["sk"]["S"].startswith(sk)]
            known = {item["pk"]["S"] + item["sk"]["S"] for item in items(recorded(), table, sk)}
            lost = [r for r in rows if r["pk"]["S"] + r["sk"]["S"] in known and _NEW not in r]
            assert not lost, (table, sk)


def test_messages_of_a_newer_version_go_back_and_are_made_up_for() -> None:
    kept = recorded()
    kept["queue"] = [body.replace('"v": 1', '"v": 2') for body in kept["queue"]]
    with going_on(kept) as world:
        to_the_end(world)
        assert_told(world)
        refused = world.telemetry.said("message_failed", "error")
        assert {line.fields["code"] for line in refused} == {MessageMalformed.code}
        assert len(world.queue.dead) == len(kept["queue"])


def test_a_dispatch_in_a_state_of_a_newer_version_waits_for_that_version() -> None:
    kept = recorded()
    (row,) = (
        item for item in items(kept, "AlertsTable", "dispatch") if item["recipient"]["S"] == "wes"
    )
    row["state"] = {"S": "weighed"}
    with going_on(kept) as world:
        to_the_end(world)
        assert world.sendings(phone("wes")) == 0
        (others,) = [{p: n for p, n in DUE.items() if p != "wes"}]
        assert_told(world, others)
        assert world.telemetry.said("dispatch_unreadable", "error")
        item = DispatchItem.get(row["pk"]["S"], "dispatch")
        assert item.state == "weighed"
        item.update(actions=[DispatchItem.state.set("waiting")])
        to_the_end(world)
        assert_told(world)


def test_a_case_in_a_state_of_a_newer_version_waits_for_that_version() -> None:
    kept = recorded()
    wes = next(i for i in items(kept, "AlertsTable", "dispatch") if i["recipient"]["S"] == "wes")
    pk = f"case#{json.loads(wes['members']['S'])[0][0]}"
    (row,) = (i for i in items(kept, "AlertsTable", "case") if i["pk"]["S"] == pk)
    row["state"] = {"S": "weighed"}
    with going_on(kept) as world:
        to_the_end(world)
        assert world.sendings(phone("wes")) == 0
        assert {p: world.sendings(phone(p)) for p in DUE if p != "wes"} == {
            p: n for p, n in DUE.items() if p != "wes"
        }
        put_back(row, "state", CaseState.OPEN.value)
        to_the_end(world)
        assert_told(world)


def test_a_bill_in_a_state_of_a_newer_version_stops_polls_plainly_and_loses_nothing() -> None:
    kept = recorded()
    row = next(items(kept, "DocumentsTable", "bill#"))
    row["state"] = {"S": "weighed"}
    with going_on(kept) as world:
        world.clock.forward(minutes=5)
        world.ledger.submit("B-99", "2500.00")
        to_the_end(world)
        (line, *_) = world.telemetry.said("poll_failed", "error")
        assert line.fields["code"] == "store"
        assert "newer version" in line.fields["reason"]
        assert_told(world)
        put_back(row, "state", "submitted")
        world.run(minutes=10)
        assert_told(world, {**DUE, "wes": 2})


def put_back(row: dict[str, Any], name: str, value: str) -> None:
    """The newer version, or whoever knows what it meant, puts it right."""
    table = "DocumentsTable" if row["pk"]["S"].startswith("company#") else "AlertsTable"
    boto3.client("dynamodb").update_item(
        TableName=table,
        Key={"pk": row["pk"], "sk": row["sk"]},
        UpdateExpression="SET #n = :v",
        ExpressionAttributeNames={"#n": name},
        ExpressionAttributeValues={":v": {"S": value}},
    )


# -------------------------------------------------------------------------------- a wrong clock
@pytest.mark.parametrize("minutes", [-10, 10])
def test_a_clock_that_is_wrong_by_minutes_sends_nothing_twice(minutes: int) -> None:
    with stored_world(flow=flow(), timings=TIMINGS) as world:
        world.skew(minutes=minutes)
        tell(world)
        to_the_end(world, minutes=45)
        assert_told(world)
        (line, *_) = world.telemetry.said("clock_wrong", "error")
        assert line.fields["seconds"] == minutes * 60
