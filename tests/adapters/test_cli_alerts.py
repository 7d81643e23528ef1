"""`ml-connector alerts show | cancel | resend` against DynamoDB and SQS."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import pytest

from ml_connector.domain.audit import check
from ml_connector.domain.bills import BillState
from ml_connector.domain.cases import CaseState, StopReason, stop_of
from ml_connector.domain.dispatches import DispatchState
from ml_connector.domain.plans import started
from ml_connector.store.audit import DynamoAuditTrail
from ml_connector.store.models import AuditItem, CaseItem
from tests.adapters.cli_cases import PolledCompany, bundle, rewrite
from tests.adapters.cli_deployment import FLOW, Stack, deployed, typed
from tests.support.bills import a_bill

LATER = "      - sms: {to: bob, after: 1h, unless: acknowledged}\n"
PLAN = FLOW.replace(
    "    notify: [{sms: {to: approver}}]\n", f"    notify:\n      - sms: {{to: approver}}\n{LATER}"
)
NUMBER = "+1******0001"


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Stack]:
    with deployed(monkeypatch) as made:
        path = tmp_path / "flow.yaml"
        path.write_text(PLAN)
        made.fill(path)
        yield made


@pytest.fixture
def acme(stack: Stack) -> PolledCompany:
    return PolledCompany(stack)


def queued(stack: Stack) -> list[str]:
    """The dispatches on the alerts queue."""
    sqs = boto3.client("sqs")
    found = sqs.receive_message(QueueUrl=stack.outputs["AlertsQueueUrl"], MaxNumberOfMessages=10)
    return [json.loads(message["Body"])["dispatch"] for message in found.get("Messages", [])]


# ---------------------------------------------------------------------------------------- show
def test_nothing_is_under_way_where_nobody_is_told(stack: Stack, acme: PolledCompany) -> None:
    assert acme.cases() == []
    assert stack.json("alerts", "show") == {"ok": True, "under_way": [], "whole": True}
    assert "Nothing is on its way" in stack.run("alerts", "show").stdout


def test_what_waits_is_shown_newest_first_with_why_and_until_when(
    stack: Stack, acme: PolledCompany
) -> None:
    first = acme.submit("1", "INV-1", "500")
    acme.put_off(first, datetime.now(UTC) + timedelta(days=2), "quiet hours")
    acme.clock.forward(seconds=1)
    second = acme.submit("2", "INV-2", "500")
    rows = stack.json("alerts", "show")["under_way"]
    assert [row["case"] for row in rows] == [second.id, first.id]
    waiting = rows[1]
    assert waiting["said"].startswith("waits until ")
    assert waiting["said"].endswith(("CST: quiet hours", "CDT: quiet hours"))
    assert (waiting["what"], waiting["who"]) == ("Baker Steel INV-1", "text to ann")
    assert (waiting["state"], waiting["reason"]) == ("waiting", "quiet hours")
    shown = stack.run("alerts", "show").stdout
    assert "quiet hours" in shown
    assert "Baker Steel INV-2" in shown


def test_a_case_of_which_nothing_is_out_shows_its_next_step(
    stack: Stack, acme: PolledCompany
) -> None:
    case = acme.submit("1", amount="500")
    dispatch = acme.sent(case, state=DispatchState.DELIVERED, look_at=None)
    assert stack.json("alerts", "show")["under_way"] == []
    rewrite(stack, case, lambda one: started(one, 1, 1, acme.clock.now()))
    (row,) = stack.json("alerts", "show")["under_way"]
    assert (row["case"], row["dispatch"], row["state"]) == (case.id, None, "planned")
    assert row["said"].endswith(": step 2 of its plan")
    assert row["who"] == "text to bob"
    assert dispatch.id not in json.dumps(row)


def test_another_companys_alerts_are_left_out(stack: Stack, acme: PolledCompany) -> None:
    acme.submit("1")
    assert stack.json("alerts", "show", "--company", "apex")["under_way"] == []
    assert len(stack.json("alerts", "show", "--company", "acme")["under_way"]) == 1


@pytest.mark.parametrize("by", ["number", "document", "record", "case", "dispatch"])
def test_one_case_is_shown_with_everything_about_it(
    stack: Stack, acme: PolledCompany, by: str
) -> None:
    case = acme.submit("4711", "INV-1", "500")
    dispatch = acme.sent(case)
    names = {
        "number": "INV-1",
        "document": "bill#4711",
        "record": "4711",
        "case": case.id,
        "dispatch": dispatch.id,
    }
    (shown,) = stack.json("alerts", "show", names[by])["cases"]
    assert (shown["case"], shown["document"]) == (case.id, "bill#4711")
    assert shown["what"] == "Baker Steel INV-1"
    assert shown["said"] == "Somebody is being told, or is to be."
    assert shown["plan"][0].startswith("1. Text ann (up to 5 tries): begun ")
    assert shown["plan"][1] == (
        "2. Text bob, else ann, unless acknowledged (up to 5 tries): not begun; "
        "it begins 1 hour after step 1 did."
    )
    (told,) = shown["alerts"][0]["dispatches"]
    assert told["dispatch"] == dispatch.id
    assert told["said"] == "Twilio accepted it; whether it arrived is not known yet"
    assert (told["provider_id"], told["number"]) == ("SM" + "0" * 32, NUMBER)
    assert (told["attempt"], told["tries"]) == (1, 5)
    asked = f"case like /{case.id}/ or dispatch like /{dispatch.id}/"
    assert asked in shown["logs"]["query"]
    assert [entry["kind"] for entry in shown["history"]] == [
        "case.opened",
        "dispatch.sending",
        "dispatch.sent",
    ]


def test_a_case_on_the_terminal_shows_no_number_and_no_text(
    stack: Stack, acme: PolledCompany
) -> None:
    case = acme.submit("4711", "INV-1", "500")
    dispatch = acme.sent(case)
    shown = stack.run("alerts", "show", "INV-1").stdout
    for words in ("1 of 5", NUMBER, "SM" + "0" * 32, dispatch.id, "| sort @timestamp asc"):
        assert words in shown
    assert "+15550100001" not in shown
    assert dispatch.text not in shown


def test_a_bill_that_moved_on_shows_the_cases_it_had(stack: Stack, acme: PolledCompany) -> None:
    first = acme.submit("4711", "INV-1", "500")
    acme.clock.forward(minutes=5)
    acme.move("4711", BillState.PARTIALLY_APPROVED)
    acme.clock.forward(minutes=5)
    acme.move("4711", BillState.POSTED)
    cases = stack.json("alerts", "show", "INV-1")["cases"]
    assert [case["event"] for case in cases] == ["bill.partially_approved", "bill.submitted"]
    assert cases[1]["case"] == first.id
    assert {case["state"] for case in cases} == {"handled"}
    alert = cases[1]["alerts"][0]
    assert alert["stopped"] == "handled"
    assert alert["stopped_because"] == "The bill was approved, declined, recalled or deleted."


def test_a_bill_that_waits_comes_before_others_of_its_number(
    stack: Stack, acme: PolledCompany
) -> None:
    acme.submit("1", "INV-1", "500")
    acme.move("1", BillState.POSTED)
    case = acme.submit("2", "INV-1", "500")
    (shown,) = stack.json("alerts", "show", "INV-1")["cases"]
    assert shown["case"] == case.id


def test_an_ambiguous_number_lists_the_candidates(stack: Stack, acme: PolledCompany) -> None:
    acme.submit("1", "INV-1", "500")
    acme.submit("2", "INV-1", "700.50")
    error = stack.json("alerts", "show", "INV-1", status=2)["error"]
    assert error["message"].startswith("INV-1 is the number of 2 documents")
    assert error["details"] == [
        "bill#1  acme  Baker Steel INV-1  USD 500.00  submitted",
        "bill#2  acme  Baker Steel INV-1  USD 700.50  submitted",
    ]


def test_what_nobody_knows_is_an_error(stack: Stack, acme: PolledCompany) -> None:
    assert acme.cases() == []
    error = stack.json("alerts", "show", "INV-404", "--company", "acme", status=1)["error"]
    assert error["message"] == "no bill, case or dispatch is known as 'INV-404' in acme"
    unknown = "a" * 26
    assert unknown in stack.json("alerts", "show", unknown, status=1)["error"]["message"]


def test_a_bill_that_was_there_before_going_live_has_no_case(stack: Stack) -> None:
    acme = PolledCompany(stack, baseline=False)
    acme.intacct.bills["1"] = a_bill("1", modified=acme.clock.second())
    acme.poll()
    assert stack.json("alerts", "show", "INV-1")["cases"] == []
    assert "nobody was ever told of it" in stack.run("alerts", "show", "INV-1").stdout
    refused = stack.json("alerts", "cancel", "INV-1", "--yes", "--reason", "x", status=1)
    assert "nobody was ever told" in refused["error"]["message"]


def test_an_entry_that_cannot_be_read_is_named_with_what_to_do(
    stack: Stack, acme: PolledCompany
) -> None:
    case = acme.submit("4711", "INV-1", "500")
    for name, seq in ((case.chain, 1), ("doc#acme#bill#4711", 1)):
        AuditItem.get(name, seq).update([AuditItem.data.set("{not JSON")])
        shown = stack.run("alerts", "show", "INV-1")
        assert shown.exit_code == 1
        assert shown.stderr == (
            f"error: entry {seq} of the audit chain {name} cannot be read: somebody changed it; "
            f"`ml-connector audit verify --chain '{name}'` says what was done to it\n"
        )


@pytest.mark.parametrize("by", ["number", "case"])
def test_a_case_that_is_gone_is_not_one_nobody_was_told_of(
    stack: Stack, acme: PolledCompany, by: str
) -> None:
    case = acme.submit("4711", "INV-1", "500")
    CaseItem.get(case.chain, "case").delete()
    what = "INV-1" if by == "number" else case.id
    shown = stack.run("alerts", "show", what)
    assert shown.exit_code == 1
    assert "nobody was ever told" not in shown.output
    assert f"the audit says that case {case.id} was opened" in shown.stdout
    assert "`ml-connector restore`" in shown.stdout
    document = stack.json("alerts", "show", what, status=1)
    assert (document["ok"], document["lost"]) == (False, [case.id])
    refused = stack.json("alerts", "cancel", what, "--yes", "--reason", "x", status=1)
    assert f"the audit says that case {case.id} was opened" in refused["error"]["message"]


# -------------------------------------------------------------------------------------- cancel
def test_cancel_stops_a_case_and_the_audit_says_who_and_why(
    stack: Stack, acme: PolledCompany
) -> None:
    case = acme.submit("1", amount="500")
    document = stack.json("alerts", "cancel", "INV-1", "--yes", "--reason", "entered twice")
    assert (document["case"], document["state"]) == (case.id, "cancelled")
    file = stack.deployment.alerts.case_file(case.id)
    assert file
    assert (file.case.state, file.case.agenda) == (CaseState.CANCELLED, ())
    assert [stop_of(file.case, alert) for alert in file.alerts] == [StopReason.CANCELLED]
    entries = list(DynamoAuditTrail().chain(case.chain))
    assert entries[-1].kind == "case.cancelled"
    assert entries[-1].data["reason"] == "entered twice"
    assert str(entries[-1].data["by"]).startswith("arn:aws:sts:")
    assert check(entries, file.case.head, case.chain) is None
    again = stack.json("alerts", "cancel", case.id, "--yes", "--reason", "x", status=1)
    assert "every case of" in again["error"]["message"]


def test_cancel_asks_first_and_takes_no_for_an_answer(stack: Stack, acme: PolledCompany) -> None:
    case = acme.submit("1", amount="500")
    refused = stack.run("alerts", "cancel", "INV-1", answers=typed("n"))
    assert refused.exit_code == 1
    assert "Nothing was changed." in refused.stdout
    assert acme.case(case).state is CaseState.OPEN
    agreed = stack.run("alerts", "cancel", "INV-1", answers=typed("y", "entered twice"))
    assert agreed.exit_code == 0, agreed.output
    assert acme.case(case).state is CaseState.CANCELLED


def test_cancel_names_what_twilio_has_already(stack: Stack, acme: PolledCompany) -> None:
    case = acme.submit("1", amount="500")
    dispatch = acme.sent(case)
    shown = stack.run("alerts", "cancel", case.id, "--yes", "--reason", "entered twice").stdout
    assert f"{dispatch.id} to ann is at Twilio already and may still arrive." in shown


@pytest.mark.parametrize("command", ["cancel", "resend"])
def test_without_a_reason_nothing_is_done_unasked(stack: Stack, command: str) -> None:
    error = stack.json("alerts", command, "INV-1", "--yes", status=2)["error"]
    assert "--reason" in error["message"]
    words = ("alerts", command, "INV-1", "--yes", "--reason", "x" * 201)
    assert "200 characters" in stack.json(*words, status=2)["error"]["message"]


def test_several_open_cases_of_a_bill_have_to_be_named(stack: Stack, acme: PolledCompany) -> None:
    cases = [acme.submit("1", amount="500"), acme.submit("2", amount="700")]
    dispatch = bundle(stack, cases)
    words = ("alerts", "cancel", dispatch, "--yes", "--reason", "x")
    error = stack.json(*words, status=2)["error"]
    assert "has 2 open cases" in error["message"]
    assert len(error["details"]) == 2


# -------------------------------------------------------------------------------------- resend
def test_resend_makes_one_alert_more_and_rings_the_queue(stack: Stack, acme: PolledCompany) -> None:
    case = acme.submit("1", amount="500")
    acme.sent(case, state=DispatchState.DELIVERED, look_at=None)
    document = stack.json("alerts", "resend", "INV-1", "--yes", "--reason", "phone was off")
    assert (document["recipient"], document["channel"]) == ("ann", "sms")
    assert document["queued"] is True
    assert queued(stack) == [document["dispatch"]]
    file = stack.deployment.alerts.case_file(case.id)
    assert file
    assert [alert.occurrence for alert in file.alerts] == [1, 2]
    dispatch = stack.deployment.alerts.dispatch(document["dispatch"])
    assert dispatch
    assert dispatch.state is DispatchState.WAITING
    entries = list(DynamoAuditTrail().chain(case.chain))
    assert entries[-1].kind == "case.resent"
    assert entries[-1].data["reason"] == "phone was off"
    assert check(entries, file.case.head, case.chain) is None


def test_resend_is_refused_while_an_earlier_one_may_still_arrive(
    stack: Stack, acme: PolledCompany
) -> None:
    acme.submit("1", amount="500")
    before = acme.dispatches()
    refused = stack.run("alerts", "resend", "INV-1", "--reason", "x", answers=typed("y"))
    assert refused.exit_code == 1
    assert "1 dispatch of this case may still reach somebody" in refused.stderr
    assert "is waiting" in refused.stderr
    assert acme.dispatches() == before
    forced = stack.json("alerts", "resend", "INV-1", "--yes", "--reason", "x")
    assert len(forced["pending"]) == 1
    assert acme.dispatches() == before + 1


def test_resend_to_somebody_else_by_call(stack: Stack, acme: PolledCompany) -> None:
    case = acme.submit("1", amount="500")
    acme.sent(case, state=DispatchState.DELIVERED, look_at=None)
    words = ("alerts", "resend", "INV-1", "--to", "bob", "--channel", "call", "--reason", "urgent")
    asked = stack.run(*words, answers=typed("y"))
    assert asked.exit_code == 0, asked.output
    assert "Call bob at +1******0002 about Baker Steel INV-1?" in asked.stderr
    file = stack.deployment.alerts.case_file(case.id)
    assert file
    last = file.alerts[-1]
    assert (last.recipient, last.channel) == ("bob", "voice")
    dispatch = stack.deployment.alerts.dispatch(last.dispatch)
    assert dispatch
    assert (dispatch.confirm, dispatch.language) == (True, "en-US")


def test_resend_to_nobody_known_is_refused(stack: Stack, acme: PolledCompany) -> None:
    case = acme.submit("1", amount="500")
    acme.sent(case, state=DispatchState.DELIVERED, look_at=None)
    words = ("alerts", "resend", case.id, "--to", "zoe", "--yes", "--reason", "x")
    assert "nobody has the id 'zoe'" in stack.json(*words, status=1)["error"]["message"]


def test_a_queue_that_does_not_take_the_message_is_said_and_is_no_failure(
    stack: Stack, acme: PolledCompany
) -> None:
    case = acme.submit("1", amount="500")
    acme.sent(case, state=DispatchState.DELIVERED, look_at=None)
    stack.outputs["AlertsQueueUrl"] = "https://sqs.us-east-1.amazonaws.com/123456789012/gone"
    result = stack.run("alerts", "resend", "INV-1", "--yes", "--reason", "x", "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["queued"] is False
    assert "the status check queues it in a moment" in result.stderr
