"""`ml-connector go-live`: DynamoDB as the poll leaves it, the simulated gateway, and Twilio."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest

from cli.flow.published import CHAIN, Shelf
from ml_connector.aws.queue import dispatch_in
from ml_connector.domain.audit import check
from ml_connector.domain.cases import CaseState
from ml_connector.domain.dispatches import Dispatch
from ml_connector.domain.unit_of_work import CaseFile
from ml_connector.store.audit import DynamoAuditTrail
from sandbox.intacct import IntacctSimulator, Recipe
from sandbox.twilio.simulator import TwilioSimulator
from tests.adapters.cli_deployment import FLOW, Stack, typed
from tests.adapters.cli_polling import poll, waiting, watching
from tests.adapters.cli_twilio import SECRET

CALLING = FLOW.replace(
    "approver: bob\n    notify: [{sms: {to: approver}}]",
    "approver: bob\n    notify: [{voice: {to: approver, confirm: true}}]",
)


@pytest.fixture(scope="module")
def running() -> Iterator[IntacctSimulator]:
    with IntacctSimulator(Recipe(bills=0)) as intacct:
        yield intacct


@pytest.fixture
def sim(running: IntacctSimulator) -> IntacctSimulator:
    running.admin.reset()
    return running


@pytest.fixture
def phones(simulator: TwilioSimulator, monkeypatch: pytest.MonkeyPatch) -> TwilioSimulator:
    simulator.admin.reset(seed=1)
    monkeypatch.setattr("cli.commands.sending.sleep", simulator.admin.forward)
    return simulator


@pytest.fixture
def stack(
    monkeypatch: pytest.MonkeyPatch, sim: IntacctSimulator, phones: TwilioSimulator
) -> Iterator[Stack]:
    """Credentials and people are there, and a flow is in force; three bills wait in Intacct."""
    monkeypatch.setattr("cli.golive.waiting.PAUSE", 0.01)
    with watching(monkeypatch, sim) as made:
        made.parameters["TwilioBaseUrl"] = phones.url
        made.put_secret("TwilioSecretId", SECRET)
        for amount in ("12500.00", "20.00", "30.00"):
            sim.admin.create_bill("V-100", amount, submit=True)
        yield made


@pytest.fixture
def flow(tmp_path: Path) -> str:
    path = tmp_path / "flow.yaml"
    path.write_text(FLOW)
    return str(path)


def in_force(stack: Stack, flow: str) -> None:
    stack.json("flow", "push", flow, "--yes", "--reason", "first")


def live(stack: Stack, *words: str, status: int = 0) -> dict[str, Any]:
    return stack.json("go-live", "--yes", "--no-test", "--wait", "0", *words, status=status)


def rung(stack: Stack) -> list[Dispatch]:
    """The dispatches that messages on the queue name; the messages are taken off."""
    client, found = boto3.client("sqs"), list[str]()
    url = stack.outputs["AlertsQueueUrl"]
    while batch := client.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        found += [dispatch_in(message["Body"]) for message in batch]
        for message in batch:
            client.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return sorted(stack.deployment.alerts.dispatches(found), key=lambda one: one.recipient)


def case_file(stack: Stack, case_id: str) -> CaseFile:
    found = stack.deployment.alerts.case_file(case_id)
    assert found is not None
    return found


def last_entry(stack: Stack) -> dict[str, Any]:
    """The last entry of the flow's chain, which is whole."""
    stack.deployment.flows  # noqa: B018 - binds the tables
    entries = list(DynamoAuditTrail().chain(CHAIN))
    assert check(entries, Shelf("").in_force().head, CHAIN) is None
    assert entries[-1].kind == "golive.done"
    return dict(entries[-1].data)


def everything_holds(stack: Stack) -> None:
    """Every chain of a bill, and of its cases, verifies against its head."""
    trail = DynamoAuditTrail()
    for document in waiting(stack):
        assert check(trail.chain(document.chain), document.head, document.chain) is None
        for case_id in (*document.open_cases, *([document.digest] if document.digest else [])):
            case = case_file(stack, case_id).case
            assert check(trail.chain(case.chain), case.head, case.chain) is None


# ------------------------------------------------------------------------------- silent
def test_from_a_filled_stack_to_live_in_one_go(
    stack: Stack, flow: str, phones: TwilioSimulator
) -> None:
    in_force(stack, flow)
    poll(stack)
    said = stack.json("go-live", "--yes", "--to", "ann", "--wait", "0")
    assert said["ping"] == {"ok": True, "companies": ["acme"]}
    assert said["voice"] is None
    assert said["flow"] == {"version": 1, "published": False}
    assert said["test"] == {"to": "ann", "outcome": "delivered"}
    (company,) = said["waiting"]
    assert (company["waiting"], company["untold"]) == (3, 3)
    assert company["sums"] == ["USD 12550"]
    assert company["oldest"] is not None
    assert (said["choice"], said["told"]) == ("silent", {})
    assert rung(stack) == []
    assert all(document.open_cases == () for document in waiting(stack))
    (text,) = phones.admin.phone("+15550100001").inbox()
    assert text.body.startswith("Test from ml-connector")
    entry = last_entry(stack)
    assert entry["choice"] == "silent"
    assert entry["by"].startswith("arn:aws:sts::")
    assert entry["companies"] == {"acme": {"waiting": 3, "untold": 3, "told": 0}}


