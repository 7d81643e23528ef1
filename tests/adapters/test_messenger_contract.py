"""One contract for the Messenger: the fake in memory, and the adapter over the simulated Twilio."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ml_connector.domain.delivery import (
    FINAL,
    Cure,
    MessageStatus,
    ProviderMessage,
    SmsRequest,
)
from ml_connector.domain.gsm7 import segments
from ml_connector.domain.messages import LONGEST_BODY
from ml_connector.errors import (
    DeliveryBlocked,
    DeliveryError,
    DeliveryNotSent,
    DeliveryOutcomeUnknown,
    DeliveryRejected,
    DeliveryTransient,
)
from tests.adapters.messenger_sides import InMemory, Side, Simulated
from tests.adapters.twilio_world import ANN, BEN, TIMEOUT, fresh, sms

SETTLED = 60.0
"""Seconds after which either provider has said its last word about a message."""


@pytest.fixture(params=["memory", "Twilio"])
def side(request: pytest.FixtureRequest) -> Iterator[Side]:
    if request.param == "memory":
        yield InMemory()
        return
    with ExitStack() as stack:
        world = stack.enter_context(fresh(request.getfixturevalue("simulator")))
        yield Simulated(world, stack)


List = Callable[[Side, datetime], Iterable[ProviderMessage]]
LISTS = pytest.mark.parametrize(
    "ask",
    [
        lambda side, since: side.messenger.list_created_since(since),
        lambda side, since: side.messenger.list_to(ANN, since),
    ],
    ids=["all", "to one number"],
)


def send(side: Side, to: str = ANN, body: str = "Acme AP: a bill is waiting. Ref K7F2") -> str:
    return side.messenger.send_sms(sms(to, body), TIMEOUT).sid


def sids(messages: Iterable[ProviderMessage]) -> list[str]:
    return [message.sid for message in messages]


# --------------------------------------------------------------------------------- creating
def test_an_accepted_message_is_shown_as_it_was_asked_for(side: Side) -> None:
    body = "Acme AP: a bill is waiting. " + "x" * 160
    sent = side.messenger.send_sms(sms(ANN, body), TIMEOUT)
    assert side.accepted() == [sent.sid]
    assert (sent.to, sent.body, sent.error_code) == (ANN, body, None)
    assert sent.status is MessageStatus.QUEUED
    assert sent.segments == segments(body).parts == 2
    found = side.messenger.fetch(sent.sid)
    assert found == sent


def test_a_message_is_dated_in_utc_by_the_second(side: Side) -> None:
    side.forward(0.7)
    sent = side.messenger.send_sms(sms(), TIMEOUT)
    assert sent.created_at.tzinfo is UTC
    assert sent.created_at == side.now().replace(microsecond=0)


def test_two_creates_are_two_messages_even_if_they_say_the_same(side: Side) -> None:
    assert send(side) != send(side)
    assert len(side.accepted()) == 2


@pytest.mark.parametrize("code", [21610, 21211, 21614])
def test_a_refused_recipient_is_a_permanent_refusal(side: Side, code: int) -> None:
    side.refuse(ANN, code)
    with pytest.raises(DeliveryRejected) as refused:
        send(side)
    assert (refused.value.provider_code, refused.value.http_status) == (code, 400)
    assert not refused.value.retryable
    assert ANN not in str(refused.value)
    assert side.accepted() == []
    assert [send(side, BEN)] == side.accepted()


def test_a_closed_account_is_for_the_operator(side: Side) -> None:
    side.block()
    with pytest.raises(DeliveryBlocked) as refused:
        send(side)
    assert (refused.value.provider_code, refused.value.http_status) == (20003, 401)
    assert not refused.value.retryable
    assert side.accepted() == []


@pytest.mark.parametrize(("told", "expected"), [(7, 7.0), (None, 1.0)])
def test_too_many_requests_say_when_to_come_again(
    side: Side, told: int | None, expected: float
) -> None:
    side.be_busy(told)
    with pytest.raises(DeliveryTransient) as refused:
        send(side)
    error = refused.value
    assert type(error) is DeliveryTransient
    assert (error.retry_after, error.http_status, error.provider_code) == (expected, 429, 20429)
    assert side.accepted() == []


def test_what_was_accepted_without_our_hearing_is_unknown_and_listed(side: Side) -> None:
    start = side.now()
    side.lose_reply()
    with pytest.raises(DeliveryOutcomeUnknown) as unknown:
        send(side)
    assert not unknown.value.retryable
    assert sids(side.messenger.list_to(ANN, start)) == side.accepted()
    assert len(side.accepted()) == 1


def test_what_was_lost_on_the_way_is_unknown_and_not_listed(side: Side) -> None:
    start = side.now()
    side.lose_request()
    with pytest.raises(DeliveryOutcomeUnknown):
        send(side)
    assert side.accepted() == []
    assert list(side.messenger.list_to(ANN, start)) == []


@pytest.mark.parametrize("trouble", ["lose_reply", "lose_request", "be_busy", "block"])
def test_a_create_is_tried_once_whatever_happens(side: Side, trouble: str) -> None:
    arrange = getattr(side, trouble)
    _ = arrange(1) if trouble == "be_busy" else arrange()
    with suppress(DeliveryError):
        send(side)
    assert side.asked() == 1


def test_where_nobody_listens_nothing_was_sent(side: Side) -> None:
    side.go_away()
    with pytest.raises(DeliveryNotSent) as not_sent:
        send(side)
    assert not_sent.value.retryable
    assert side.accepted() == []


@pytest.mark.parametrize("timeout", [0.0, -3.0])
def test_without_time_nothing_is_sent(side: Side, timeout: float) -> None:
    with pytest.raises(DeliveryNotSent):
        side.messenger.send_sms(sms(), timeout)
    assert side.accepted() == []


@pytest.mark.parametrize(
    "hopeless",
    [
        SmsRequest("0155 0100001", "a bill", 900),
        SmsRequest("", "a bill", 900),
        SmsRequest(ANN, " \n", 900),
        SmsRequest(ANN, "x" * (LONGEST_BODY + 1), 900),
        SmsRequest(ANN, "half \ud83d of a pair", 900),
    ],
    ids=["no E.164", "no number", "no text", "too long", "no Unicode"],
)
def test_what_can_be_no_message_is_rejected_before_it_is_sent(
    side: Side, hopeless: SmsRequest
) -> None:
    with pytest.raises(DeliveryRejected):
        side.messenger.send_sms(hopeless, TIMEOUT)
    assert side.asked() == 0


# ------------------------------------------------------------------------------------ lists
@LISTS
def test_lists_are_newest_first_and_end_at_the_time_given(side: Side, ask: List) -> None:
    made = []
    for _ in range(4):
        made.append(send(side))
        side.forward(60)
    since = side.now() - timedelta(seconds=130)
    assert sids(ask(side, since)) == [made[3], made[2]]
    assert sids(ask(side, since - timedelta(hours=1))) == made[::-1]
    assert sids(ask(side, side.now() + timedelta(seconds=1))) == []


@LISTS
def test_messages_of_one_moment_are_newest_first_too(side: Side, ask: List) -> None:
    start = side.now()
    made = [send(side) for _ in range(3)]
    assert sids(ask(side, start)) == made[::-1]


@LISTS
def test_a_message_of_the_second_asked_from_is_listed(side: Side, ask: List) -> None:
    """A provider that dates by the second must not hide what came in the same second."""
    made = send(side)
    second = side.now().replace(microsecond=0)
    for since in (second, second + timedelta(microseconds=999_999)):
        assert sids(ask(side, since)) == [made]
    assert sids(ask(side, second + timedelta(seconds=1))) == []


@LISTS
def test_a_message_may_be_listed_late(side: Side, ask: List) -> None:
    start = side.now()
    side.list_late(90)
    made = send(side)
    side.forward(89)
    assert sids(ask(side, start)) == []
    side.forward(2)
    assert sids(ask(side, start)) == [made]


@LISTS
def test_a_list_that_cannot_be_had_is_an_error_and_no_empty_list(side: Side, ask: List) -> None:
    start = side.now()
    send(side)
    side.close_lists()
    with pytest.raises(DeliveryTransient):
        list(ask(side, start))


def test_a_list_to_one_number_leaves_out_the_others(side: Side) -> None:
    start = side.now()
    to_ann, to_ben = send(side, ANN), send(side, BEN)
    assert sids(side.messenger.list_to(ANN, start)) == [to_ann]
    assert sids(side.messenger.list_to(BEN, start)) == [to_ben]
    assert sids(side.messenger.list_to("+15550100009", start)) == []
    assert sids(side.messenger.list_created_since(start)) == [to_ben, to_ann]


def test_lists_show_messages_as_a_fetch_does(side: Side) -> None:
    start = side.now()
    sid = send(side)
    side.forward(SETTLED)
    alone = side.messenger.fetch(sid)
    assert list(side.messenger.list_to(ANN, start)) == [alone]
    assert list(side.messenger.list_created_since(start)) == [alone]


# ------------------------------------------------------------------------------------ fetch
def test_a_message_nobody_made_is_none(side: Side) -> None:
    send(side)
    assert side.messenger.fetch("SM" + "f" * 32) is None


@pytest.mark.parametrize("sid", ["", "SM1", "CA" + "0" * 32, "SM" + "0" * 32 + "/Media"])
def test_what_is_no_id_of_a_message_is_rejected(side: Side, sid: str) -> None:
    with pytest.raises(DeliveryRejected):
        side.messenger.fetch(sid)


def test_a_message_that_cannot_be_read_is_an_error_and_not_none(side: Side) -> None:
    sid = send(side)
    side.close_lists()
    with pytest.raises(DeliveryTransient):
        side.messenger.fetch(sid)


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (MessageStatus.DELIVERED, None),
        (MessageStatus.UNDELIVERED, 30003),
        (MessageStatus.UNDELIVERED, 30005),
        (MessageStatus.FAILED, 30034),
        (MessageStatus.FAILED, None),
    ],
)
def test_the_last_word_about_a_message_is_a_status_and_a_code(
    side: Side, status: MessageStatus, code: int | None
) -> None:
    side.fate(ANN, status, code)
    sid = send(side)
    before = side.messenger.fetch(sid)
    assert before is not None
    assert before.status not in FINAL
    assert before.error_code is None
    side.forward(SETTLED)
    after = side.messenger.fetch(sid)
    assert after is not None
    assert (after.status, after.error_code) == (status, code)
    assert after.created_at == before.created_at


def test_a_carrier_that_never_says_more_leaves_it_at_sent(side: Side) -> None:
    side.fate(ANN, MessageStatus.SENT, None)
    sid = send(side)
    side.forward(24 * 3600)
    found = side.messenger.fetch(sid)
    assert found is not None
    assert found.status is MessageStatus.SENT


# ----------------------------------------------------------------------------------- verdicts
@pytest.mark.parametrize(
    ("code", "cure"),
    [
        (30003, Cure.RETRY),
        (30022, Cure.RETRY),
        (63038, Cure.RETRY),
        (30008, Cure.RETRY),
        (None, Cure.RETRY),
        (30005, Cure.PERMANENT),
        (30007, Cure.PERMANENT),
        (30034, Cure.BLOCKED),
        (30002, Cure.BLOCKED),
        (99999, Cure.PERMANENT),
    ],
)
def test_a_code_says_what_helps(side: Side, code: int | None, cure: Cure) -> None:
    verdict = side.messenger.judge(code)
    assert verdict.cure is cure
    assert verdict.reason
    assert bool(verdict.wait_seconds) is (cure is Cure.RETRY)
    assert verdict.operator_action or cure is not Cure.BLOCKED


# ------------------------------------------------------------------------------ blanking
def test_a_text_that_is_over_is_blanked_and_nothing_else_of_it_is(side: Side) -> None:
    first, other = (side.messenger.send_sms(sms(to=who), TIMEOUT) for who in (ANN, BEN))
    side.forward(SETTLED)
    before = side.messenger.fetch(first.sid)
    assert before is not None
    side.messenger.blank(first.sid)
    side.messenger.blank(first.sid)
    assert side.messenger.fetch(first.sid) == replace(before, body="")
    kept = side.messenger.fetch(other.sid)
    assert kept is not None
    assert kept.body


def test_a_text_on_its_way_is_not_blanked(side: Side) -> None:
    message = side.messenger.send_sms(sms(), TIMEOUT)
    with pytest.raises(DeliveryError) as refused:
        side.messenger.blank(message.sid)
    assert refused.value.provider_code == 20009
    side.forward(SETTLED)
    shown = side.messenger.fetch(message.sid)
    assert shown is not None
    assert shown.body


def test_what_the_provider_does_not_know_is_blank(side: Side) -> None:
    side.messenger.blank("SM" + "f" * 32)
    with pytest.raises(DeliveryRejected):
        side.messenger.blank("no SID")
