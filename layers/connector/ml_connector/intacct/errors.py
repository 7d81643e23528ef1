"""What the gateway's refusals mean: tables of signs and consequences, and no branches per code.

The gateway says no in many ways: inside HTTP 200 on three levels, as HTTP 4xx with XML, as web
pages, and with error numbers that are codes, sentences or empty. A refusal is first given a
`Meaning` (the first line of `SIGNS` it matches), then the error `CONSEQUENCES` names for it.
A refusal no line matches has a stated default per level.

`safe_message` is our own text. Of the provider's it carries the error number where that looks
like a code, the support id, and names of fields that we asked for ourselves.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from enum import StrEnum, auto
from typing import TypeAlias
from urllib.parse import unquote

from ml_connector.domain.frozen import frozen
from ml_connector.errors import (
    SourceAuthError,
    SourceError,
    SourceRateLimited,
    SourceRejected,
    SourceUnavailable,
)

from .reply import GatewayMessage


class Level(StrEnum):
    """Where in the reply the gateway said no."""

    CONTROL = auto()
    """The request as a whole: envelope, sender, gateway."""
    OPERATION = auto()
    """Sign-in, by session or by login."""
    FUNCTION = auto()
    """One function; others of the same request may have succeeded."""


class Meaning(StrEnum):
    """What a refusal means to us."""

    SESSION_DEAD = auto()
    SIGN_IN = auto()
    SENDER = auto()
    NOT_AUTHORISED = auto()
    COMPANY_EXPIRED = auto()
    TENANT = auto()
    PERMISSION = auto()
    NO_SUCH_OBJECT = auto()
    BAD_FIELD = auto()
    QUERY_FAILED = auto()
    BAD_REQUEST = auto()
    BUSINESS = auto()
    ROLLED_BACK = auto()
    OFFLINE = auto()
    RATE_LIMITED = auto()
    GATEWAY_DOWN = auto()
    GATEWAY_REFUSED = auto()
    UNKNOWN = auto()


class SessionDead(SourceAuthError):
    """The session id is no longer good: sign in once and ask again."""

    code = "source_session_dead"


class GatewayUnreachable(SourceUnavailable):
    """Not a byte of the request left us: no connection, or none to be trusted."""


class GatewayRefused(SourceRejected):
    """A refusal with its meaning; `mentioned` holds those of our own words the gateway repeated."""

    def __init__(
        self,
        safe_message: str,
        *,
        meaning: Meaning = Meaning.UNKNOWN,
        errorno: str | None = None,
        support_id: str | None = None,
        mentioned: frozenset[str] = frozenset(),
    ) -> None:
        super().__init__(safe_message, errorno=errorno, support_id=support_id)
        self.meaning = meaning
        self.mentioned = mentioned


@frozen
class Sign:
    """One line: it matches when the number matches, a phrase occurs, and the level fits.

    An empty `numbers` or `phrases` matches everything. Phrases are lower case.
    """

    meaning: Meaning
    numbers: str = ""
    phrases: tuple[str, ...] = ()
    levels: tuple[Level, ...] = tuple(Level)

    def matches(self, level: Level, message: GatewayMessage) -> bool:
        """Whether a message at a level is what this line describes."""
        return (
            level in self.levels
            and (not self.numbers or re.fullmatch(self.numbers, message.errorno) is not None)
            and (not self.phrases or any(phrase in message.words for phrase in self.phrases))
        )


_EARLY = (Level.CONTROL, Level.OPERATION)

#: First match wins, so the more particular line stands first.
SIGNS: tuple[Sign, ...] = (
    # The text has been met inside HTTP 200 as well, without its number.
    Sign(Meaning.RATE_LIMITED, "GW-0010"),
    Sign(Meaning.RATE_LIMITED, phrases=("api rate limit exceeded",)),
    Sign(Meaning.TENANT, "GW-0011"),
    Sign(Meaning.GATEWAY_DOWN, "GW-000[1-9]"),
    Sign(Meaning.GATEWAY_REFUSED, "GW-.*"),
    Sign(
        Meaning.OFFLINE,
        phrases=(
            "temporarily off-line",
            "temporarily offline",
            "please try again later",
            "check the transaction for errors or inconsistencies, then try again",
        ),
    ),
    Sign(Meaning.COMPANY_EXPIRED, "PL04000055"),
    Sign(
        Meaning.NOT_AUTHORISED,
        "XL03000006",
        ("invalid web services authorization",),
        _EARLY,
    ),
    Sign(
        Meaning.SENDER,
        "XL03000006",
        ("partner id or password", "not a valid transport policy"),
        _EARLY,
    ),
    Sign(Meaning.SESSION_DEAD, "XL03000006", ("invalid session",), _EARLY),
    Sign(Meaning.SIGN_IN, "XL03000006", levels=_EARLY),
    Sign(Meaning.SIGN_IN, "XMLGW_JPP0002"),
    Sign(Meaning.SIGN_IN, phrases=("sign-in information is incorrect",), levels=_EARLY),
    Sign(Meaning.BAD_REQUEST, "XL03000003"),
    Sign(Meaning.ROLLED_BACK, "XL03000009"),
    Sign(Meaning.PERMISSION, "PL04000005"),
    Sign(Meaning.PERMISSION, phrases=("do not have permission",)),
    Sign(Meaning.NO_SUCH_OBJECT, phrases=("object definition",), levels=(Level.FUNCTION,)),
    Sign(Meaning.BAD_FIELD, phrases=("invalid field",), levels=(Level.FUNCTION,)),
    Sign(Meaning.QUERY_FAILED, "DL02000001"),
    Sign(Meaning.QUERY_FAILED, phrases=("query failed",), levels=(Level.FUNCTION,)),
    Sign(Meaning.BUSINESS, "XL03000027|BL[0-9]+|PL[0-9]+", levels=(Level.FUNCTION,)),
)

#: The meaning of a refusal that no line matches. A sign-in that fails for a reason we do not
#: know is still one that must not be tried in a loop.
DEFAULTS: dict[Level, Meaning] = {
    Level.CONTROL: Meaning.UNKNOWN,
    Level.OPERATION: Meaning.SIGN_IN,
    Level.FUNCTION: Meaning.UNKNOWN,
}

#: Notices that only accompany the error that caused them.
_COMPANIONS = frozenset({Meaning.ROLLED_BACK, Meaning.BUSINESS, Meaning.UNKNOWN})

_Kind: TypeAlias = type[SourceError]

CONSEQUENCES: dict[Meaning, tuple[_Kind, str]] = {
    Meaning.SESSION_DEAD: (SessionDead, "the session is no longer valid"),
    Meaning.SIGN_IN: (
        SourceAuthError,
        "Intacct refused the sign-in: wrong company, user or password, or the user is locked",
    ),
    Meaning.SENDER: (
        SourceAuthError,
        "Intacct refused the sender: check sender id and sender password",
    ),
    Meaning.NOT_AUTHORISED: (
        SourceAuthError,
        "the sender id is missing from Company > Security > Web Services authorizations",
    ),
    Meaning.COMPANY_EXPIRED: (SourceAuthError, "this Intacct demonstration company has expired"),
    Meaning.TENANT: (
        GatewayRefused,
        "the gateway does not know this company, or it, the sender or the client is inactive",
    ),
    Meaning.PERMISSION: (GatewayRefused, "the API user has no permission for this"),
    Meaning.NO_SUCH_OBJECT: (
        GatewayRefused,
        "the company has no such object: a module may not be subscribed",
    ),
    Meaning.BAD_FIELD: (GatewayRefused, "a field asked for does not exist in this company"),
    Meaning.QUERY_FAILED: (GatewayRefused, "the query failed in the gateway"),
    Meaning.BAD_REQUEST: (GatewayRefused, "the gateway found our request not valid"),
    Meaning.BUSINESS: (GatewayRefused, "the gateway refused the function"),
    Meaning.ROLLED_BACK: (GatewayRefused, "the operation was rolled back"),
    Meaning.OFFLINE: (SourceUnavailable, "Intacct is temporarily off-line"),
    Meaning.RATE_LIMITED: (SourceRateLimited, "all API slots of this company are taken"),
    Meaning.GATEWAY_DOWN: (SourceUnavailable, "the gateway could not process the request"),
    Meaning.GATEWAY_REFUSED: (GatewayRefused, "the gateway refused the request"),
    Meaning.UNKNOWN: (GatewayRefused, "the gateway refused for a reason not known to us"),
}

#: How often a refusal of this meaning is worth asking again. DL02000001 also stands for passing
#: trouble in the server; everything else not listed here and not retryable by class is final.
SECOND_CHANCES: dict[Meaning, int] = {Meaning.QUERY_FAILED: 1}

#: Refusals of one function, which say nothing about the next one.
OF_THE_FUNCTION = frozenset(
    {
        Meaning.PERMISSION,
        Meaning.NO_SUCH_OBJECT,
        Meaning.BAD_FIELD,
        Meaning.QUERY_FAILED,
        Meaning.BUSINESS,
        Meaning.ROLLED_BACK,
        Meaning.UNKNOWN,
    }
)

#: Refusals that asking again on the same day does not change.
NOT_FOR_US = frozenset({Meaning.PERMISSION, Meaning.NO_SUCH_OBJECT})

#: A number worth repeating: codes only, for the element may hold a whole sentence.
_CODE = re.compile(r"[A-Z]{2,6}[-_]?[A-Z0-9]{3,12}")
_SUPPORT_ID = re.compile(r"\[support id:\s*([^\]\s]{4,120})\]", re.IGNORECASE)
_PLAIN_ID = re.compile(r"[A-Za-z0-9~_.%-]{4,80}")


def refusal(
    level: Level,
    messages: Sequence[GatewayMessage],
    *,
    doing: str = "",
    our_words: Collection[str] = (),
    session_used: bool = False,
) -> SourceError:
    """The error for the messages of one level.

    `doing` says in words of ours what was asked. `our_words` are names from the request that may
    be repeated. A sign-in refused to a session id means that the session is dead, whatever the
    reason: expiry, a changed password and an administrator's hand all look the same.
    """
    meaning, message = _decisive(level, messages)
    if meaning in (Meaning.SIGN_IN, Meaning.SESSION_DEAD):
        meaning = Meaning.SESSION_DEAD if session_used else Meaning.SIGN_IN
    return build(meaning, message, doing=doing, our_words=our_words)


def build(
    meaning: Meaning,
    message: GatewayMessage,
    *,
    doing: str = "",
    our_words: Collection[str] = (),
) -> SourceError:
    """The error a meaning leads to."""
    kind, text = CONSEQUENCES[meaning]
    number = message.errorno if _CODE.fullmatch(message.errorno) else None
    support = support_id(message)
    mentioned = frozenset(word for word in our_words if _mentions(message, word))
    details = [
        number,
        f"support id {support}" if support else None,
        f"fields {', '.join(sorted(mentioned))}" if mentioned else None,
    ]
    known = "; ".join(detail for detail in details if detail)
    safe = f"{doing + ': ' if doing else ''}{text}{f' ({known})' if known else ''}"
    if kind is SourceRateLimited:
        return SourceRateLimited(safe)
    if kind is GatewayRefused:
        return GatewayRefused(
            safe, meaning=meaning, errorno=number, support_id=support, mentioned=mentioned
        )
    return kind(safe, errorno=number, support_id=support)


def second_chances(error: SourceError) -> int | None:
    """How often to try again after this error: None is "until time runs out"."""
    if error.retryable:
        return None
    if isinstance(error, GatewayRefused):
        return SECOND_CHANCES.get(error.meaning, 0)
    # Malformed XML is as a rule a reply that something on the way broke.
    return 0 if isinstance(error, SourceAuthError | SourceRejected) else 1


def support_id(message: GatewayMessage) -> str | None:
    """The id Sage's support asks for, unquoted; None where there is none, or none that is plain."""
    for text in message.texts:
        found = _SUPPORT_ID.search(text)
        if found:
            plain = unquote(found.group(1))
            return plain if _PLAIN_ID.fullmatch(plain) else None
    return None


def _decisive(level: Level, messages: Sequence[GatewayMessage]) -> tuple[Meaning, GatewayMessage]:
    """The message that says why: notices and wrappers give way to what stands beside them."""
    meant = [(_meaning(level, message), message) for message in messages]
    if not meant:
        return DEFAULTS[level], GatewayMessage("")
    return next((pair for pair in meant if pair[0] not in _COMPANIONS), meant[0])


def _meaning(level: Level, message: GatewayMessage) -> Meaning:
    return next((sign.meaning for sign in SIGNS if sign.matches(level, message)), DEFAULTS[level])


def _mentions(message: GatewayMessage, word: str) -> bool:
    return re.search(rf"(?<![\w.]){re.escape(word.lower())}(?![\w.]*\w)", message.words) is not None