def test_a_flow_that_calls_is_pushed_and_its_voice_flow_published_once(
    stack: Stack, tmp_path: Path, flow: str
) -> None:
    in_force(stack, flow)
    poll(stack)
    path = tmp_path / "calling.yaml"
    path.write_text(CALLING)
    said = live(stack, "--flow", str(path), "--reason", "calls")
    assert said["voice"]["changed"] is True
    assert said["flow"] == {"version": 2, "published": True}
    assert stack.secret("TwilioSecretId")["voice_flow"] == said["voice"]["flow"]
    again = live(stack, "--flow", str(path), "--reason", "calls")
    assert again["voice"] == {"flow": said["voice"]["flow"], "changed": False}
    assert again["flow"] == {"version": 2, "published": False}
    assert live(stack, "--no-voice")["voice"] is None


# ----------------------------------------------------------------------------------- all
def test_alerting_about_all_opens_the_cases_a_poll_would_have_opened(
    stack: Stack, flow: str, sim: IntacctSimulator
) -> None:
    in_force(stack, flow)
    poll(stack)
    said = live(stack, "--waiting", "all")
    counts = {"bills": 3, "alerts": 3, "digests": 0, "no_rule": 0, "unreachable": 0}
    assert said["told"] == {"acme": counts}
    assert [one.recipient for one in rung(stack)] == ["ann", "ann", "bob"]
    documents = waiting(stack)
    for document in documents:
        tried = stack.json("flow", "test", document.id)
        (case_id,) = document.open_cases
        assert tried["event"]["id"] == case_id
        file = case_file(stack, case_id)
        dispatch = stack.deployment.alerts.dispatch(file.alerts[0].dispatch)
        assert dispatch is not None
        assert tried["steps"][0]["starts"][0]["text"] == dispatch.text
    everything_holds(stack)
    assert last_entry(stack)["companies"]["acme"]["told"] == 3
    # From here on the bills are like all others: a poll tells nothing twice, and ends the case.
    sim.admin.approve(int(documents[0].record_no))
    report = poll(stack)
    assert (report.alerts, report.ended) == (0, 1)
    assert case_file(stack, documents[0].open_cases[0]).case.state is CaseState.HANDLED


def test_a_second_run_finds_what_the_first_one_wrote(stack: Stack, flow: str) -> None:
    in_force(stack, flow)
    poll(stack)
    live(stack, "--waiting", "all")
    documents = waiting(stack)
    rung(stack)
    again = live(stack, "--waiting", "all")
    assert again["waiting"][0]["untold"] == 0
    assert again["told"] == {}
    assert rung(stack) == []
    assert waiting(stack) == documents


def test_the_trail_of_each_bill_says_who_went_live_and_how(stack: Stack, flow: str) -> None:
    in_force(stack, flow)
    poll(stack)
    live(stack, "--waiting", "all")
    for document in waiting(stack):
        entry = list(DynamoAuditTrail().chain(document.chain))[-1]
        assert entry.data["go_live"] == "alert all"
        assert str(entry.data["by"]).startswith("arn:aws:sts::")
        (case_id,) = document.open_cases
        assert [e.kind for e in DynamoAuditTrail().chain(f"case#{case_id}")] == ["case.opened"]


# -------------------------------------------------------------------------------- digest
def test_each_approver_gets_one_digest(stack: Stack, flow: str, sim: IntacctSimulator) -> None:
    in_force(stack, flow)
    poll(stack)
    said = live(stack, "--waiting", "digest")
    counts = {"bills": 3, "alerts": 2, "digests": 2, "no_rule": 0, "unreachable": 0}
    assert said["told"] == {"acme": counts}
    ann, bob = rung(stack)
    assert "2 bills waiting for approval in Intacct" in ann.text
    assert "USD 50.00" in ann.text
    assert "1 bill waiting for approval" in bob.text
    documents = waiting(stack)
    assert {document.digest for document in documents} == {
        member.case_id for one in (ann, bob) for member in one.members
    }
    everything_holds(stack)
    assert live(stack, "--waiting", "digest")["told"] == {}
    # The last bill of a digest takes it along.
    (large,) = (one for one in documents if one.digest == bob.members[0].case_id)
    sim.admin.approve(int(large.record_no))
    poll(stack)
    assert case_file(stack, large.digest).case.state is CaseState.HANDLED


