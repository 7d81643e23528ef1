"""Every line the deployed functions logged, searched after the story and some trouble.

What is looked for: numbers in every spelling, names of people and vendors, bodies of texts, what
was said in calls, secrets, session ids. A line with a planted number, name and secret shows first
that a search over CloudWatch finds such things at all.
"""

from __future__ import annotations

import json
import os
import re
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from rich.console import Console

from cli.alerts.insights import log_query
from ml_connector.domain.dispatches import DispatchState
from sandbox.aws import wait
from sandbox.demo.narrator import Narrator
from sandbox.demo.story import Story
from sandbox.intacct.client import Record
from sandbox.intacct.seed import VENDORS
from sandbox.world import PEOPLE, SENDER, LocalWorld
from tests.support.log_search import Found, Needle, of_name, of_number, of_secret, search

pytestmark = pytest.mark.deployed

FUNCTIONS = ("PollFunction", "SendFunction", "StatusCheckFunction")
#: What stands in secrets and is no secret: ids, our own number, the name of the flow.
PUBLIC = ("account_sid", "company_id", "user_id", "sender_id", "from", "voice_flow")
PATIENCE = 8.0
WITHIN = 240.0


@pytest.fixture(scope="module")
def told() -> Iterator[LocalWorld]:
    """A world of its own, in which the whole story was told and some things went wrong."""
    with LocalWorld() as world:
        world.await_first_poll(WITHIN)
        narrator = Narrator(Console(quiet=True), PATIENCE)
        Story(world, narrator).run()
        assert not narrator.missing
        trouble(world)
        yield world


def trouble(world: LocalWorld) -> None:
    """What is logged when something fails, on either side and in the store's own words."""
    dee = world.phone("dee")
    dee.turn_on()
    for number, (kind, options) in enumerate(
        (
            ("error_after", {"endpoint": "messages.create", "count": 1}),
            ("error_before", {"endpoint": "messages.create", "count": 1}),
            ("refuse", {"recipient": dee.number, "code": 21211, "count": 1}),
            ("refuse", {"recipient": dee.number, "code": 21610, "count": 1}),
        )
    ):
        world.twilio.fault(kind, **options)
        bill = world.submit("V-104", "1600.00", f"L-{number}")
        settled(world, bill)
        world.twilio.clear_faults()
    world.intacct.kill_sessions()
    world.intacct.fault("http_503", count=2)
    queue = world.stack.outputs["AlertsQueueUrl"]
    body = json.dumps({"v": 1, "dispatch": f"{dee.number} Dee Deputy"})
    world.aws.client("sqs").send_message(QueueUrl=queue, MessageBody=body)
    for pid in world.stack.worker_pids("StatusCheckFunction"):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    settled(world, world.submit("V-107", "90.00", "L-9"))


def settled(world: LocalWorld, bill: Record) -> None:
    def over() -> bool:
        states = [dispatch.state for dispatch in world.dispatches(bill)]
        return bool(states) and states[-1].settled and states[-1] is not DispatchState.UNCONFIRMED

    wait.until(over, f"{bill['RECORDID']} to be settled", timeout=WITHIN)


# -------------------------------------------------------------------------------- searching
def lines(world: LocalWorld) -> list[str]:
    return [line for function in FUNCTIONS for line in world.stack.log(function)]


def needles(world: LocalWorld) -> list[Needle]:
    """Everything of the sandbox that no line may hold."""
    found = [needle for number in numbers(world) for needle in of_number(number)]
    found += [needle for person in PEOPLE for needle in of_name(person.name)]
    found += [Needle("vendors", name, whole_word=True) for _, name, _ in VENDORS]
    found += [Needle("texts", accepted.text) for accepted in world.twilio.accepted()]
    spoken = (
        words
        for person in PEOPLE
        for call in world.phone(person.id).calls()
        for words in call.heard
    )
    found += [Needle("texts", words) for words in spoken if words.strip()]
    found.append(Needle("texts", "Waiting for approval in Intacct"))
    secrets = world.aws.client("secretsmanager")
    for output in ("IntacctSecretId", "TwilioSecretId"):
        text = secrets.get_secret_value(SecretId=world.stack.outputs[output])["SecretString"]
        found += of_secret(json.loads(text), PUBLIC)
    found += [Needle("session ids", each) for each in session_ids(world)]
    return [needle for needle in found if needle.text]


