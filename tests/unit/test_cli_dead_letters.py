"""What becomes of messages in the dead-letter queues."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from cli.alerts.dead_letters import Fate, Letter, judge_alerts, judge_runs, letter_of
from ml_connector.aws.queue import message_body
from ml_connector.domain.dispatches import Dispatch, DispatchState
from ml_connector.domain.documents import CompanyState
from tests.support.samples import dispatch

SENT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
NOW = SENT + timedelta(hours=1)
LATER = SENT + timedelta(minutes=5)
EARLIER = SENT - timedelta(minutes=5)


def letter(body: str, name: str = "m1") -> Letter:
    return Letter(name, body, "receipt", SENT)


def bell(name: str) -> Letter:
    return letter(message_body(name), f"m-{name}")


def fates(stored: Sequence[Dispatch], *letters: Letter) -> list[Fate]:
    asked: list[str] = []

    def dispatches(ids: Sequence[str]) -> list[Dispatch]:
        asked.extend(ids)
        return [each for each in stored if each.id in ids]

    verdicts = judge_alerts(letters, dispatches, NOW)
    assert len(asked) == len(set(asked)), "each is read once"
    return [each.fate for each in verdicts]


def test_what_is_due_and_was_never_sent_goes_back() -> None:
    assert fates([dispatch("d1", due_at=NOW)], bell("d1")) == [Fate.BACK]


def test_two_messages_of_one_dispatch_read_it_once() -> None:
    again = Letter("m2", message_body("d1"), "r2", SENT)
    assert fates([dispatch("d1", due_at=NOW)], bell("d1"), again) == [Fate.BACK, Fate.BACK]


@pytest.mark.parametrize(
    "state", [state for state in DispatchState if state is not DispatchState.WAITING]
)
def test_what_was_taken_or_is_settled_is_spent(state: DispatchState) -> None:
    assert fates([dispatch("d1", state=state)], bell("d1")) == [Fate.SPENT]


def test_what_is_not_due_yet_is_spent_for_it_is_queued_when_it_is() -> None:
    assert fates([dispatch("d1", due_at=NOW + timedelta(hours=1))], bell("d1")) == [Fate.SPENT]


def test_a_message_of_nothing_known_is_spent() -> None:
    assert fates([], bell("gone")) == [Fate.SPENT]
    bodies = ("", "not JSON", "[]", '{"v": 2, "dispatch": "d1"}', "[" * 100_000)
    assert fates([], *map(letter, bodies)) == [Fate.SPENT] * len(bodies)


def run_of(body: object, **states: CompanyState) -> tuple[Fate, str]:
    verdict = judge_runs([letter(json.dumps(body))], states)[0]
    return verdict.fate, verdict.said


FAILED_POLL = {"requestPayload": {"company": "acme"}, "requestContext": {"condition": "x"}}


def test_a_failed_poll_is_made_up_for_once_the_company_was_read() -> None:
    read = CompanyState("acme", poll_started_at=LATER, poll_succeeded_at=LATER)
    assert run_of(FAILED_POLL, acme=read) == (Fate.SPENT, "a poll of acme, which was read since")


def test_a_failed_poll_stays_while_the_company_is_not_read() -> None:
    failing = CompanyState("acme", poll_started_at=LATER, poll_succeeded_at=EARLIER)
    assert run_of(FAILED_POLL, acme=failing)[0] is Fate.KEPT
    assert run_of(FAILED_POLL, acme=CompanyState("acme"))[0] is Fate.KEPT


def test_a_failed_poll_of_a_company_that_is_gone_is_spent() -> None:
    assert run_of(FAILED_POLL)[0] is Fate.SPENT


@pytest.mark.parametrize("body", [{}, {"requestPayload": {}}, [], "text", {"company": 5}])
def test_a_tick_is_made_up_for_once_any_poll_began(body: object) -> None:
    began = CompanyState("acme", poll_started_at=LATER)
    assert run_of(body, acme=began, apex=CompanyState("apex"))[0] is Fate.SPENT
    assert run_of(body, acme=CompanyState("acme", poll_started_at=EARLIER))[0] is Fate.KEPT
    assert run_of(body)[0] is Fate.KEPT


def test_a_message_is_read_as_sqs_hands_it_out() -> None:
    message = {
        "MessageId": "m1",
        "Body": "{}",
        "ReceiptHandle": "r1",
        "Attributes": {"SentTimestamp": str(int(SENT.timestamp() * 1000))},
    }
    assert letter_of(message) == Letter("m1", "{}", "r1", SENT)
