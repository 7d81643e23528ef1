"""`ml-connector approvers forget` against DynamoDB and the simulated Twilio."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.client import BaseClient

from cli.people_store import PeopleStore
from ml_connector.domain.approvers import Approver
from ml_connector.domain.audit import AuditEntry, check, entry_after
from ml_connector.domain.delivery import CallStatus
from ml_connector.domain.dispatches import Dispatch, DispatchState
from ml_connector.store.audit import DynamoAuditTrail
from ml_connector.store.audit_items import audit_item
from ml_connector.store.models import ApproverItem
from ml_connector.twilio.client import TwilioConnection
from ml_connector.twilio.endpoints import Endpoints
from ml_connector.twilio.http_client import ConnectorHttpClient
from ml_connector.twilio.messages import TwilioMessenger
from ml_connector.usecases.people import PROVIDER, opted_out
from sandbox.twilio.simulator import TwilioSimulator
from tests.adapters.cli_audit import stored
from tests.adapters.cli_deployment import Stack
from tests.adapters.cli_twilio import SECRET, connected
from tests.adapters.twilio_world import OURS, TIMEOUT, TOKEN, sms
from tests.support.tables import RESOURCES
from tests.support.world import COMPANIES, World, number

ZOE = "+15550100026"
BEFORE = "+15550100027"
ANN = "+15550100001"
#: What nobody may find anywhere once she is forgotten.
HERS = ("Zoe Leaver", "5550100026", "5550100027", "zoe.l", "form 12", "salt of zoe")
FLOW: dict[str, Any] = {
    "schema": 1,
    "companies": COMPANIES,
    "default_approver": "zoe",
    "ap_lead": "ann",
    "rules": [{"name": "all", "on": ["bill.submitted"], "notify": [{"sms": {"to": "approver"}}]}],
}
#: How many things one run changes, here and at Twilio.
CHANGES = 8
FORGET = ("approvers", "forget", "zoe", "--yes", "--reason", "left")


@pytest.fixture(scope="module")
def world() -> World:
    """Zoe was texted about two bills, once at an older number, and Ann that she opted out."""
    made = World(flow=FLOW)
    made.approver("zoe", BEFORE)
    made.open("4711")
    made.run(minutes=5)
    made.change_approver("zoe", phone=ZOE)
    made.open("4712")
    made.run(minutes=5)
    known = made.approvers.people["zoe"]
    made.approvers.put(
        replace(
            known,
            name="Zoe Leaver",
            user="zoe.l",
            consent_source="form 12",
            consent_on=date(2026, 1, 15),
        )
    )
    opted_out("zoe", PROVIDER, made.ports, made.clock.ahead(60), number=ZOE)
    made.run(minutes=5)
    made.clock.forward(days=2)
    made.run(minutes=2)
    states = [each.state for each in made.dispatches()]
    assert states == [DispatchState.DELIVERED] * 3
    assert "Zoe Leaver" in made.dispatches()[-1].text
    return made


@pytest.fixture
def sim(simulator: TwilioSimulator) -> TwilioSimulator:
    simulator.admin.reset(seed=1)
    return simulator


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch, sim: TwilioSimulator, world: World) -> Iterator[Stack]:
    """The world's past in its tables, its texts at the simulator, under their real SIDs."""
    with connected(monkeypatch, sim) as made:
        stored(made, replaced(world, sim))
        # Somebody else's account traffic, which nobody touches.
        sim.admin.forward(60)
        yield made


def replaced(world: World, sim: TwilioSimulator) -> World:
    """The same world, where each text was sent by the simulator."""
    with account(sim) as connection:
        messenger = TwilioMessenger(connection, OURS)
        for dispatch in world.dispatches():
            sent = messenger.send_sms(sms(to=dispatch.to, body=dispatch.text), TIMEOUT)
            world.tables.dispatches[dispatch.id] = replace(dispatch, sid=sent.sid)
        sim.admin.forward(60)
        sim.admin.phone(ZOE).reply("who is this?", to=SECRET["from"])
    return world


