"""What texts say besides the facts, in each language.

Every text names Intacct, for nothing is approved by a reply. Nobody is named whose turn it would
be: Intacct does not say.

All of it is GSM-7. Spanish is written here as it should be; the accents GSM-7 lacks (á, í, ó, ú)
are left out when this is imported, for each text with one would cost two segments in place of one.
So no word stands here that means something else without its accent, as `pagó` and `está` do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from types import MappingProxyType
from typing import TypeVar

from .events import EventKind
from .frozen import frozen
from .gsm7 import normalise


@frozen
class Words:
    """What happened, in our own words: to which thing, with its facts before it, and without any.

    `news` is at most 56 characters, so that one segment has room for what is never cut.
    """

    thing: str
    news: str
    briefly: str


@frozen
class Phrases:
    """What stands between the facts of a text, and all of a digest but its sums.

    A digest says `one` or `many` bills, or with the least detail `some`; `others` stands for the
    currencies that have no room.
    """

    due: str
    cleared_on: str
    of_amount: str
    nobody: str
    record: str
    seen: str
    one: str
    many: str
    some: str
    oldest: str
    others: str
    go: str


@frozen
class SmsLanguage:
    """One language of texts: the words of each event there is a text for, and the rest."""

    events: Mapping[EventKind, Words]
    phrases: Phrases


ENGLISH = SmsLanguage(
    events=MappingProxyType(
        {
            EventKind.SUBMITTED: Words(
                "bill",
                "Waiting for approval in Intacct.",
                "a bill is waiting for approval in Intacct.",
            ),
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
            EventKind.DECLINED: Words(
                "bill", "Declined in Intacct.", "a bill was declined in Intacct."
            ),
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
            EventKind.POSSIBLE_DUPLICATE: Words(
                "bill",
                "Looks like a duplicate. Waiting for approval in Intacct.",
                "a bill that looks like a duplicate is waiting for approval in Intacct.",
            ),
            EventKind.PAYMENT_CLEARED: Words(
                "payment",
                "Cleared the bank, says Intacct.",
                "a payment cleared the bank, says Intacct.",
            ),
            EventKind.PAYMENT_VOIDED: Words(
                "payment", "Voided in Intacct.", "a payment was voided in Intacct."
            ),
            EventKind.PAYMENT_DECLINED: Words(
                "payment", "Declined in Intacct.", "a payment was declined in Intacct."
            ),
            EventKind.PAYMENT_UNCLEARED: Words(
                "payment",
                "No longer cleared in Intacct.",
                "a payment is no longer cleared in Intacct.",
            ),
        }
    ),
    phrases=Phrases(
        due=", due {day}",
        cleared_on="Cleared the bank {day}, says Intacct.",
        of_amount="{thing} of {amount}",
        nobody="unnamed vendor",
        record="record {number}",
        seen="Reply {code} = seen.",
        one="1 bill waiting for approval in Intacct",
        many="{count} bills waiting for approval in Intacct",
        some="bills are waiting for approval in Intacct.",
        oldest=", oldest {day}",
        others="and others",
        go="Open Intacct.",
    ),
)

_SPANISH_EVENTS = {
    EventKind.SUBMITTED: Words(
        "factura", "Espera aprobación en Intacct.", "una factura espera aprobación en Intacct."
    ),
    EventKind.PARTIALLY_APPROVED: Words(
        "factura",
        "Aprobada en parte; espera el siguiente nivel en Intacct.",
        "una factura aprobada en parte espera el siguiente nivel en Intacct.",
    ),
    EventKind.CHANGED: Words(
        "factura",
        "Ha cambiado y espera aprobación en Intacct.",
        "una factura que ha cambiado espera aprobación en Intacct.",
    ),
    EventKind.DECLINED: Words(
        "factura", "Rechazada en Intacct.", "una factura fue rechazada en Intacct."
    ),
    EventKind.OVERDUE: Words(
        "factura",
        "Vencida; espera aprobación en Intacct.",
        "una factura vencida espera aprobación en Intacct.",
    ),
    EventKind.REMINDER: Words(
        "factura",
        "Editada; todavía espera aprobación en Intacct.",
        "una factura editada todavía espera aprobación en Intacct.",
    ),
    EventKind.POSSIBLE_DUPLICATE: Words(
        "factura",
        "Parece duplicada; espera aprobación en Intacct.",
        "una factura que parece duplicada espera aprobación en Intacct.",
    ),
    EventKind.PAYMENT_CLEARED: Words(
        "pago",
        "Pagado por el banco, según Intacct.",
        "el banco hizo un pago, según Intacct.",
    ),
    EventKind.PAYMENT_VOIDED: Words(
        "pago", "Anulado en Intacct.", "un pago fue anulado en Intacct."
    ),
    EventKind.PAYMENT_DECLINED: Words(
        "pago", "Rechazado en Intacct.", "un pago fue rechazado en Intacct."
    ),
    EventKind.PAYMENT_UNCLEARED: Words(
        "pago",
        "En Intacct ya no consta que el banco lo pagara.",
        "en Intacct ya no consta que el banco hiciera un pago.",
    ),
}

_SPANISH_PHRASES = Phrases(
    due=", vence {day}",
    cleared_on="Pagado por el banco el {day}, según Intacct.",
    of_amount="{thing} de {amount}",
    nobody="proveedor sin nombre",
    record="registro {number}",
    seen="Responda {code} = visto.",
    one="1 factura espera aprobación en Intacct",
    many="{count} facturas esperan aprobación en Intacct",
    some="hay facturas que esperan aprobación en Intacct.",
    oldest=", la más antigua {day}",
    others="y otras",
    go="Abra Intacct.",
)

T = TypeVar("T", Words, Phrases)


def _in_gsm7(words: T) -> T:
    return type(words)(*(normalise(getattr(words, each.name)) for each in fields(words)))


SPANISH = SmsLanguage(
    events=MappingProxyType({kind: _in_gsm7(words) for kind, words in _SPANISH_EVENTS.items()}),
    phrases=_in_gsm7(_SPANISH_PHRASES),
)

#: By the first part of an IETF tag, as `formats.language_of` gives it.
SMS_LANGUAGES = MappingProxyType({"en": ENGLISH, "es": SPANISH})
