"""Which words go with which event. What has no words here cannot be told."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from .events import EventKind
from .messages import BILL_WAITING, Detail, Words, day_of_month, notice_sms

if TYPE_CHECKING:
    from .documents import AnyDocument

#: Nobody is named whose turn it would be: Intacct does not say.
WORDS: dict[EventKind, Words] = {
    EventKind.SUBMITTED: BILL_WAITING,
    EventKind.PARTIALLY_APPROVED: Words(
        "bill",
        "Partly approved, waiting for the next level in Intacct.",
        "a partly approved bill is waiting for the next level in Intacct.",
    ),
    EventKind.CHANGED: Words(
        "bill",
        "Changed, and waiting for approval in Intacct.",
        "a changed bill is waiting for approval in Intacct.",
    ),
    EventKind.DECLINED: Words("bill", "Declined in Intacct.", "a bill was declined in Intacct."),
    EventKind.OVERDUE: Words(
        "bill",
        "Overdue, and waiting for approval in Intacct.",
        "an overdue bill is waiting for approval in Intacct.",
    ),
    EventKind.REMINDER: Words(
        "bill",
        "Edited, and still waiting for approval in Intacct.",
        "an edited bill is still waiting for approval in Intacct.",
    ),
    EventKind.PAYMENT_CLEARED: Words("payment", "Cleared the bank.", "a payment cleared the bank."),
    EventKind.PAYMENT_VOIDED: Words(
        "payment", "Voided in Intacct.", "a payment was voided in Intacct."
    ),
    EventKind.PAYMENT_DECLINED: Words(
        "payment", "Declined in Intacct.", "a payment was declined in Intacct."
    ),
    EventKind.PAYMENT_UNCLEARED: Words(
        "payment", "No longer cleared in Intacct.", "a payment is no longer cleared in Intacct."
    ),
}

#: The events there is a text for.
TELLABLE = frozenset(WORDS)


def event_sms(
    kind: EventKind,
    company_name: str,
    document: AnyDocument,
    reference: str,
    detail: Detail = "full",
) -> str:
    """The SMS for an event of a document. KeyError for a kind that is not in `TELLABLE`."""
    words = WORDS[kind]
    day = _cleared_on(document) if kind is EventKind.PAYMENT_CLEARED else None
    if day:
        words = Words(words.thing, f"Cleared the bank {day_of_month(day)}.", words.briefly)
    return notice_sms(company_name, document, words, reference, detail)


#: What is spoken, by the language of a person's row.
_SPOKEN = {"en": "en-US", "es": "es-MX"}


def spoken_language(language: str) -> str:
    """The IETF tag a call speaks for a person's language; `en-US` where it is not known."""
    return language if "-" in language else _SPOKEN.get(language, "en-US")


def event_text(
    channel: str,
    kind: EventKind,
    company_name: str,
    document: AnyDocument,
    reference: str,
    *,
    detail: Detail = "full",
    language: str = "en-US",
) -> str:
    """What one event says over one channel: an SMS with its reference, or what a call speaks."""
    if channel == "voice":
        from .voice_script import event_call  # noqa: PLC0415 - only for those who call

        return event_call(kind, company_name, document, detail, language)
    return event_sms(kind, company_name, document, reference, detail)


def _cleared_on(document: AnyDocument) -> date | None:
    return getattr(document, "cleared_on", None)