# ------------------------------------------------------------------------------ looking
def rows(table: str) -> list[dict[str, Any]]:
    return list(boto3.client("dynamodb").scan(TableName=table)["Items"])


def found_in_tables() -> dict[str, int]:
    """How often each thing of hers stands in any table."""
    text = "\n".join(json.dumps(rows(name)) for name in RESOURCES.values())
    return {what: text.count(what) for what in HERS if what in text}


def at_twilio(sim: TwilioSimulator) -> list[str]:
    """What Twilio shows of her: numbers, and texts that name her."""
    with account(sim) as connection:
        listed = connection.messages().list()
    return [
        f"{each.to} {each.body}"
        for each in listed
        if {each.to, each.from_} & {ZOE, BEFORE} or "Zoe" in (each.body or "")
    ]


@contextmanager
def account(sim: TwilioSimulator) -> Iterator[TwilioConnection]:
    connection = TwilioConnection(TOKEN, Endpoints(sim.url))
    try:
        yield connection
    finally:
        connection.close()


def chain() -> list[AuditEntry]:
    return list(DynamoAuditTrail().chain("person#zoe"))


def forgotten_whole(stack: Stack, sim: TwilioSimulator) -> None:
    assert found_in_tables() == {}
    assert at_twilio(sim) == []
    assert [entry.kind for entry in chain()].count("person.forgotten") == 1
    assert chain()[-1].kind == "person.forgotten"
    assert stack.json("audit", "verify")["ok"] is True


# ------------------------------------------------------------------------------- the story
def test_nothing_of_a_person_is_left_and_every_chain_is_whole(
    stack: Stack, sim: TwilioSimulator
) -> None:
    assert set(found_in_tables()) == set(HERS)
    assert len(at_twilio(sim)) == 4
    assert stack.json("audit", "verify")["ok"] is True
    document = stack.json(*FORGET)
    assert (document["ok"], document["dispatches_erased"]) == (True, 3)
    forgotten_whole(stack, sim)
    last = chain()[-1]
    assert set(last.data) == {"by", "reason"}
    left = stack.deployment.approvers.approver("zoe")
    assert left is not None
    empty = Approver("zoe", "", "", salt="", active=False, channels=(), forgotten_at=last.at)
    assert left == replace(empty, head=last.head, version=left.version, write_id=left.write_id)


def test_what_goes_and_what_stays_is_shown_before_the_question(stack: Stack) -> None:
    result = stack.run("approvers", "forget", "zoe", answers="n\n")
    assert result.exit_code == 1
    for words in ("2 texts and calls to them", "1 texts to others that name them", "Stays:"):
        assert words in result.stdout
    assert "Nothing was erased." in result.stdout
    assert set(found_in_tables()) == set(HERS)
    assert ZOE not in result.output


def test_run_again_it_finds_nothing_to_do(stack: Stack, sim: TwilioSimulator) -> None:
    stack.json(*FORGET)
    before = chain()
    assert stack.json(*FORGET)["dispatches_erased"] == 0
    assert chain() == before
    forgotten_whole(stack, sim)


def test_an_id_nobody_has_is_said_so(stack: Stack) -> None:
    assert "nobody has the id" in stack.run("approvers", "forget", "yan", "--yes").stderr


# ------------------------------------------------------------------------------- refusals
def refused(stack: Stack) -> str:
    result = stack.run(*FORGET)
    assert result.exit_code == 1
    assert set(found_in_tables()) == set(HERS)
    return str(result.stderr)


