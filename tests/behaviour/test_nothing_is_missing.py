"""Every night all that Intacct had is held against the audit trail; and what the dashboard shows.

On the deployed template: the event as the schedule's tick sends it on, the alarm, the command an
operator then types, and the dashboard's parts over the lines the functions really wrote.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from ml_connector.domain.dispatches import DispatchState
from ml_connector.store.models import CaseItem
from sandbox.aws import wait
from sandbox.aws.alarms import Alarms
from sandbox.aws.dashboard import groups, log_part, parts
from sandbox.aws.stack import STACK_NAME
from sandbox.intacct.client import Record
from sandbox.world import LocalWorld
from tools.tree import ROOT

pytestmark = pytest.mark.deployed

WITHIN = 120.0
POLLS = "PollFunctionEveryMinute"


@pytest.fixture(scope="module")
def world() -> Iterator[LocalWorld]:
    """A world of this file's own, with time for what nobody waits for at night."""
    with LocalWorld(minute_seconds=5.0) as started:
        started.await_first_poll(within=WITHIN)
        yield started


def submit(world: LocalWorld, amount: str, number: str, *, settled: DispatchState) -> Record:
    bill = world.submit("V-104", amount, number)
    wait.until(
        lambda: settled in [one.state for one in world.dispatches(bill)],
        f"{number} to be {settled.value}",
        timeout=WITHIN,
    )
    return bill


def event(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ROOT / "events" / f"{name}.json").read_text())
    return found


def invoke(world: LocalWorld, name: str) -> dict[str, Any]:
    """The poll function with one of the events, as the schedule or a tick invokes it."""
    reply = world.aws.client("lambda").invoke(
        FunctionName=f"{world.stack.outputs['PollFunctionName']}:live",
        Payload=json.dumps(event(name)),
    )
    answer: dict[str, Any] = json.loads(reply["Payload"].read())
    return answer


def reconcile(world: LocalWorld) -> subprocess.CompletedProcess[str]:
    """The operator's command, as it is typed."""
    today = world.schedules.now().date().isoformat()
    words = ["audit", "reconcile", "--from", today, "--stack", STACK_NAME, "--json"]
    return subprocess.run(
        [sys.executable, "-m", "cli", *words],
        cwd=ROOT,
        env=world.aws.environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_case_deleted_by_hand_raises_the_alarm_and_the_command_names_the_bill(
    world: LocalWorld,
) -> None:
    bill = submit(world, "1500.00", "N-4711", settled=DispatchState.DELIVERED)
    alarms = Alarms(world.stack, minute_seconds=1.0)
    alarms.evaluate()
    before = invoke(world, "reconcile_company")
    assert (before["outcome"], before["unexplained"]) == ("reconciled", 0)
    assert before["rows"] > 0
    assert before["transactions"] <= 3
    alarms.evaluate()
    assert alarms.states()["UnexplainedAlarm"] != "ALARM"
    # A poll would miss the case of a bill that waits as well.
    world.schedules.disable(POLLS)
    (case,) = world.cases(bill)
    kept = CaseItem.get(f"case#{case.id}", "case")
    kept.delete()
    try:
        found = invoke(world, "reconcile_company")
        assert (found["outcome"], found["unexplained"]) == ("reconciled", 1)
        wait.until(lambda: _rings(alarms), "the alarm to be raised", timeout=WITHIN)
        done = reconcile(world)
        assert done.returncode == 1, done.stderr
        (company,) = json.loads(done.stdout)["companies"]
        assert [one["number"] for one in company["unexplained"]] == ["N-4711"]
        (line,) = _lines(world, "document_unexplained")
        assert line["document"] == f"bill#{bill.recordno}"
        assert str(bill["VENDORNAME"]) not in json.dumps(line)
    finally:
        kept.save()
        world.schedules.enable(POLLS)
    mended = invoke(world, "reconcile_company")
    assert mended["unexplained"] == 0


def test_a_tick_of_the_night_starts_the_companies_and_each_once_a_night(world: LocalWorld) -> None:
    invoke(world, "reconcile_company")
    assert invoke(world, "schedule_nightly") == {"started": []}


def test_every_part_of_the_dashboard_names_what_the_functions_really_write(
    world: LocalWorld,
) -> None:
    told = submit(world, "1600.00", "N-4712", settled=DispatchState.DELIVERED)
    world.phone("fay").will_press("1")
    submit(world, "30000.00", "N-4713", settled=DispatchState.CONFIRMED)
    world.phone("cho").turn_off()
    submit(world, "2600.00", "N-4714", settled=DispatchState.UNDELIVERED)
    world.intacct.approve(int(told.recordno))
    invoke(world, "reconcile_company")
    wait.until(
        lambda: (
            {"4 approval"} <= {line["stage"] for line in _lines(world, "alert_took")}
            and _lines(world, "price_known")
        ),
        "an approval and a price to be said",
        timeout=WITHIN,
    )
    found = {part.title: part for part in parts(world.stack)}
    logs = [part for part in found.values() if part.kind == "log"]
    assert len(logs) >= 7
    for part in logs:
        assert part.rows, part.title
        assert not part.unheard, part.title
    times = found["Seconds from when the poll saw a bill"].rows
    assert [row[0] for row in times] == ["1 alert", "2 delivery", "3 confirmation", "4 approval"]
    spent = found["Spent at Twilio, as far as it has said"].rows
    assert {row[1] for row in spent} <= {"sms", "voice"}
    totals = {row[0]: row[2] for row in found["In the time shown"].rows}
    assert float(totals["alerts sent"]) >= 3
    assert found["Polls"].silent <= {"PollsFailed"}


def test_a_part_that_names_a_field_no_line_carries_is_found(world: LocalWorld) -> None:
    group = world.stack.resources("AWS::Lambda::Function")["PollFunction"]["LoggingConfig"]
    query = f"SOURCE '{group['LogGroup']}' | filter message = 'polled' | stats sum(spent) as spent"
    assert log_part("Spent", query, groups(world.stack)).unheard == {"spent"}


def _rings(alarms: Alarms) -> bool:
    alarms.evaluate()
    return alarms.states()["UnexplainedAlarm"] == "ALARM"


def _lines(world: LocalWorld, message: str) -> list[dict[str, Any]]:
    functions = ("PollFunction", "SendFunction", "StatusCheckFunction")
    texts = [line for name in functions for line in world.stack.log(name) if line[:1] == "{"]
    return [line for line in map(json.loads, texts) if line.get("message") == message]
