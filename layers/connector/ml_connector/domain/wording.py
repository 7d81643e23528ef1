"""Which words go with which event, in which language. What has no words here cannot be told."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

from .events import EventKind
from .formats import HOME, language_of, written_day
from .messages import PLAIN, Manner, notice_sms, phrases_of
from .silence_words import silence_sms
from .silences import Silence
from .sms_words import ENGLISH, SMS_LANGUAGES

if TYPE_CHECKING:
    from .documents import AnyDocument, Subject

#: The English words, which calls have too.
WORDS = ENGLISH.events

#: The events there is a text for.
TELLABLE = frozenset(WORDS)

#: The events a rule may name.
RULED = TELLABLE | {EventKind.POLL_FAILING}


def event_sms(
    kind: EventKind,
    company_name: str,
    document: AnyDocument,
    reference: str,
    manner: Manner = PLAIN,
) -> str:
    """The SMS for an event of a document. KeyError for a kind that is not in `TELLABLE`."""
    tag = manner.language
    words = SMS_LANGUAGES[language_of(tag)].events[kind]
    day = _cleared_on(document) if kind is EventKind.PAYMENT_CLEARED else None
    if day:
        news = phrases_of(tag).cleared_on.format(day=written_day(day, tag))
        words = replace(words, news=news)
    return notice_sms(company_name, document, words, reference, manner)


def spoken_language(language: str) -> str:
    """The IETF tag for a person's language, in texts and calls; `en-US` where it is not known."""
    return language if "-" in language else HOME[language_of(language)]


def event_text(
    channel: str,
    kind: EventKind,
    company_name: str,
    document: Subject,
    reference: str,
    manner: Manner = PLAIN,
) -> str:
    """What one event says over one channel: an SMS with its reference, or what a call speaks."""
    if isinstance(document, Silence):
        return _of_silence(channel, company_name, document, reference, manner)
    if channel == "voice":
        from .voice_script import event_call  # noqa: PLC0415 - only for those who call

        return event_call(kind, company_name, document, manner.detail, manner.language)
    return event_sms(kind, company_name, document, reference, manner)


def _of_silence(
    channel: str, company_name: str, silence: Silence, reference: str, manner: Manner
) -> str:
    if channel == "voice":
        from .voice_script import silence_call  # noqa: PLC0415 - only for those who call

        return silence_call(company_name, silence, manner.detail, manner.language)
    return silence_sms(company_name, silence, reference, manner)


def _cleared_on(document: AnyDocument) -> date | None:
    return getattr(document, "cleared_on", None)