@pytest.mark.parametrize("role", ["manager", "substitute"])
def test_whoever_somebody_relies_on_is_kept(stack: Stack, role: str) -> None:
    people = stack.deployment.approvers
    tie: dict[str, Any] = {role: "zoe"}
    people.put(replace(Approver("bob", "Bob Approver", "", "salt"), **tie))
    said = refused(stack)
    assert f"bob has them as {role}: import bob with another" in said


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ({"default_approver": "zoe"}, "the flow as default approver"),
        ({"ap_lead": "zoe"}, "the flow as AP lead"),
        ({"approver": "zoe"}, 'rule "all"'),
        ({"levels": ["ann", "zoe"]}, 'rule "all"'),
    ],
)
def test_whoever_the_flow_in_force_names_is_kept(
    stack: Stack, part: dict[str, Any], words: str
) -> None:
    flow = {**FLOW, "default_approver": "ann", "ap_lead": "ann"}
    rule = dict(flow["rules"][0])
    for key, value in part.items():
        (rule if key in ("approver", "levels") else flow)[key] = value
    flow["rules"] = [rule]
    stack.deployment.flows.publish(
        flow, now=chain()[-1].at + timedelta(days=1), by="test", reason=""
    )
    assert f"{words} names them: push a flow that names somebody else" in refused(stack)


@pytest.mark.parametrize(
    "moving",
    [
        {"state": DispatchState.WAITING, "sid": ""},
        {"state": DispatchState.UNKNOWN, "sid": ""},
        {"state": DispatchState.SENT},
        {"state": DispatchState.UNCONFIRMED, "look_at": True},
        {"state": DispatchState.NOT_SENT, "sid": "", "look_at": True},
    ],
    ids=lambda moving: str(moving["state"]),
)
def test_whoever_has_something_under_way_is_kept(
    stack: Stack, world: World, moving: dict[str, Any]
) -> None:
    if "look_at" in moving:
        moving = {**moving, "look_at": world.clock.ahead(3_600)}
    change(stack, world.dispatches()[0], **moving)
    said = refused(stack)
    assert "1 texts or calls are under way" in said
    assert "ml-connector alerts cancel" in said


def change(stack: Stack, dispatch: Dispatch, **changes: Any) -> None:
    from ml_connector.store.dispatch_items import dispatch_item  # noqa: PLC0415

    stored_one = stack.deployment.alerts.dispatch(dispatch.id)
    assert stored_one is not None
    dispatch_item(replace(stored_one, **changes), "by hand").save()


def test_without_credentials_nothing_is_erased_unless_twilio_is_left_alone(stack: Stack) -> None:
    stack.put_secret("TwilioSecretId", {})
    assert "secrets set twilio" in refused(stack)
    assert stack.json(*FORGET, "--keep-at-twilio")["ok"] is True
    assert found_in_tables() == {}


def test_their_number_is_not_forgotten_before_twilio_has_let_go_of_what_it_finds(
    stack: Stack, sim: TwilioSimulator
) -> None:
    sim.admin.fault("error_before", endpoint="messages.delete", status=503, count=None)
    said = refused(stack)
    assert "nothing was erased here" in said
    assert "--keep-at-twilio" in said
    sim.admin.clear_faults()
    assert stack.json(*FORGET)["ok"] is True
    forgotten_whole(stack, sim)


def test_what_was_said_in_a_call_is_removed_by_the_next_run_where_twilio_does_not_answer(
    stack: Stack, sim: TwilioSimulator, world: World
) -> None:
    flow = {"voice_flow": "FW" + "0" * 32, "voice_from": SECRET["from"]}
    stack.put_secret("TwilioSecretId", {**SECRET, **flow})
    call = {"channel": "voice", "state": DispatchState.CONFIRMED, "sid": "FN" + "0" * 32}
    change(stack, world.dispatches()[0], **call, provider_status=CallStatus.CONFIRMED)
    sim.admin.fault("error_before", endpoint="executions.delete", status=503, count=None)
    document = stack.json(*FORGET, status=1)
    assert document["ok"] is False
    assert list(document["left"]) == [world.dispatches()[0].id]
    # Nobody is told anything any more, whatever is left to do.
    assert chain()[-1].kind == "person.forgotten"
    sim.admin.clear_faults()
    assert stack.json(*FORGET)["ok"] is True
    forgotten_whole(stack, sim)


