"""Each file in events/ is what the trigger it is named after really sends."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from aws_lambda_powertools.utilities.data_classes import SQSEvent

from ml_connector.aws.invoke import PollInvoker
from ml_connector.aws.queue import dispatch_in, message_body
from ml_connector.usecases.nightly import NightPorts
from ml_connector.usecases.summaries import SummaryPorts
from tests.support.evidence import MemoryEvidence
from tests.support.summaries import Mondays
from tests.support.telemetry import RecordingTelemetry
from tests.support.world import World
from tools.tree import ROOT

EVENTS = ROOT / "events"
TEMPLATE = (ROOT / "template.yaml").read_text()


def event(name: str) -> dict[str, Any]:
    body: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text())
    return body


def test_there_is_one_event_for_each_trigger() -> None:
    assert sorted(path.name for path in EVENTS.iterdir()) == [
        "alerts_queue.json",
        "poll_company.json",
        "reconcile_company.json",
        "schedule_nightly.json",
        "schedule_poll.json",
        "schedule_status_check.json",
        "summarise_company.json",
    ]


@pytest.mark.parametrize("name", ["schedule_poll", "schedule_status_check"])
def test_a_schedule_sends_what_the_template_tells_it_to(name: str) -> None:
    assert event(name) == {"v": 1, "trigger": "schedule"}
    assert "company" not in event(name)
    assert TEMPLATE.count("""Input: '{"v": 1, "trigger": "schedule"}'""") == 2


def test_the_schedule_of_the_night_sends_what_the_template_tells_it_to() -> None:
    assert event("schedule_nightly") == {"v": 1, "trigger": "nightly"}
    assert TEMPLATE.count("""Input: '{"v": 1, "trigger": "nightly"}'""") == 1


@pytest.mark.parametrize(
    ("name", "task"),
    [
        ("poll_company", ""),
        ("reconcile_company", "reconcile"),
        ("summarise_company", "summarise"),
    ],
)
def test_what_is_done_for_one_company_is_started_with_what_the_invoker_sends(
    name: str, task: str
) -> None:
    sent: list[Any] = []

    class Lambda:
        def invoke(self, **call: Any) -> None:
            sent.append(json.loads(call["Payload"]))

    PollInvoker(Lambda(), "poll").start("acme", task)
    assert sent == [event(name)]


def test_the_queue_hands_out_two_messages_in_the_shape_lambda_gives_them() -> None:
    records = list(SQSEvent(event("alerts_queue")).records)
    assert len(records) == 2
    for record in records:
        assert uuid.UUID(record.message_id)
        assert record.event_source == "aws:sqs"
        assert record.queue_url.startswith("https://sqs.us-east-1.amazonaws.com/123456789012/")
        assert record.md5_of_body == hashlib.md5(record.body.encode()).hexdigest()  # noqa: S324
        attributes = record.attributes
        assert int(attributes.approximate_receive_count) >= 1
        sent, first = attributes.sent_timestamp, attributes.approximate_first_receive_timestamp
        assert int(sent) <= int(first)
        assert datetime.fromtimestamp(int(sent) / 1000, UTC).year == 2026


def test_every_message_of_the_queue_names_a_dispatch_and_nothing_else() -> None:
    bodies = [record["body"] for record in event("alerts_queue")["Records"]]
    dispatches = [dispatch_in(body) for body in bodies]
    assert len(set(dispatches)) == 2
    assert bodies == [message_body(dispatch) for dispatch in dispatches]


# -------------------------------------------------------------- run through the handlers
class Telemetry(RecordingTelemetry):
    """The recording one, with what a handler does to it besides."""

    def begin(self, request_id: str) -> None:
        self.event("begun", request_id=request_id)

    def flush(self) -> None:
        """Metrics are kept."""


class Context:
    """What Lambda hands a handler beside the event."""

    aws_request_id = "request-1"

    @staticmethod
    def get_remaining_time_in_millis() -> int:
        return 30_000


class Container:
    """In place of the function's own: the same ports, in memory."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.telemetry = Telemetry()
        self.poll_ports = replace(world.poll_ports, telemetry=self.telemetry)
        self.dispatch_ports = replace(world.ports, telemetry=self.telemetry)
        self.invoker = self
        self.night_ports = NightPorts(self.poll_ports, MemoryEvidence(world.tables))
        self.settings = SimpleNamespace(summary_topic="arn")
        self.mondays = Mondays(world)
        self.summary_ports = SummaryPorts(self.poll_ports, self.mondays.topic)
        self.started: list[str] = []
        self.roots: list[datetime] = []

    def go_on(self, until: datetime) -> None:
        """In place of what keeps the daily root."""
        self.roots.append(until)

    def start(self, company: str, task: str) -> None:
        self.started.append(f"{task} {company}".strip())

    def begin(self, context: Context) -> None:
        assert context.aws_request_id

    def until(self, context: Context) -> datetime:
        left = timedelta(milliseconds=context.get_remaining_time_in_millis())
        return self.world.clock.now() + left


