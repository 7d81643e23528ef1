"""Rules on failing polls: what they say, what they may not ask for, and the words for it."""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.flow.silence import complaints
from ml_connector.domain.events import EventKind, silence_event
from ml_connector.domain.flows import decide, parse
from ml_connector.domain.gsm7 import segments
from ml_connector.domain.messages import Ask, Detail, Manner, reference_in
from ml_connector.domain.silences import Silence
from ml_connector.domain.voice_script import LONGEST_SPOKEN, spoken
from ml_connector.domain.wording import event_text
from ml_connector.errors import ConfigurationError
from tests.support.properties import unhurried
from tests.support.world import DEFAULT_FLOW

SINCE = datetime(2026, 11, 23, 14, 5, tzinfo=UTC)
SILENCE = Silence("acme", SINCE, ZoneInfo("America/Chicago"))
FAILING = EventKind.POLL_FAILING


def flow_of(**rule: Any) -> dict[str, Any]:
    body = deepcopy(dict(DEFAULT_FLOW))
    told = {"name": "silence", "on": ["poll.failing"], "notify": [{"sms": {"to": "lea"}}], **rule}
    return {**body, "ap_lead": "max", "rules": [*body["rules"], told]}


def words(channel: str, language: str = "en-US", detail: Detail = "full", ask: Ask = "one") -> str:
    manner = Manner(language, detail, ask)
    return event_text(channel, FAILING, "Acme AP", SILENCE, "K7F3", manner)


# ----------------------------------------------------------------------------------- words
def test_a_text_says_since_when_on_the_companys_clock_and_what_to_do_in_one_segment() -> None:
    assert words("sms") == (
        "Acme AP: nothing was read from Intacct since Nov 23, 08:05. Nobody is told of bills until "
        "that works again. Look in Intacct and call IT. Reply 1 = seen. Ref K7F3"
    )


def test_the_least_that_is_said() -> None:
    assert words("sms", detail="reference_only", ask="nothing") == (
        "Acme AP: nothing can be read from Intacct. Look there and call IT. Ref K7F3"
    )


def test_a_call_says_the_same() -> None:
    assert words("voice") == (
        "Acme AP. Nothing was read from Intacct since November 23, 08:05. Nobody is told of bills "
        "until that works again. Please look in Intacct yourself, and call your IT."
    )


@pytest.mark.parametrize("detail", ["full", "reference_only"])
@pytest.mark.parametrize("tag", ["en-US", "en-GB", "es-MX", "es-ES", "de-DE"])
@unhurried
@given(company=st.text(max_size=120), ask=st.sampled_from(["nothing", "one", "reference"]))
def test_whatever_the_company_is_called(company: str, ask: Ask, tag: str, detail: Detail) -> None:
    manner = Manner(tag, detail, ask)
    text = event_text("sms", FAILING, company, SILENCE, "K7F3", manner)
    assert segments(text).parts <= 2
    assert reference_in(text) == "K7F3"
    call = event_text("voice", FAILING, company, SILENCE, "K7F3", manner)
    assert call == spoken(call, tag)
    assert len(call) <= LONGEST_SPOKEN


def test_our_own_words_are_plain_in_both_languages() -> None:
    for tag in ("en-US", "es-MX"):
        assert segments(words("sms", tag)).encoding == "GSM-7"


def test_one_silence_is_one_event_and_the_next_another() -> None:
    assert silence_event(SILENCE).id == silence_event(SILENCE).id
    later = Silence("acme", datetime(2026, 11, 24, tzinfo=UTC), SILENCE.wall)
    assert silence_event(later).id != silence_event(SILENCE).id
    assert silence_event(SILENCE).document == "system"


# ----------------------------------------------------------------------------------- rules
def test_the_rule_is_a_sentence_like_others() -> None:
    step = {"voice": {"to": "ap_lead", "confirm": True}}
    then = {"sms": {"to": "default_approver", "after": 1800, "unless": "confirmed"}}
    (*_, rule) = parse(flow_of(notify=[step, then], companies=["acme"]), 1).rules
    assert rule.sentence == (
        "When nothing can be read from Intacct for too long in company acme, call the AP lead and "
        "ask for confirmation (up to 3 calls); after 30 minutes, unless confirmed, text the "
        "default approver."
    )


@pytest.mark.parametrize(
    ("to", "candidates"),
    [("lea", ("lea", "ann")), ("ap_lead", ("max", "ann")), ("default_approver", ("ann",))],
)
def test_whom_a_step_may_name(to: str, candidates: tuple[str, ...]) -> None:
    decision = decide(parse(flow_of(notify=[{"sms": {"to": to}}]), 1), FAILING, SILENCE)
    assert decision
    assert decision.candidates == (candidates,)


def test_a_rule_about_bills_never_takes_it() -> None:
    assert decide(parse(DEFAULT_FLOW, 1), FAILING, SILENCE) is None


REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"on": ["bill.submitted", "poll.failing"]}, "on", "rule of its own"),
    ({"when": {"amount": {"currency": "USD", "at_least": "10"}}}, "when", "condition"),
    ({"approver": "lea"}, "approver", "name"),
    ({"levels": ["lea"]}, "levels", "name"),
    ({"notify": [{"sms": {"to": "approver"}}]}, "notify", "ap_lead, default_approver or"),
    ({"notify": [{"voice": {"to": "manager"}}]}, "notify", "ap_lead, default_approver or"),
    ({"notify": [{"sms": {"to": "next_level"}}]}, "notify", "ap_lead, default_approver or"),
    ({"notify": [{"sms": {"to": "lea", "detail": "amount_only"}}]}, "notify", "reference_only"),
    ({"notify": [{"sms": {"to": "lea", "link": True}}]}, "notify", "bill"),
]


@pytest.mark.parametrize(("rule", "place", "expected"), REFUSED)
def test_what_makes_no_sense_without_a_bill_is_refused_with_place_and_reason(
    rule: dict[str, Any], place: str, expected: str
) -> None:
    with pytest.raises(ConfigurationError) as refused:
        parse(flow_of(**rule), 3)
    assert f'rules[2] "silence".{place}' in refused.value.safe_message
    assert expected in refused.value.safe_message


@pytest.mark.parametrize(("rule", "place", "expected"), REFUSED)
def test_the_command_refuses_the_same_before_it_is_published(
    rule: dict[str, Any], place: str, expected: str
) -> None:
    ((path, found, wanted),) = complaints(flow_of(**rule)["rules"][-1])
    assert path[0] == place
    assert "poll.failing" in found
    assert expected in wanted


def test_a_rule_without_them_is_not_complained_of() -> None:
    assert list(complaints(flow_of()["rules"][-1])) == []


def test_a_default_approver_who_is_nobody_is_refused() -> None:
    body = flow_of(notify=[{"sms": {"to": "default_approver"}}])
    del body["default_approver"]
    body["rules"] = body["rules"][1:]
    with pytest.raises(ConfigurationError, match="reaches nobody in company acme: there is no de"):
        parse(body, 1)