# ------------------------------------------------------------------------ nothing may follow
def test_a_forgotten_id_is_nobodys_any_more(stack: Stack, tmp_path: Path) -> None:
    stack.json(*FORGET)
    file = tmp_path / "people.csv"
    file.write_text(
        f"id,name,phone,active\nann,Ann Approver,{ANN},true\nzoe,Zed New,{number(30)},true\n"
    )
    result = stack.run("approvers", "import", str(file), "--yes")
    assert result.exit_code == 1
    assert "zoe: forgotten on" in result.stderr
    assert "id of their own" in result.stderr
    for words in (("away", "zoe"), ("verify", "zoe")):
        assert "was forgotten on" in stack.run("approvers", *words).stderr
    assert "zoe" not in stack.run("approvers", "export").stdout
    assert chain()[-1].kind == "person.forgotten"


def test_no_entry_follows_the_last_one_whoever_writes_it(stack: Stack) -> None:
    stack.json(*FORGET)
    known = stack.deployment.approvers.approver("zoe")
    assert known is not None
    with pytest.raises(Exception, match="changed by others"):
        Bypassing(stack.deployment).amend("zoe", "person.changed", {})
    entry = entry_after(known.head, known.chain, known.forgotten_at, "person.changed", {})  # type: ignore[arg-type]
    audit_item(entry).save()
    ApproverItem("zoe").update(
        actions=[ApproverItem.head_seq.set(entry.seq), ApproverItem.head_digest.set(entry.digest)]
    )
    broken = stack.json("audit", "verify", status=1)["broken"]
    assert [each["what"] for each in broken] == ["after_end"]


class Bypassing(PeopleStore):
    """One that does not look whether a person was forgotten."""

    def person(self, approver_id: str) -> Approver:
        found = self.known(approver_id)
        assert found is not None
        return replace(found, forgotten_at=None)


def test_a_row_that_comes_back_from_a_backup_is_erased_again(
    stack: Stack, sim: TwilioSimulator
) -> None:
    backup = rows(RESOURCES["APPROVERS_TABLE"])
    stack.json(*FORGET)
    client = boto3.client("dynamodb")
    for item in backup:
        client.put_item(TableName=RESOURCES["APPROVERS_TABLE"], Item=item)
    assert found_in_tables()
    assert stack.json("audit", "verify", status=1)["ok"] is False
    assert stack.json(*FORGET)["ok"] is True
    forgotten_whole(stack, sim)


# ----------------------------------------------------------------------------------- crashes
class Killed(BaseException):
    """The process ends here."""


class Killer:
    """Ends the process after the n-th thing it changes anywhere: before the next is the same."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, at: int) -> None:
        self.left = at
        ask, send = BaseClient._make_api_call, ConnectorHttpClient._once

        def aws(client: Any, operation: str, parameters: Any) -> Any:
            changes = operation in ("TransactWriteItems", "PutItem", "UpdateItem")
            return self._meet(changes, lambda: ask(client, operation, parameters))

        def twilio(client: Any, request: Any, budget: float) -> Any:
            return self._meet(request.method != "GET", lambda: send(client, request, budget))

        monkeypatch.setattr(BaseClient, "_make_api_call", aws)
        monkeypatch.setattr(ConnectorHttpClient, "_once", twilio)

    def _meet(self, changes: bool, act: Callable[[], Any]) -> Any:
        answer = act()
        self.left -= changes
        if changes and self.left == 0:
            raise Killed
        return answer


@pytest.mark.parametrize("at", range(1, CHANGES + 1))
def test_cut_off_anywhere_a_second_run_finishes(
    stack: Stack, sim: TwilioSimulator, at: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        Killer(patch, at)
        with pytest.raises(Killed):
            stack.run(*FORGET)
    # However far it came, what the audit has is whole.
    half = stack.deployment.approvers.approver("zoe")
    assert half is not None
    assert check(chain(), half.head, half.chain) is None
    assert stack.json(*FORGET)["ok"] is True
    forgotten_whole(stack, sim)


def test_the_cuts_above_are_all_there_are(stack: Stack) -> None:
    with pytest.MonkeyPatch.context() as patch:
        killer = Killer(patch, 1_000)
        stack.json(*FORGET)
    assert 1_000 - killer.left == CHANGES