@pytest.fixture
def container() -> Container:
    return Container(World())


def run(function: str, name: str, container: Container) -> Any:
    """What the handler of a function answers to an event."""
    path = ROOT / "functions" / function / "app.py"
    spec = importlib.util.spec_from_file_location(f"{function}_app", path)
    assert spec
    assert spec.loader
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.container = module.roots = container
    return module.handler(event(name), Context())


def test_a_tick_starts_the_poll_of_every_company_that_is_due(container: Container) -> None:
    assert run("poll", "schedule_poll", container) == {"started": ["acme"]}
    assert container.started == ["acme"]


def test_the_poll_of_one_company_reads_its_bills(container: Container) -> None:
    container.world.ledger.submit("4711")
    answer = run("poll", "poll_company", container)
    assert (answer["outcome"], answer["bills"]) == ("polled", 1)


def test_a_tick_on_a_monday_morning_has_every_company_summarised_as_well(
    container: Container,
) -> None:
    container.world.open("4711")
    container.world.clock.forward_to(datetime(2026, 11, 30, 14, tzinfo=UTC))
    assert run("poll", "schedule_poll", container) == {"started": ["acme"]}
    assert container.started == ["acme", "summarise acme"]
    container.settings.summary_topic = ""
    run("poll", "schedule_poll", container)
    assert container.started[2:] == ["acme"]


def test_the_week_of_one_company_is_published_once(container: Container) -> None:
    container.world.open("4711")
    container.world.clock.forward_to(datetime(2026, 11, 30, 14, tzinfo=UTC))
    assert run("poll", "summarise_company", container) == {"outcome": "yes"}
    assert run("poll", "summarise_company", container) == {"outcome": "done_before"}
    assert len(container.mondays.topic.mails) == 1


def test_a_tick_at_night_has_every_company_reconciled(container: Container) -> None:
    assert run("poll", "schedule_nightly", container) == {"started": ["acme"]}
    assert container.started == ["reconcile acme"]


def test_a_company_is_held_against_the_audit_trail_and_a_case_deleted_by_hand_is_said(
    container: Container,
) -> None:
    dispatch = container.world.open("4711")
    answer = run("poll", "reconcile_company", container)
    assert (answer["outcome"], answer["rows"], answer["unexplained"]) == ("reconciled", 1, 0)
    del container.world.tables.cases[dispatch.members[0].case_id]
    assert run("poll", "reconcile_company", container)["unexplained"] == 1
    assert container.telemetry.metrics["DocumentsUnexplained"] == 1


def test_the_messages_of_the_queue_are_sent(container: Container) -> None:
    # The dispatches they name are those of the first two bills of the first person.
    container.world.open("4711")
    container.world.open("4712")
    assert run("send", "alerts_queue", container) == {"batchItemFailures": []}
    assert len(container.world.provider.log) == 2


def test_messages_about_dispatches_nobody_knows_are_handed_back(container: Container) -> None:
    failures = run("send", "alerts_queue", container)["batchItemFailures"]
    records = event("alerts_queue")["Records"]
    assert [one["itemIdentifier"] for one in failures] == [one["messageId"] for one in records]


def test_a_tick_of_the_status_check_settles_what_was_sent(container: Container) -> None:
    container.world.open("4711")
    container.world.drain()
    container.world.clock.forward(minutes=2)
    answer = run("status_check", "schedule_status_check", container)
    assert (answer["looked_at"], answer["settled"]) == (1, 1)
    assert len(container.roots) == 1