def numbers(world: LocalWorld) -> set[str]:
    return (
        {person.phone for person in PEOPLE}
        | {SENDER}
        | {a.recipient for a in world.twilio.accepted()}
    )


def session_ids(world: LocalWorld) -> set[str]:
    table = world.stack.outputs["SessionsTableName"]
    items = world.aws.client("dynamodb").scan(TableName=table)["Items"]
    return {item["session_id"]["S"] for item in items if "session_id" in item}


def planted(world: LocalWorld, function: str, words: str) -> None:
    """A line somebody wrote past everything."""
    group = world.stack.resources("AWS::Lambda::Function")[function].get("LoggingConfig", {})
    name = group.get("LogGroup", f"/aws/lambda/{world.stack.physical[function]}")
    logs = world.aws.client("logs")
    with suppress(logs.exceptions.ResourceAlreadyExistsException):
        logs.create_log_stream(logGroupName=name, logStreamName="planted")
    event = {"timestamp": int(time.time() * 1000), "message": words}
    logs.put_log_events(logGroupName=name, logStreamName="planted", logEvents=[event])


def test_no_line_of_any_function_holds_what_it_may_not(told: LocalWorld) -> None:
    looked_for = needles(told)
    kinds = {needle.kind for needle in looked_for}
    assert kinds == {"numbers", "names", "vendors", "texts", "secrets", "session ids"}
    before = lines(told)
    secret = next(needle.text for needle in looked_for if needle.kind == "secrets")
    words = f"PLANTED to {PEOPLE[0].phone} of {PEOPLE[0].name} with {secret}"
    for function in FUNCTIONS:
        planted(told, function, words)
    control: Found = search([line for line in lines(told) if "PLANTED" in line], looked_for)
    assert control.lines == len(FUNCTIONS)
    assert {"numbers", "names", "secrets"} <= set(control.kinds)
    for function in FUNCTIONS:
        assert told.stack.log(function), function
    found = search(before, looked_for)
    print(f"\n{found}")  # noqa: T201 - the counts are what is asked for
    assert found.lines > 200
    assert found.hits == (), str(found)


# ------------------------------------------------------------------------- one id for all
def test_the_query_of_a_case_finds_its_lines_in_all_three_functions(told: LocalWorld) -> None:
    (bill,) = [b for b in bills(told) if b["RECORDID"] == "INV-4711"]
    (case,) = told.cases(bill)
    query = log_query("stack", case.id, [d.id for d in told.dispatches(bill)])
    asked = re.search(r"filter case like /(\w+)/ or dispatch like /([\w|]+)/", query.query)
    assert asked
    said = {function: matching(told, function, asked[1], asked[2]) for function in FUNCTIONS}
    assert "event_detected" in said["PollFunction"]
    assert "message_done" in said["SendFunction"]
    assert "alert_delivered" in said["StatusCheckFunction"]
    for function in FUNCTIONS:
        # Nothing about it is found by its dispatches alone: the case is in every line.
        assert matching(told, function, asked[1], "no such id") == said[function]


def bills(world: LocalWorld) -> list[Record]:
    return list(world.intacct.bills())


def matching(world: LocalWorld, function: str, case: str, dispatches: str) -> list[str]:
    """The names of the lines the query's filter lets through, as CloudWatch would."""
    found: list[dict[str, Any]] = [
        json.loads(line) for line in world.stack.log(function) if line.startswith("{")
    ]
    return [
        line["message"]
        for line in found
        if re.search(case, str(line.get("case", "")))
        or re.search(dispatches, str(line.get("dispatch", "")))
    ]
