"""A row of the approvers' table that somebody edited by hand keeps nobody else from being told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import boto3
import pytest

from ml_connector.domain.approvers import Approver
from ml_connector.domain.dispatches import DispatchState
from ml_connector.store.approvers import DynamoApproverStore
from ml_connector.store.models import CaseItem
from tests.support.stored_world import StoredWorld, number, stored_world
from tests.support.world import DEFAULT_FLOW

#: What a hand in the console makes of a row: no date, no hours, another kind, no JSON, nothing.
DAMAGES: Mapping[str, Mapping[str, Any] | None] = {
    "away_from": {"S": "12/24/2026"},
    "consent_on": {"S": "yes"},
    "verified_at": {"S": "last week"},
    "quiet_hours": {"S": "8pm to 8am"},
    "working_days": {"S": '["Monday"]'},
    "holidays": {"S": "[1]"},
    "channels": {"S": "sms"},
    "cost_centres": {"S": "300"},
    "active": {"S": "yes"},
    "head_seq": {"S": "one"},
    "name": None,
}
TABLE = "ApproversTable"

FLOW = {
    **DEFAULT_FLOW,
    "rules": [
        {
            "name": "large bills are Zoe's",
            "on": ["bill.submitted"],
            "when": {"amount": {"currency": "USD", "at_least": "50000"}},
            "approver": "zoe",
            "notify": [{"sms": {"to": "approver"}}],
        },
        *DEFAULT_FLOW["rules"],
    ],
}


@pytest.fixture
def world() -> Iterator[StoredWorld]:
    """Zoe approves large bills, Ann the others."""
    with stored_world(flow=FLOW) as world:
        for place, who in enumerate(("ann", "zoe"), start=1):
            world.people.put(Approver(who, f"{who.title()} Approver", number(place), salt="s"))
        world.flows.publish(FLOW, now=world.clock.now(), by="ann", reason="a test")
        world.baseline()
        yield world


def spoil(attribute: str) -> None:
    client = boto3.client("dynamodb")
    item = client.get_item(TableName=TABLE, Key={"pk": {"S": "zoe"}})["Item"]
    item.pop(attribute, None)
    damage = DAMAGES[attribute]
    if damage:
        item[attribute] = damage
    client.put_item(TableName=TABLE, Item=item)


def told(world: StoredWorld) -> list[str]:
    return [text.to for text in world.provider.log]


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize("attribute", DAMAGES)
def test_a_damaged_row_is_nobody_and_everybody_else_is_as_before(attribute: str) -> None:
    spoil(attribute)
    warned: list[str] = []
    people = DynamoApproverStore(warned.append)
    assert [person.id for person in people.everybody()] == ["ann"]
    assert people.approver("zoe") is None
    assert people.approver("ann") is not None
    assert people.everybody()
    assert warned == ["zoe"]


@pytest.mark.parametrize("attribute", ["away_from", "quiet_hours", "active"])
def test_others_are_told_and_heard_and_the_damaged_ones_bills_go_to_the_default(
    world: StoredWorld, attribute: str
) -> None:
    spoil(attribute)
    world.ledger.submit("4711")
    world.ledger.submit("4712", amount="90000.00")
    world.run(minutes=6)
    assert told(world) == [number(1)] * 2
    world.inbox.receive(number(1), "1")
    world.run(minutes=3)
    seen = {row.state for row in CaseItem.scan(CaseItem.sk == "case", consistent_read=True)}
    assert "acknowledged" in seen


def test_what_waits_for_somebody_whose_row_is_damaged_then_goes_to_the_next(
    world: StoredWorld,
) -> None:
    world.ledger.submit("4711", amount="90000.00")
    world.clock.forward(minutes=3)
    world.poll()
    spoil("quiet_hours")
    world.run(minutes=10)
    assert told(world) == [number(1)]
    assert {one.state for one in world.all_dispatches()} == {
        DispatchState.NOT_SENT,
        DispatchState.DELIVERED,
    }


def test_once_it_is_mended_they_are_told_again(world: StoredWorld) -> None:
    zoe = world.people.approver("zoe")
    assert zoe
    spoil("channels")
    assert world.people.approver("zoe") is None
    world.people.put(zoe)
    world.ledger.submit("4711", amount="90000.00")
    world.run_until(world.clock.now() + timedelta(minutes=5))
    assert told(world) == [number(2)]
