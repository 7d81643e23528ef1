"""The handsets: how each one behaves, and what its owner saw and heard."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from sandbox.twilio.numbers import PRIVATE_RANGE

if TYPE_CHECKING:
    from datetime import datetime

HUMAN, MACHINE = "human", "machine_start"


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What becomes of a text or a call to such a phone.

    `sms_status` and `sms_code` are where a message ends; `shown` says whether the handset
    displays it. `rings` says whether a call reaches the handset at all; `call` is how a call
    ends up: `answered` by `answered_by`, or a final status of Twilio's. `hangs_up_after` seconds
    after answering, the callee is gone.
    """

    meaning: str
    sms_status: str = "delivered"
    sms_code: int | None = None
    shown: bool = True
    slow: bool = False
    rings: bool = True
    call: str = "answered"
    answered_by: str = HUMAN
    hangs_up_after: float | None = None


def _undelivered(meaning: str, code: int, *, call: str = "answered") -> Behaviour:
    return Behaviour(
        meaning,
        sms_status="undelivered",
        sms_code=code,
        shown=False,
        rings=call == "answered",
        call=call,
    )


BEHAVIOURS = MappingProxyType(
    {
        "on": Behaviour("switched on: texts are shown, calls answered by a person"),
        "off": _undelivered("switched off or out of reach", 30003, call="no-answer"),
        "landline": _undelivered("a landline: no texts, calls answered", 30006),
        "voicemail": Behaviour("calls are answered by a machine", answered_by=MACHINE),
        "busy": Behaviour("calls find the line engaged", call="busy"),
        "no_answer": Behaviour("rings until the caller gives up", call="no-answer"),
        "ends_in_a_second": Behaviour("answers and hangs up a second later", hangs_up_after=1.0),
        "no_receipt": Behaviour("texts are shown, but the carrier never says", sms_status="sent"),
        "filtered": _undelivered("the carrier filters the text", 30007),
        "slow": Behaviour("texts and answers take long (timing `slow`)", slow=True),
        "opted_out": Behaviour("its owner has sent STOP: texts are refused with 21610"),
        "blocked": _undelivered("the carrier blocks the text", 30004),
        "unknown_number": _undelivered("no longer in service", 30005, call="failed"),
        "lost": _undelivered("the carrier gives no reason", 30008),
        "unreachable_call": Behaviour("calls fail at the carrier", call="failed"),
    },
)


@dataclass(slots=True)
class Received:
    """One text on the handset's screen."""

    sid: str
    sender: str
    body: str
    at: datetime


@dataclass(slots=True)
class Heard:
    """One call as the phone's owner lived through it; `sid` is the call's."""

    sid: str
    sender: str
    at: datetime
    answered: bool = False
    heard: list[str] = field(default_factory=list)
    pressed: list[str] = field(default_factory=list)
    status: str = "ringing"


@dataclass(slots=True)
class Phone:
    """One handset.

    `keys` are pressed in every call, one entry for each time a prompt is spoken ("*" to hear it
    again, then "1"); an empty entry, or none left, means nothing is pressed. `sms_outcome`, when
    set, replaces the behaviour's: a pair of status and error code.
    """

    number: str
    behaviour: str = "on"
    name: str = ""
    keys: list[str] = field(default_factory=list)
    sms_outcome: tuple[str, int | None] | None = None
    inbox: list[Received] = field(default_factory=list)
    calls: list[Heard] = field(default_factory=list)

    @property
    def traits(self) -> Behaviour:
        """How it behaves right now."""
        return BEHAVIOURS[self.behaviour]

    def text_outcome(self) -> tuple[str, int | None]:
        """Return the final status of a text that reaches the carrier now, and its error code."""
        if self.sms_outcome is not None:
            return self.sms_outcome
        return self.traits.sms_status, self.traits.sms_code

    def shows_texts(self) -> bool:
        """Whether a text that reaches the carrier now gets to the screen."""
        if self.sms_outcome is not None:
            return self.sms_outcome[0] in {"delivered", "sent"}
        return self.traits.shown


class Phones:
    """Every handset there is; a number nobody mentioned yet is a phone that is on."""

    def __init__(self) -> None:
        self._phones: dict[str, Phone] = {}

    def get(self, number: str) -> Phone:
        """Return the phone with that number, made on first use."""
        phone = self._phones.get(number)
        if phone is None:
            phone = Phone(number, behaviour=PRIVATE_RANGE.get(number, "on"))
            self._phones[number] = phone
        return phone

    def all(self) -> list[Phone]:
        """Return the phones in use, by number."""
        return sorted(self._phones.values(), key=lambda phone: phone.number)


class OptOuts:
    """Who texted STOP to which sender. Twilio keeps this list by itself (error 21610).

    Words: https://help.twilio.com/articles/223134027.
    """

    STOP = frozenset(
        {"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"},
    )
    START = frozenset({"START", "YES", "UNSTOP"})

    def __init__(self) -> None:
        self._pairs: set[tuple[str, str]] = set()

    def note(self, sender: str, recipient: str, text: str) -> None:
        """Read a reply: a STOP word, alone, opts `recipient` out of `sender`; START back in."""
        word = text.strip().upper()
        if word in self.STOP:
            self._pairs.add((sender, recipient))
        elif word in self.START:
            self._pairs.discard((sender, recipient))

    def holds(self, sender: str, recipient: str) -> bool:
        """Whether texts from `sender` to `recipient` are refused."""
        return (sender, recipient) in self._pairs

    def of(self, recipient: str) -> list[str]:
        """Return the senders that phone has opted out of."""
        return sorted(sender for sender, number in self._pairs if number == recipient)
