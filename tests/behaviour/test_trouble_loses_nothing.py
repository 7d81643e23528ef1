"""What goes wrong around the connector, on the deployed template: said once, nothing lost."""

from __future__ import annotations

import itertools
import json
import os
import signal
from contextlib import suppress
from typing import Any

import pytest

from ml_connector.domain.dispatches import DispatchState
from sandbox.aws import wait
from sandbox.intacct.client import Record
from sandbox.world import LocalWorld

pytestmark = pytest.mark.deployed

WITHIN = 60.0
NUMBERS = itertools.count(5001)


def submit(world: LocalWorld, amount: str) -> Record:
    return world.submit("V-104", amount, f"T-{next(NUMBERS)}")


def await_delivered(world: LocalWorld, bill: Record) -> None:
    wait.until(
        lambda: [d.state for d in world.dispatches(bill)][-1:] == [DispatchState.DELIVERED],
        f"{bill['RECORDID']} to be delivered",
        timeout=WITHIN,
    )


def accepted_for(world: LocalWorld, person: str, bill: Record) -> int:
    number = world.phone(person).number
    return sum(
        a.recipient == number and bill["RECORDID"] in a.text for a in world.twilio.accepted()
    )


def log_lines(world: LocalWorld, function: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in world.stack.log(function) if line.startswith("{")]


def test_an_error_after_acceptance_is_one_text(world: LocalWorld) -> None:
    dee = world.phone("dee")
    world.twilio.fault("error_after", endpoint="messages.create", recipient=dee.number, count=1)
    bill = submit(world, "1600.00")
    await_delivered(world, bill)
    assert accepted_for(world, "dee", bill) == 1
    kinds = world.audit_kinds(bill)
    assert kinds.index("dispatch.unknown") < kinds.index("dispatch.adopted")


def test_an_error_before_acceptance_is_sent_again_after_the_grace_period(
    world: LocalWorld,
) -> None:
    dee = world.phone("dee")
    world.twilio.fault("error_before", endpoint="messages.create", recipient=dee.number, count=1)
    bill = submit(world, "1700.00")
    await_delivered(world, bill)
    assert accepted_for(world, "dee", bill) == 1
    kinds = world.audit_kinds(bill)
    assert kinds.count("dispatch.not_listed") == 1
    assert "dispatch.not_sent" in kinds
    assert world.dispatches(bill)[0].state is DispatchState.NOT_SENT


def test_too_many_requests_uses_up_no_attempt(world: LocalWorld) -> None:
    dee = world.phone("dee")
    world.twilio.fault(
        "rate_limited", endpoint="messages.create", recipient=dee.number, count=1, retry_after=1
    )
    bill = submit(world, "1800.00")
    await_delivered(world, bill)
    (dispatch,) = world.dispatches(bill)
    assert (dispatch.attempt, dispatch.returns) == (1, 1)


def test_a_poison_message_reaches_the_dead_letter_queue_and_its_batch_goes_through(
    world: LocalWorld,
) -> None:
    sqs, outputs = world.aws.client("sqs"), world.stack.outputs
    world.stack.switch_event_source("SendFunctionAlertsQueue", on=False)
    bill = submit(world, "1900.00")
    wait.until(lambda: bool(world.dispatches(bill)), "the dispatch", timeout=WITHIN)
    sqs.send_message(QueueUrl=outputs["AlertsQueueUrl"], MessageBody="not a message of ours")
    world.stack.switch_event_source("SendFunctionAlertsQueue", on=True)
    await_delivered(world, bill)

    def dead() -> bool:
        got = sqs.receive_message(QueueUrl=outputs["AlertsDlqUrl"]).get("Messages", [])
        return any(message["Body"] == "not a message of ours" for message in got)

    # Two hand-outs, a visibility timeout apart.
    wait.until(dead, "the poison message in the dead-letter queue", timeout=150.0)
    failures = [
        line for line in log_lines(world, "SendFunction") if line.get("message") == "message_failed"
    ]
    assert {line["code"] for line in failures} == {"message_malformed"}
    assert {line["reason"] for line in failures} == {"the message is not JSON"}


def test_an_unreachable_gateway_is_said_in_one_line_and_the_next_poll_makes_up_for_it(
    world: LocalWorld,
) -> None:
    before = len([x for x in log_lines(world, "PollFunction") if x.get("message") == "poll_failed"])
    world.intacct.fault("http_503", count=None)

    def failed() -> list[dict[str, Any]]:
        lines = log_lines(world, "PollFunction")
        return [line for line in lines if line.get("message") == "poll_failed"][before:]

    bill = submit(world, "2000.00")
    wait.until(lambda: bool(failed()), "a poll to fail", timeout=WITHIN)
    assert world.dispatches(bill) == []
    world.intacct.clear_faults()
    await_delivered(world, bill)
    assert {line["code"] for line in failed()} == {"source_unavailable"}


def test_a_dead_session_costs_one_login_and_no_alert(world: LocalWorld) -> None:
    before = world.intacct.tally()["logins"]
    assert world.intacct.kill_sessions() >= 1
    bill = submit(world, "2100.00")
    await_delivered(world, bill)
    assert world.intacct.tally()["logins"] == before + 1


def test_a_killed_worker_sends_no_second_text(world: LocalWorld) -> None:
    dee = world.phone("dee")
    fault = world.twilio.fault(
        "hold", endpoint="messages.create", recipient=dee.number, count=1, seconds=20
    )
    bill = submit(world, "2200.00")
    wait.until(lambda: accepted_for(world, "dee", bill) == 1, "acceptance", timeout=WITHIN)
    for pid in world.stack.worker_pids("SendFunction"):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    fault.lift()
    await_delivered(world, bill)
    assert accepted_for(world, "dee", bill) == 1


def test_a_missing_secret_is_not_configured_and_nobody_logs_in(world: LocalWorld) -> None:
    secrets, secret_id = world.aws.client("secretsmanager"), world.stack.outputs["IntacctSecretId"]
    stored = secrets.get_secret_value(SecretId=secret_id)["SecretString"]
    secrets.put_secret_value(SecretId=secret_id, SecretString="{}")
    # A function keeps a secret for minutes; a new process reads it anew.
    for pid in world.stack.worker_pids("PollFunction"):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    try:
        wait.until(
            lambda: any(
                line.get("message") == "not_configured" and line.get("missing") == "intacct secret"
                for line in log_lines(world, "PollFunction")
            ),
            "the poll to say that it is not configured",
            timeout=WITHIN,
        )
    finally:
        secrets.put_secret_value(SecretId=secret_id, SecretString=stored)
        for pid in world.stack.worker_pids("PollFunction"):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    bill = submit(world, "2300.00")
    await_delivered(world, bill)
