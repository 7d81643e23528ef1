"""What people text back: seen, stop, start again, or something only a person could understand.

A reply is hostile text: a caller's number can be forged, and the words are whatever somebody typed.
So it is read by a grammar and nothing else. Blanks, marks, case and full-width digits make no
difference; what is left has to be one of these, whole::

    1            seen: the newest text
    K7F2         seen: the text with this reference; also `1 K7F2`, `Ref K7F2`, `K7F2 1`
    STOP         no more texts; and the other words Twilio takes for it, in Spanish too
    START        texts again; also YES, UNSTOP
    HELP         answered by Twilio itself; also INFO

Everything else is unknown. `K7F2 no!` is, on purpose: nobody said that it was seen.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import field
from datetime import datetime, timedelta
from enum import StrEnum

from .frozen import frozen
from .messages import REFERENCE_ALPHABET, REFERENCE_LENGTH

#: The words Twilio acts on by itself (help.twilio.com, article 223134027), and what is written in
#: Spanish instead.
STOP_WORDS = frozenset(
    {
        "STOP",
        "STOPALL",
        "UNSUBSCRIBE",
        "CANCEL",
        "END",
        "QUIT",
        "REVOKE",
        "OPTOUT",
        "ALTO",
        "PARAR",
    }
)
START_WORDS = frozenset({"START", "YES", "UNSTOP"})
HELP_WORDS = frozenset({"HELP", "INFO", "AYUDA"})

#: A reply with a reference is understood for this long after its text.
REFERENCE_LIFE = timedelta(days=30)

#: Nothing in the grammar is longer; what is longer is not even looked at.
_LONGEST = 40

_SEEN = re.compile(
    rf"1?(?:REF)?(?P<reference>[{REFERENCE_ALPHABET}]{{{REFERENCE_LENGTH}}})1?|1",
)


@frozen
class InboundText:
    """One text that reached us. `sender` is a number, mostly; `at` is UTC, to the second."""

    sid: str
    sender: str = field(repr=False)
    body: str = field(repr=False)
    at: datetime


class ReplyKind(StrEnum):
    """What a reply says."""

    SEEN = "seen"
    """It was read, and somebody deals with it."""
    STOP = "stop"
    """No more texts."""
    START = "start"
    """Texts again."""
    HELP = "help"
    """What is this? Twilio answers that."""
    UNKNOWN = "unknown"
    """Anything else."""


@frozen
class Reply:
    """A reply, understood. `reference` is the code a *seen* names, or empty for a bare 1."""

    kind: ReplyKind
    reference: str = ""


_UNKNOWN = Reply(ReplyKind.UNKNOWN)


def read_reply(text: str) -> Reply:
    """What `text` says. Never raises, whatever it is given."""
    if len(text.strip()) > _LONGEST:
        return _UNKNOWN
    said = _letters_and_digits(text)
    for words, kind in (
        (STOP_WORDS, ReplyKind.STOP),
        (START_WORDS, ReplyKind.START),
        (HELP_WORDS, ReplyKind.HELP),
    ):
        if said in words:
            return Reply(kind)
    seen = _SEEN.fullmatch(said)
    return Reply(ReplyKind.SEEN, seen["reference"] or "") if seen else _UNKNOWN


def _letters_and_digits(text: str) -> str:
    """`text` in one spelling: U+FF11 is a 1 like any other, upper case, no marks."""
    plain = unicodedata.normalize("NFKC", text).upper()
    return "".join(character for character in plain if character.isalnum())


@frozen
class InboxMark:
    """Where reading replies stands.

    Replies listed with a time before `read_until` were read, but for some that the provider may
    have listed late. `looked_at` is the last look, `awaited_at` when it was last known that
    somebody has a text to reply to.
    """

    read_until: datetime
    looked_at: datetime
    awaited_at: datetime | None = None
