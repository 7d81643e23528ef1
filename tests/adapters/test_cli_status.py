"""`ml-connector status` against DynamoDB and SQS."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest

from ml_connector.domain.dispatches import DispatchState
from ml_connector.domain.instants import from_text, to_text
from ml_connector.store.models import DispatchItem, PauseItem
from tests.adapters.cli_cases import PolledCompany
from tests.adapters.cli_deployment import FLOW, Stack, deployed


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    with deployed(monkeypatch) as made:
        yield made


@pytest.fixture
def flow(tmp_path: Path) -> Path:
    path = tmp_path / "flow.yaml"
    path.write_text(FLOW)
    return path


def polled(stack: Stack, *, succeeded: datetime, error: str = "") -> None:
    """A poll of acme that read everything at a time, and how the last one ended."""
    documents = stack.deployment.documents
    lease = documents.lease("acme", succeeded, succeeded + timedelta(seconds=1))
    assert lease is not None
    documents.finish(
        replace(lease, baseline_done=True, poll_succeeded_at=succeeded, last_error=error)
    )


def dispatch(
    number: int, state: DispatchState, now: datetime, *, due: datetime, **more: Any
) -> None:
    """A dispatch as the status reads it; what it does not read is filler."""
    look = None if state.settled else int(due.timestamp() * 1000)
    text = to_text(due)
    DispatchItem(
        f"dispatch#d{number}",
        "dispatch",
        due_shard="due" if look else None,
        look_at=look,
        look_text=text if look else None,
        id=f"d{number}",
        company="acme",
        channel="sms",
        recipient="ann",
        members=[],
        text="",
        reference="K7F2",
        validity_seconds=60,
        created_at=to_text(now),
        due_at=text,
        state=state.value,
        sequence=1,
        attempt=1,
        rings=0,
        returns=0,
        empty_lists=0,
        version=1,
        write_id="w",
        **more,
    ).save()


def test_status_of_a_quiet_deployment(stack: Stack, flow: Path) -> None:
    stack.fill(flow)
    now = datetime.now(UTC)
    polled(stack, succeeded=now)
    dispatch(1, DispatchState.SENT, now, due=now)
    dispatch(2, DispatchState.DELIVERED, now, due=now)
    document = stack.json("status")
    assert document["ok"] is True
    assert document["flow_version"] == 1
    assert document["in_flight"] == {"sent": 1}
    assert document["failed_in_24_hours"] == 0
    (company,) = document["companies"]
    assert (company["company"], company["health"]) == ("acme", "ok")
    assert from_text(company["next_due"]) > now
    assert 10_000 < company["api_transactions_this_month"] < 40_000
    shown = stack.run("status").stdout
    assert "Nothing wants a look." in shown
    assert "On their way: 1 sent." in shown
    assert "of 100,000" in shown


def test_status_says_what_today_has_cost_so_far(stack: Stack, flow: Path) -> None:
    stack.fill(flow)
    now = datetime.now(UTC)
    polled(stack, succeeded=now)
    took = {"sent_at": to_text(now), "price_unit": "USD"}
    dispatch(1, DispatchState.DELIVERED, now, due=now, price="-0.0079", **took)
    dispatch(2, DispatchState.CONFIRMED, now, due=now, price="-0.0140", **took)
    dispatch(3, DispatchState.DELIVERED, now, due=now, sent_at=to_text(now))
    long_ago = now - timedelta(days=3)
    old = {**took, "sent_at": to_text(long_ago)}
    dispatch(4, DispatchState.DELIVERED, long_ago, due=long_ago, price="-0.5", **old)
    assert stack.json("status")["today"] == {
        "sent": 3,
        "costs": {"USD": "0.0219"},
        "unpriced": 1,
    }
    shown = stack.run("status").stdout
    assert "Today: 3 texts and calls; USD 0.0219, and 1 not billed yet." in shown


def test_status_reads_the_history_page_by_page_and_no_further_than_it_says(
    stack: Stack, flow: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack.fill(flow)
    now = datetime.now(UTC)
    polled(stack, succeeded=now)
    # DynamoDB hands out a megabyte at a time; history has more than that.
    for number in range(4):
        dispatch(number, DispatchState.FAILED, now, due=now, to="x" * 350_000)
    document = stack.json("status")
    assert (document["failed_in_24_hours"], document["history_read_whole"]) == (4, True)
    monkeypatch.setattr("cli.alerts.lately.MOST_READ", 1)
    document = stack.json("status")
    assert 0 < document["failed_in_24_hours"] < 4
    assert document["history_read_whole"] is False
    assert "of the history only" in stack.run("status").stdout


def test_status_sums_the_bills_that_wait(stack: Stack, flow: Path) -> None:
    stack.fill(flow)
    acme = PolledCompany(stack)
    acme.submit("1", amount="500")
    acme.submit("2", amount="700.50")
    (company,) = stack.json("status")["companies"]
    assert (company["waiting"], company["sums"]) == (2, ["USD 1200.5"])
    assert company["waiting_since"] is not None


def test_status_names_everything_that_wants_a_look(stack: Stack, flow: Path) -> None:
    stack.fill(flow)
    now = datetime.now(UTC)
    long_ago = now - timedelta(hours=3)
    polled(stack, succeeded=long_ago, error="source_auth")
    dispatch(1, DispatchState.WAITING, long_ago, due=long_ago)
    dispatch(2, DispatchState.UNKNOWN, now, due=now)
    dispatch(3, DispatchState.FAILED, now, due=now)
    dispatch(4, DispatchState.FAILED, now - timedelta(days=2), due=now)
    until = to_text(now + timedelta(minutes=5))
    PauseItem("pause#acme", "pause", until=until, reason="blocked").save()
    earlier = to_text(now - timedelta(hours=1))
    PauseItem("pause#acme", "voice", until=until, since=earlier, reason="no flow").save()
    PauseItem("pause#acme", "sms", until=earlier, reason="over").save()
    sqs = boto3.client("sqs")
    sqs.send_message(QueueUrl=stack.outputs["AlertsDlqUrl"], MessageBody="{}")
    document = stack.json("status")
    assert document["ok"] is False
    assert document["failed_in_24_hours"] == 1
    assert document["queues"]["alerts dead letters"] == 1
    seen = "\n".join(document["look_at"])
    for words in (
        "alerts dead letters: 1 message",
        "acme: not read for 3 h",
        "acme: the last poll ended with source_auth",
        "acme: texts and calls stand still until",
        "acme: calls stand still until",
        "1 alert(s) wait although they are due",
        "1 alert(s) of which only Twilio's lists",
    ):
        assert words in seen
    assert len(document["look_at"]) == 7
    (company,) = document["companies"]
    assert company["health"] == "failing: source_auth"
    assert (company["paused_until"], company["pause_reason"]) == (until, "blocked")
    assert [(one["channel"], one["reason"]) for one in company["pauses"]] == [
        ("all", "blocked"),
        ("voice", "no flow"),
    ]


@pytest.mark.parametrize(
    ("error", "command"),
    [("bills_vanished", "alerts gone --company acme"), ("source_auth", "ping")],
)
def test_what_to_do_about_the_last_poll_is_named(
    stack: Stack, flow: Path, error: str, command: str
) -> None:
    stack.fill(flow)
    polled(stack, succeeded=datetime.now(UTC), error=error)
    (line,) = stack.json("status")["look_at"]
    assert line == f"acme: the last poll ended with {error}; run `ml-connector {command}`"


def test_status_without_a_flow_says_so(stack: Stack) -> None:
    document = stack.json("status")
    assert document["flow_version"] is None
    assert document["look_at"][0].startswith("no flow is published")
