"""`ml-connector restore` against DynamoDB: the alerts table emptied, rolled back, damaged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

from cli.flow.published import Shelf
from cli.restore.points import EarlierTable
from cli.restore.running import Restore
from ml_connector.domain.audit import ChainHead, entry_after
from ml_connector.domain.dispatches import DispatchState
from ml_connector.domain.unit_of_work import Change, PersonWrite
from ml_connector.store.audit_items import audit_item
from ml_connector.store.case_items import case_keys
from ml_connector.store.dispatch_items import dispatch_keys
from ml_connector.store.models import ApproverItem, CaseItem, DispatchItem, FlowItem, PauseItem
from tests.adapters.cli_audit import stored, two_bills
from tests.adapters.cli_deployment import Stack, deployed
from tests.support.tables import table_definitions
from tests.support.world import World

LIVE, BEFORE = "AlertsTable", "before"
AN_HOUR_AGO = "2026-11-22T10:00Z"


@pytest.fixture
def world() -> World:
    return two_bills()


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch, world: World) -> Iterator[Stack]:
    def at_once(_: Restore, __: datetime) -> None:
        return None

    with deployed(monkeypatch) as made:
        stored(made, world)
        made.outputs["PollFunctionName"] = "poll"
        monkeypatch.setattr(Restore, "wait_until", at_once)
        monkeypatch.setattr(Restore, "poll", lambda _: [])
        yield made


def client() -> Any:
    return boto3.client("dynamodb")


def items(table: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client().scan(TableName=table)["Items"]
    return found


def set_aside(name: str = BEFORE, table: str = LIVE) -> None:
    """A table with what is in another now, as point-in-time recovery leaves it."""
    client().create_table(**{**table_definitions()[table], "TableName": name})
    for item in items(table):
        client().put_item(TableName=name, Item=item)


def emptied(table: str = LIVE) -> None:
    keys = [key["AttributeName"] for key in table_definitions()[table]["KeySchema"]]
    for item in items(table):
        client().delete_item(TableName=table, Key={key: item[key] for key in keys})


def of_the_store(table: str = LIVE) -> list[dict[str, Any]]:
    """Its items without the mark a restore leaves."""
    rows = (item for item in items(table) if item["pk"]["S"] != "restore")
    return sorted(rows, key=lambda item: (item["pk"]["S"], item["sk"]["S"]))


def restored(stack: Stack, *words: str) -> dict[str, Any]:
    return stack.json("restore", *words, "--yes")


def verified(stack: Stack) -> bool:
    return bool(stack.json("audit", "verify")["ok"])


def dispatch_about(world: World, bill: str) -> str:
    (case,) = (c.id for c in world.tables.cases.values() if c.document == f"bill#{bill}")
    return next(d.id for d in world.tables.dispatches.values() if d.members[0].case_id == case)


def before_it_was_sent(world: World, bill: str) -> None:
    """The items of a case as they were right after it was opened."""
    name = dispatch_about(world, bill)
    dispatch = DispatchItem.get(*dispatch_keys(name))
    case = world.tables.dispatches[name].members[0].case_id
    first = world.tables.chains[f"case#{case}"][0]
    dispatch.update(
        actions=[
            DispatchItem.state.set("waiting"),
            DispatchItem.version.set(1),
            DispatchItem.sid.remove(),
            DispatchItem.claimed_at.remove(),
            DispatchItem.to.remove(),
        ]
    )
    row = CaseItem.get(*case_keys(case))
    row.update(
        actions=[
            CaseItem.head_seq.set(first.seq),
            CaseItem.head_digest.set(first.digest),
            CaseItem.state.set("open"),
        ]
    )
    sid = world.tables.dispatches[name].sid
    client().delete_item(TableName=LIVE, Key={"pk": {"S": f"sid#{sid}"}, "sk": {"S": "sid"}})


# ----------------------------------------------------------------------------- putting back
def test_what_was_lost_comes_back_as_it_was(stack: Stack) -> None:
    before = of_the_store()
    set_aside()
    emptied()
    found = restored(stack, "--at", AN_HOUR_AGO, "--from", BEFORE)
    assert found["copied"]["alerts"]["missing"] == len(before)
    assert of_the_store() == before
    assert verified(stack)


def test_run_again_it_changes_nothing(stack: Stack) -> None:
    set_aside()
    emptied()
    restored(stack, "--at", AN_HOUR_AGO, "--from", BEFORE)
    before = of_the_store()
    again = restored(stack, "--at", AN_HOUR_AGO, "--from", BEFORE)
    assert again["copied"]["alerts"]["missing"] == 0
    assert of_the_store() == before


def test_what_is_whole_and_newer_stays_and_what_is_damaged_goes(stack: Stack, world: World) -> None:
    set_aside()
    whole, broken = (dispatch_about(world, bill) for bill in ("4711", "4712"))
    DispatchItem.get(*dispatch_keys(whole)).update(actions=[DispatchItem.rings.set(7)])
    key = {"pk": {"S": f"dispatch#{broken}"}, "sk": {"S": "dispatch"}}
    client().update_item(TableName=LIVE, Key=key, UpdateExpression="REMOVE due_at")
    found = restored(stack, "--at", AN_HOUR_AGO, "--from", BEFORE)
    assert found["copied"]["alerts"]["damaged"] == 1
    assert stack.deployment.alerts.dispatch(broken) is not None
    assert int(DispatchItem.get(*dispatch_keys(whole)).rings) == 7
    restored(stack, "--at", AN_HOUR_AGO, "--from", BEFORE, "--overwrite")
    assert int(DispatchItem.get(*dispatch_keys(whole)).rings) == 0


def test_dynamodb_is_asked_for_the_table_as_it_was_and_it_is_removed_afterwards(
    stack: Stack,
) -> None:
    at = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=5)
    earlier = EarlierTable(client(), LIVE, at)
    enabled = {"PointInTimeRecoveryEnabled": True}
    client().update_continuous_backups(TableName=LIVE, PointInTimeRecoverySpecification=enabled)
    # An earlier run of the command had come so far.
    earlier.begin()
    earlier.wait(lambda _: None)
    before = of_the_store()
    emptied()
    restored(stack, "--at", at.isoformat())
    assert of_the_store() == before
    assert earlier.name not in client().list_tables()["TableNames"]


# -------------------------------------------------------------------------- up to the chains
def test_a_case_older_than_its_chain_is_brought_up_and_its_claim_never_forgotten(
    stack: Stack, world: World
) -> None:
    before_it_was_sent(world, "4712")
    assert stack.json("audit", "verify", status=1)["broken"][0]["what"] == "beyond_head"
    found = restored(stack)
    assert found["mended"]["cases"] == 1
    name = dispatch_about(world, "4712")
    known = world.tables.dispatches[name]
    dispatch = stack.deployment.alerts.dispatch(name)
    assert dispatch is not None
    assert dispatch.state is not DispatchState.WAITING
    assert dispatch.sid == known.sid
    assert stack.deployment.alerts.sid_owner(known.sid) == name
    assert verified(stack)


def test_cases_of_which_nothing_is_left_but_their_chain_are_rebuilt(
    stack: Stack, world: World
) -> None:
    emptied()
    found = restored(stack)
    assert found["mended"]["rebuilt"] == 2
    name = dispatch_about(world, "4712")
    dispatch = stack.deployment.alerts.dispatch(name)
    assert dispatch is not None
    assert dispatch.sid == world.tables.dispatches[name].sid
    case = stack.deployment.alerts.case_file(dispatch.members[0].case_id)
    assert case is not None
    assert case.case.plan == world.tables.cases[case.case.id].plan
    assert verified(stack)


def test_a_stop_that_was_heard_since_still_counts(stack: Stack, world: World) -> None:
    person = stack.deployment.approvers.approver("bob")
    assert person is not None
    before = ApproverItem.get("bob").attribute_values
    out = replace(person, opted_out=True, opted_out_by="reply", version=person.version + 1)
    now = world.clock.now()
    entry = entry_after(person.head, person.chain, now, "person.opted_out", {"source": "reply"})
    stack.deployment.alerts.commit(Change("w", people=(PersonWrite(out, entry),)))
    ApproverItem(**before).save()
    assert restored(stack)["mended"]["people"] == 1
    again = stack.deployment.approvers.approver("bob")
    assert again is not None
    assert (again.opted_out, again.opted_out_by) == (True, "reply")
    assert verified(stack)


def test_somebody_who_was_erased_is_erased_again(stack: Stack, world: World) -> None:
    person = stack.deployment.approvers.approver("bob")
    assert person is not None
    gone = entry_after(ChainHead(), person.chain, world.clock.now(), "person.forgotten", {})
    audit_item(gone).save()
    set_aside()
    found = restored(stack, "--at", AN_HOUR_AGO, "--from", BEFORE)
    assert found["forget_again"] == ["bob"]
    gone_again = stack.deployment.approvers.approver("bob")
    assert gone_again is not None
    assert (gone_again.forgotten_at, gone_again.phone, gone_again.name) == (gone.at, "", "")
    assert verified(stack)


def test_the_pointer_of_the_flow_follows_its_chain(stack: Stack) -> None:
    shelf = Shelf("op")
    body = shelf.version(1).body()
    first = FlowItem.get("flow", "pointer").attribute_values
    shelf.publish(body, seen=shelf.in_force(), now=datetime.now(UTC), reason="more")
    FlowItem(**first).save()
    assert restored(stack)["flow_version"] == 2
    assert shelf.in_force().version == 2
    assert verified(stack)
    shelf.publish(body, seen=shelf.in_force(), now=datetime.now(UTC), reason="and on")


# ------------------------------------------------------------------------------- standing still
def test_nothing_stands_still_afterwards_and_the_audit_makes_wary(stack: Stack) -> None:
    set_aside("earlier", "AuditTable")
    restored(stack, "--at", AN_HOUR_AGO, "--table", "audit", "--from", "earlier")
    mark = PauseItem.get("restore", "pause")
    assert mark.since == "2026-11-22T10:00:00.000000Z"
    now = datetime.now(UTC)
    standstill = stack.deployment.alerts.standstill("acme")
    assert not standstill.restoring_at(now)
    assert standstill.wary_since(now) == datetime(2026, 11, 22, 10, tzinfo=UTC)
    restored(stack)
    assert stack.deployment.alerts.standstill("acme").wary_since(now) is not None


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--at", "yesterday"), "no moment"),
        (("--at", "2026-11-22T10:00"), "add a Z"),
        (("--at", "2999-01-01T00:00Z"), "not over yet"),
        (("--table", "sessions"), "the next poll logs in again"),
        (("--table", "alerts"), "need --at"),
        (("--at", AN_HOUR_AGO, "--table", "cheese"), "--table cheese?"),
        (("--at", AN_HOUR_AGO, "--table", "all", "--from", "x"), "names one table"),
    ],
)
def test_what_cannot_be_meant_is_refused(stack: Stack, words: tuple[str, ...], said: str) -> None:
    result = stack.run("restore", *words)
    assert result.exit_code == 2
    assert said in result.stderr


def test_without_an_answer_nothing_is_changed(stack: Stack) -> None:
    emptied()
    result = stack.run("restore", answers="n\n")
    assert result.exit_code == 1
    assert items(LIVE) == []
