"""`ml-connector flow test`: DynamoDB as the poll leaves it, and the simulated gateway."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from ml_connector.domain.digests import waiting_kind
from sandbox.intacct import IntacctSimulator, Recipe
from tests.adapters.cli_deployment import FLOW, PEOPLE, Stack
from tests.adapters.cli_polling import poll, waiting, watching

BY_DEPARTMENT = """\
schema: 1
companies:
  acme: {name: Acme AP, zone: America/Chicago}
default_approver: ann
rules:
  - name: plant
    on: [bill.submitted]
    when: {department: "200"}
    approver: bob
    notify: [{sms: {to: approver}}, {sms: {to: approver, after: 1d, repeat: 1d, at_most: 2}}]
  - name: everything else
    on: [bill.submitted, bill.partially_approved]
    notify: [{sms: {to: approver}}]
"""


@pytest.fixture(scope="module")
def running() -> Iterator[IntacctSimulator]:
    with IntacctSimulator(Recipe(bills=0)) as sim:
        yield sim


@pytest.fixture
def sim(running: IntacctSimulator) -> IntacctSimulator:
    running.admin.reset()
    return running


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch, sim: IntacctSimulator, flow: Path) -> Iterator[Stack]:
    with watching(monkeypatch, sim) as made:
        made.json("flow", "push", str(flow), "--yes", "--reason", "first")
        poll(made)
        yield made


@pytest.fixture
def flow(tmp_path: Path) -> Path:
    path = tmp_path / "flow.yaml"
    path.write_text(FLOW)
    return path


@pytest.fixture
def by_department(tmp_path: Path) -> str:
    path = tmp_path / "new.yaml"
    path.write_text(BY_DEPARTMENT)
    return str(path)


def submit(sim: IntacctSimulator, amount: str, department: str = "100") -> str:
    """A bill that waits; its number."""
    lines = [{"TRX_AMOUNT": amount, "DEPARTMENTID": department}]
    number = f"INV-{amount}-{department}"
    sim.admin.create_bill("V-100", amount, number=number, submit=True, lines=lines)
    return number


def queued(stack: Stack) -> int:
    client = boto3.client("sqs")
    found = client.get_queue_attributes(
        QueueUrl=stack.outputs["AlertsQueueUrl"], AttributeNames=["ApproximateNumberOfMessages"]
    )
    return int(found["Attributes"]["ApproximateNumberOfMessages"])


def test_a_bill_the_poll_told_of_is_told_in_the_same_words_to_the_same_person(
    stack: Stack, sim: IntacctSimulator
) -> None:
    number = submit(sim, "12500.00")
    poll(stack)
    (document,) = waiting(stack)
    (case_id,) = document.open_cases
    file = stack.deployment.alerts.case_file(case_id)
    assert file
    dispatch = stack.deployment.alerts.dispatch(file.alerts[0].dispatch)
    assert dispatch
    before, calls = queued(stack), sim.admin.tally()["requests"]
    said = stack.json("flow", "test", number)
    assert said["event"]["id"] == case_id
    assert said["matched"]["rule"] == file.case.rule == "large bills"
    (step,) = said["steps"]
    (start,) = step["starts"]
    assert (start["recipient"], start["because"]) == ("bob", "named in rule")
    assert start["text"] == dispatch.text
    # Nothing was sent, written or asked of Intacct.
    assert (queued(stack), sim.admin.tally()["requests"]) == (before, calls)
    assert waiting(stack) == [document]


def test_the_flow_of_a_file_is_tried_with_the_lines_the_poll_read(
    stack: Stack, sim: IntacctSimulator, by_department: str
) -> None:
    number = submit(sim, "80.00", "200")
    poll(stack)
    said = stack.json("flow", "test", number, "--flow", by_department)
    assert (said["flow"], said["matched"]["number"]) == (by_department, 1)
    assert [len(step["starts"]) for step in said["steps"]] == [1, 2]
    result = stack.run("flow", "test", number)
    assert "asks for" in result.stdout
    assert "the amount is USD 80.00" in result.stdout


def test_a_bill_nobody_has_polled_yet_is_read_live(
    stack: Stack, sim: IntacctSimulator, by_department: str
) -> None:
    number = submit(sim, "90.00", "200")
    result = stack.run("flow", "test", number)
    assert result.exit_code == 1
    assert "--live asks Intacct for it" in result.stderr
    said = stack.json("flow", "test", number, "--live", "--flow", by_department)
    assert said["matched"]["rule"] == "plant"
    assert any("transactions used" in note for note in said["notes"])
    assert waiting(stack) == []
    result = stack.run("flow", "test", "INV-none", "--live")
    assert "Intacct shows no bill 'INV-none'" in result.stderr


def test_a_live_bill_is_in_the_round_that_is_remembered(
    stack: Stack, sim: IntacctSimulator
) -> None:
    number = submit(sim, "95.00")
    poll(stack)
    record = int(waiting(stack)[0].record_no)
    sim.admin.decline(record)
    poll(stack)
    sim.admin.submit(record)
    poll(stack)
    (document,) = waiting(stack)
    assert document.round == 2
    said = stack.json("flow", "test", number, "--live")
    assert said["bill"]["round"] == 2
    assert said["event"]["id"] in document.open_cases
    assert waiting_kind(document).value == said["event"]["kind"]


def test_several_bills_of_one_number_are_told_apart_by_their_record_numbers(
    stack: Stack, sim: IntacctSimulator
) -> None:
    first = sim.admin.create_bill("V-100", "10.00", number="77-A", submit=True)
    sim.admin.create_vendor("V-900", "Cho Freight")
    sim.admin.create_bill("V-900", "20.00", number="77-A", submit=True)
    result = stack.run("flow", "test", "77-A", "--live")
    assert result.exit_code == 2
    assert "'77-A' is the number of 2 bills" in result.stderr
    said = stack.json("flow", "test", str(first.recordno), "--live")
    assert said["bill"]["amount"] == "USD 10"


def test_a_described_bill_needs_no_aws_at_all(
    monkeypatch: pytest.MonkeyPatch, stack: Stack, tmp_path: Path, by_department: str
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    people, bill = tmp_path / "people.csv", tmp_path / "bill.json"
    people.write_text(PEOPLE)
    bill.write_text(
        json.dumps(
            {
                "number": "INV-1",
                "vendor_id": "V-9",
                "amount": "12.00",
                "currency": "USD",
                "lines": [{"department": "200"}],
            }
        )
    )
    options = ("--flow", by_department, "--approvers", str(people))
    said = stack.json("flow", "test", str(bill), *options, "--at", "2026-11-25T09:00")
    assert said["steps"][0]["starts"][0]["sent_at"] == "2026-11-25T15:00:00.000000Z"
    assert [
        start["sent_at"][:10] for start in said["steps"][1]["starts"]
    ] == ["2026-11-26", "2026-11-27"]  # fmt: skip


def test_a_described_bill_uses_the_hierarchy_the_poll_read(
    stack: Stack, sim: IntacctSimulator, tmp_path: Path, by_department: str
) -> None:
    (child,) = (row["DEPARTMENTID"] for row in sim.admin.records("DEPARTMENT", PARENTID="200"))
    submit(sim, "11.00", child)
    poll(stack)
    bill = tmp_path / "bill.json"
    coded = {"currency": "USD", "lines": [{"department": child}]}
    bill.write_text(json.dumps({"vendor_id": "V-100", "amount": "12", **coded}))
    said = stack.json("flow", "test", str(bill), "--flow", by_department)
    assert said["matched"]["rule"] == "plant"
    assert said["notes"] == []


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ((), "name a bill"),
        (("INV-1", "--history", "3"), "name no bill with it"),
        (("--history", "3"), "name the flow to try with --flow"),
        (("INV-1", "--at", "noon"), "is no time such as"),
    ],
)
def test_what_makes_no_sense_is_refused(
    stack: Stack, sim: IntacctSimulator, words: tuple[str, ...], complaint: str
) -> None:
    sim.admin.create_bill("V-100", "10.00", number="INV-1", submit=True)
    poll(stack)
    result = stack.run("flow", "test", *words)
    assert result.exit_code == 2, result.output
    assert complaint in result.stderr


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("nowhere.json",), "there is no such file"),
        (("INV-1", "--live", "--company", "beta"), "the flow has no company 'beta'"),
        (("--history", "3", "--company", "beta", "--flow"), "the flow has no company 'beta'"),
    ],
)
def test_what_is_not_there_is_a_failure(
    stack: Stack, flow: Path, words: tuple[str, ...], complaint: str
) -> None:
    tried = (str(flow),) if words[-1] == "--flow" else ()
    result = stack.run("flow", "test", *words, *tried)
    assert result.exit_code == 1, result.output
    assert complaint in result.stderr


# --------------------------------------------------------------------------------- the past
def test_the_past_is_replayed_beside_the_flow_in_force(
    stack: Stack, sim: IntacctSimulator, by_department: str
) -> None:
    submit(sim, "12500.00", "200")
    submit(sim, "20.00", "100")
    submit(sim, "30.00", "200")
    poll(stack)
    before = queued(stack)
    words = ("flow", "test", "--history", "1", "--flow", by_department)
    said = stack.json(*words, "--transactions", "0")
    assert (said["events"], said["approximate"], said["transactions"]) == (3, 0, 0)
    assert said["present"]["persons"] == {"ann": {"sms": 2}, "bob": {"sms": 1}}
    assert said["tried"]["persons"] == {"ann": {"sms": 1}, "bob": {"sms": 2}}
    assert said["tried"]["channels"] == {"sms": 3}
    assert sum(said["tried"]["hours"].values()) == 3
    assert queued(stack) == before
    result = stack.run(*words)
    assert "Alerts per person" in result.stdout
    assert "2 > 1" in result.stdout
    assert "█" in result.stdout


def test_what_happened_before_a_company_was_watched_is_read_and_called_approximate(
    stack: Stack, sim: IntacctSimulator, by_department: str
) -> None:
    for amount in ("12500.00", "20.00"):
        sim.admin.create_bill("V-100", amount, submit=True)
    said = stack.json("flow", "test", "--history", "2", "--flow", by_department)
    # Nothing was seen by a poll yet, so all of it is what Intacct says.
    assert (said["events"], said["approximate"]) == (2, 2)
    assert 0 < said["transactions"] <= 20
    assert any("count from when they were entered" in note for note in said["notes"])
    assert said["present"]["alerts"] == 2