def test_a_digest_that_was_never_written_is_made_up_for(
    stack: Stack, flow: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_force(stack, flow)
    poll(stack)

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("cli.golive.telling.open_digest", dies)
        result = stack.run("go-live", "--yes", "--no-test", "--wait", "0", "--waiting", "digest")
        assert result.exit_code == 130
    assert all(document.digest for document in waiting(stack))
    assert rung(stack) == []
    # The lease was given back, or the next run would have to wait for its end.
    assert live(stack, "--waiting", "digest")["told"]["acme"]["digests"] == 2
    assert len(rung(stack)) == 2
    everything_holds(stack)


# ---------------------------------------------------------------------------- people asked
def test_people_are_asked_about_each_thing(
    stack: Stack, flow: str, phones: TwilioSimulator
) -> None:
    in_force(stack, flow)
    poll(stack)
    answers = typed("bob", "perhaps", "digest", "y")
    result = stack.run("go-live", "--wait", "0", answers=answers)
    assert result.exit_code == 0, result.output
    assert "3 of 3" in result.stdout
    assert "USD 12,550.00" in result.stdout
    assert "'perhaps' is none of silent, digest, all" in result.stderr
    assert "Send one text to each approver about 3 bills now?" in result.stderr
    assert "3 bills: 2 alerts written" in result.stdout
    assert len(phones.admin.phone("+15550100002").inbox()) == 1


def test_whoever_says_no_at_the_end_tells_nobody(stack: Stack, flow: str) -> None:
    in_force(stack, flow)
    poll(stack)
    result = stack.run("go-live", "--no-test", "--wait", "0", answers=typed("all", "n"))
    assert result.exit_code == 1
    assert "Nobody was told" in result.stdout
    assert rung(stack) == []
    entries = list(DynamoAuditTrail().chain(CHAIN))
    assert "golive.done" not in {entry.kind for entry in entries}


# ------------------------------------------------------------------------- what goes wrong
def test_before_the_first_read_it_says_what_to_wait_for(stack: Stack, flow: str) -> None:
    in_force(stack, flow)
    said = live(stack, status=1)
    assert "acme: not read completely yet" in said["error"]["message"]
    assert "run `ml-connector go-live` again" in said["error"]["message"]


def test_what_ping_finds_stops_it_before_anything_is_done(
    stack: Stack, flow: str, sim: IntacctSimulator, phones: TwilioSimulator
) -> None:
    in_force(stack, flow)
    poll(stack)
    sim.admin.settings(denied=["APBILL"])
    said = live(stack, status=1)
    assert said["error"]["message"].startswith("ping: 1 check(s) failed; what is done stays done")
    assert "read APBILL" in said["error"]["details"][0]
    stack.put_secret("TwilioSecretId", {})
    assert "secrets set twilio" in live(stack, status=1)["error"]["message"]
    assert phones.admin.accepted() == []


def test_a_test_that_does_not_arrive_stops_it(stack: Stack, flow: str) -> None:
    in_force(stack, flow)
    poll(stack)
    words = ("go-live", "--yes", "--to", "nobody-known", "--wait", "0")
    said = stack.json(*words, status=1)
    assert said["error"]["message"].startswith("test-send: nobody has the id")


def test_without_a_flow_it_says_how_to_get_one(stack: Stack) -> None:
    said = live(stack, status=1)
    assert "no flow is published; name one with --flow" in said["error"]["message"]


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--yes",), "say whom to send a test with --to, or --no-test"),
        (("--yes", "--no-test", "--flow", "f.yaml"), "with --reason"),
    ],
)
def test_unattended_runs_have_to_say_everything(
    stack: Stack, words: tuple[str, ...], complaint: str
) -> None:
    result = stack.run("go-live", *words)
    assert result.exit_code == 2
    assert complaint in result.stderr


def test_a_bill_no_rule_speaks_of_and_a_person_nobody_can_text_are_said(
    stack: Stack, tmp_path: Path, sim: IntacctSimulator
) -> None:
    path = tmp_path / "flow.yaml"
    submitted = FLOW.replace("[bill.submitted, bill.partially_approved]", "[bill.submitted]")
    path.write_text(submitted.replace("default_approver: ann", "default_approver: bob"))
    in_force(stack, str(path))
    sim.admin.partially_approve(sim.admin.bills()[0].recordno)
    poll(stack)
    bob = stack.deployment.approvers.approver("bob")
    assert bob is not None
    stack.deployment.approvers.put(replace(bob, opted_out=True))
    said = live(stack, "--waiting", "all")
    told = said["told"]["acme"]
    assert (told["bills"], told["no_rule"], told["unreachable"]) == (2, 1, 2)
    assert any("approver unreachable" in note for note in said["notes"])
    assert rung(stack) == []
