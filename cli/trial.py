"""One real text or call that says it is a test, and what its outcome means for whoever asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Protocol, TypeAlias

from ml_connector.domain.delivery import (
    ARRIVED,
    NOT_ARRIVED,
    CallRequest,
    CallStatus,
    Cure,
    MessageStatus,
    ProviderCall,
    ProviderMessage,
    Sending,
    SmsRequest,
    Verdict,
)
from ml_connector.domain.formats import language_of
from ml_connector.twilio.announce import AnnouncingCaller
from ml_connector.twilio.messages import TwilioMessenger
from ml_connector.twilio.studio import StudioCaller

#: Seconds for the one request that creates it, and after which a text may be dropped.
TIMEOUT, VALIDITY = 10.0, 600

Caller: TypeAlias = StudioCaller | AnnouncingCaller

#: Without the accents that GSM-7 lacks: one of them would make two segments of one.
_TEXTS = MappingProxyType(
    {
        "en": "Test from ml-connector ({stage}): alerts will come from this number. "
        "Nothing to do. Code {code}",
        "es": "Prueba de ml-connector ({stage}): los avisos llegaran desde este numero. "
        "No hay nada que hacer. Codigo {code}",
    }
)
_SPOKEN = MappingProxyType(
    {
        "en": "This is a test from ml-connector. Alerts will come from this number.",
        "es": "Esta es una prueba de ml-connector. Los avisos llegarán desde este número.",
    }
)


@dataclass(frozen=True, slots=True)
class Result:
    """How it ended, in a word and in a sentence. `fix` is what to do where it did not arrive."""

    ok: bool
    outcome: str
    said: str
    fix: str = ""
    error_code: int | None = None


class Trial(Protocol):
    """Something that is sent once and then looked at. Raises only the DeliveryError family."""

    def start(self) -> Sending:
        """Send it, once."""

    def find(self, since: datetime) -> Sending | None:
        """It among what was sent since, for when no answer to the start came back."""

    def look(self, sid: str) -> Sending | None:
        """Where it is now."""

    def judge(self, sending: Sending) -> Result:
        """What that means."""


class TextTrial:
    """A text. `code` is how it is found again; no alert carries one like it."""

    def __init__(
        self, messenger: TwilioMessenger, to: str, *, stage: str, code: str, language: str
    ) -> None:
        self._messenger = messenger
        self._to = to
        self._code = code
        self.text = _in(language, _TEXTS).format(stage=stage, code=code)

    def start(self) -> ProviderMessage:
        """Send it, once."""
        return self._messenger.send_sms(SmsRequest(self._to, self.text, VALIDITY), TIMEOUT)

    def find(self, since: datetime) -> ProviderMessage | None:
        """It among the texts to this number."""
        listed = self._messenger.list_to(self._to, since)
        return next((message for message in listed if self._code in message.body), None)

    def look(self, sid: str) -> ProviderMessage | None:
        """Where it is now."""
        return self._messenger.fetch(sid)

    def judge(self, sending: Sending) -> Result:
        """What that means."""
        assert isinstance(sending, ProviderMessage)  # nosec B101 # noqa: S101 - what start and look return
        word, code = sending.status.value, sending.error_code
        if sending.status in ARRIVED:
            return Result(True, word, "delivered")
        if sending.status in NOT_ARRIVED:
            return _failed(word, code, self._messenger.judge(code))
        if sending.status is MessageStatus.SENT:
            said = "the carrier has it and has not confirmed that it arrived; look at the phone"
            return Result(True, word, said)
        return Result(False, word, f"Twilio still holds it ({word})", "look at Twilio's log later")


class CallTrial:
    """A call. `code` is what it carries instead of a dispatch."""

    def __init__(self, caller: Caller, to: str, *, code: str, language: str) -> None:
        self._caller = caller
        self._to = to
        self._code = code
        self._language = language
        self.text = _in(language, _SPOKEN)

    def start(self) -> ProviderCall:
        """Place it, once."""
        request = CallRequest(self._to, self.text, self._code, self._language)
        return self._caller.place_call(request, TIMEOUT)

    def find(self, since: datetime) -> ProviderCall | None:
        """It among the calls to this number; one that only announces carries no code."""
        listed = self._caller.list_to(self._to, since)
        return next((c for c in listed if c.dispatch_id == self._code), None)

    def look(self, sid: str) -> ProviderCall | None:
        """Where it is now."""
        return self._caller.outcome(sid)

    def judge(self, sending: Sending) -> Result:
        """What that means."""
        assert isinstance(sending, ProviderCall)  # nosec B101 # noqa: S101 - what start and look return
        word, code = sending.status.value, sending.error_code
        if sending.status is CallStatus.FAILED:
            return _failed(word, code, self._caller.judge_call(code))
        taken, said, fix = _CALLS.get(
            sending.status, (False, f"the call goes on ({word})", "look at Twilio's log later")
        )
        return Result(taken, word, said, fix, code)


_CALLS: Mapping[CallStatus, tuple[bool, str, str]] = MappingProxyType(
    {
        CallStatus.CONFIRMED: (True, "taken, and confirmed with a key", ""),
        CallStatus.DECLINED: (True, "taken, and declined with a key", ""),
        CallStatus.NO_INPUT: (True, "taken; nobody pressed a key", ""),
        CallStatus.WRONG_KEY: (True, "taken; another key was pressed", ""),
        CallStatus.ANNOUNCED: (
            True,
            "taken by somebody or something; no key is asked for without a published voice flow",
            "",
        ),
        CallStatus.MACHINE: (
            False, "a machine answered", "let the approver save our number, and answer it"
        ),
        CallStatus.BUSY: (False, "the line was busy", "try again later"),
        CallStatus.NO_ANSWER: (False, "nobody took the call", "try again later"),
        CallStatus.CANCELED: (False, "ended before anybody answered", "try again later"),
    }
)  # fmt: skip


def _in(language: str, texts: Mapping[str, str]) -> str:
    return texts[language_of(language)]


def _failed(word: str, code: int | None, verdict: Verdict) -> Result:
    """The fix is the error table's; without one it depends on whether time helps."""
    passing = "it may pass: try again later"
    fix = verdict.operator_action or (passing if verdict.cure is Cure.RETRY else "")
    numbered = f"{word}, error {code}" if code else word
    return Result(False, word, f"{numbered}: {verdict.reason}", fix, code)
