"""What a text or a call would say, and about what it would cost: nothing is sent for it.

told = preview(EventKind.SUBMITTED, "es", "full", "sms", "Acme AP", document)
told.text, told.segments, told.encoding, told.left, told.price, told.words
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

from ml_connector.domain.audit import ChainHead
from ml_connector.domain.bills import BillState
from ml_connector.domain.documents import AnyDocument, Document
from ml_connector.domain.events import EventKind
from ml_connector.domain.gsm7 import GSM7_PART, GSM7_SINGLE, UCS2_PART, UCS2_SINGLE, segments
from ml_connector.domain.messages import Ask, Detail, Manner
from ml_connector.domain.money import Money
from ml_connector.domain.payments import PaymentDocument, PaymentPhase, PaymentState
from ml_connector.domain.plans import SMS, VOICE
from ml_connector.domain.voice_script import LONGEST_SPOKEN, prompts
from ml_connector.domain.wording import event_text, spoken_language

#: Twilio's list prices for the United States in USD: a segment, and a begun minute of a call.
#: Carriers' fees come on top, other countries cost more. Source: github.com/api-evangelist/twilio,
#: made on 2026-05-04; what holds today is at https://www.twilio.com/en-us/pricing.
SEGMENT_PRICE, MINUTE_PRICE = Decimal("0.0083"), Decimal("0.014")
PRICES_OF = date(2026, 5, 4)

#: How fast a synthesiser reads, characters a second: an ordinary pace of 150 words a minute.
_PACE = 15
_MINUTE = 60

#: A reference as every text has one; the dispatch that is made in the end has another.
REFERENCE = "K7F2"
_DAY = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Preview:
    """What would be said over a channel, and its measures.

    A text has an `encoding`, `segments`, and `left`: the characters that fit in before it costs
    another segment. A call has about so many `seconds`, its prompt included. `price` is in USD, at
    list price, for one text or one answered call.
    """

    channel: str
    text: str
    price: Decimal
    encoding: str = ""
    segments: int = 0
    left: int = 0
    seconds: int = 0

    @property
    def words(self) -> str:
        """The measures in words, for a person."""
        price = f"about USD {self.price.normalize():f} at list price"
        if self.channel == VOICE:
            return f"about {self.seconds} seconds, {price}"
        parts = "1 segment" if self.segments == 1 else f"{self.segments} segments"
        left = "1 character" if self.left == 1 else f"{self.left} characters"
        return f"{parts} of {self.encoding}, {left} left, {price}"


def preview(
    kind: EventKind,
    language: str,
    detail: Detail,
    channel: str,
    company_name: str,
    document: AnyDocument,
    *,
    ask: Ask = "one",
    link: bool = False,
) -> Preview:
    """What somebody of this language would be told of an event.

    `language` is as approvers have it: `en`, `es`, or a tag such as `es-ES`. KeyError for a kind
    there is no text for.
    """
    tag = spoken_language(language)
    manner = Manner(tag, detail, ask, document.url if link else "")
    text = event_text(channel, kind, company_name, document, REFERENCE, manner)
    return measured(channel, text, tag)


def measured(channel: str, text: str, language: str = "en") -> Preview:
    """A text or a call as it stands. `language` is that of a call's prompt."""
    if channel != SMS:
        length = len(text) + len(prompts(spoken_language(language)).ask)
        seconds = -(-length // _PACE)
        minutes = -(-seconds // _MINUTE)
        left = LONGEST_SPOKEN - len(text)
        return Preview(VOICE, text, minutes * MINUTE_PRICE, left=left, seconds=seconds)
    found = segments(text)
    single, part = (
        (GSM7_SINGLE, GSM7_PART) if found.encoding == "GSM-7" else (UCS2_SINGLE, UCS2_PART)
    )
    room = single if found.parts <= 1 else found.parts * part
    price = found.parts * SEGMENT_PRICE
    return Preview(SMS, text, price, found.encoding, found.parts, room - found.units)


def sample(kind: EventKind) -> AnyDocument:
    """A made-up bill or payment to show an event's text with."""
    amount, vendor = Money(Decimal(12500), "USD"), ("V-100", "Baker Steel")
    if kind.of_payment:
        return PaymentDocument(
            "acme", "payment#12", "12", "4711", *vendor, amount, PaymentPhase.CLEARED,
            PaymentState.CONFIRMED, _DAY.date(), _DAY, _DAY, ChainHead(),
        )  # fmt: skip
    return Document(
        "acme", "bill#12", "12", "4711", *vendor, amount, BillState.SUBMITTED, date(2026, 11, 30),
        _DAY, _DAY, 1, 0, deleted=False, open_cases=(), head=ChainHead(), open_since=_DAY,
    )  # fmt: skip
