"""The single values of a flow file: durations, amounts, ids, events. Each says what it wants.

A validator raises `unfit` with what was expected; what was found is known where it is caught. Each
type carries its JSON Schema, so that an editor wants the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from decimal import Decimal
from typing import Annotated, Any, TypeAlias

from pydantic import BeforeValidator, GetJsonSchemaHandler, WithJsonSchema
from pydantic_core import CoreSchema, PydanticCustomError

from cli.zones import likely_zone, zones
from ml_connector.domain.events import EventKind
from ml_connector.domain.flow_form import LEAST_REPEAT_SECONDS, LONGEST_SECONDS, MOST_DAYS
from ml_connector.domain.rules import Role
from ml_connector.domain.wording import RULED

from .currencies import CURRENCIES, likely
from .problems import meant, one_of

#: Whom a step may mean without naming somebody; nobody's id.
ROLES = tuple(role.value for role in Role)
#: The event words a rule may name, in the order in which things happen.
EVENTS = tuple(kind.value for kind in EventKind if kind in RULED)

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DAY = _UNITS["d"]
_DURATION = re.compile(r"(0|[1-9][0-9]{0,6})([smhd])")
_AMOUNT = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,6})?")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
#: Quotation marks of word processors, which YAML takes for part of the text.
_QUOTES = "“”„‟«»‹›‘’‚`\"'"  # noqa: RUF001 - what people paste
_LONGEST_TEXT = 200
#: Where an amount has any decimals, it has at least as many.
_LEAST_DECIMALS = 2

Validator: TypeAlias = Callable[[Any], Any]


def unfit(expected: str) -> PydanticCustomError:
    """The refusal of a value: what should stand there."""
    # The text goes in as a parameter, for braces in it would be taken for places to fill in.
    return PydanticCustomError("unfit", "{expected}", {"expected": expected})


def checked(check: Validator, **schema: Any) -> tuple[BeforeValidator, WithJsonSchema]:  # noqa: ANN401
    """The annotations of a value that a function checks, with its JSON Schema."""
    return BeforeValidator(check), WithJsonSchema(schema)


# -------------------------------------------------------------------------------- durations
def seconds_of(value: object, most: int = LONGEST_SECONDS) -> int:
    """Whole seconds of a duration such as 10m. Raises PydanticCustomError."""
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise unfit("a duration: a whole number and s, m, h or d, such as 10m, 2h or 1d")
    seconds = int(match[1]) * _UNITS[match[2]]
    if seconds > most:
        raise unfit(f"a duration of at most {most // _DAY}d")
    return seconds


def _pause(value: object) -> int:
    seconds = seconds_of(value)
    if seconds < LEAST_REPEAT_SECONDS:
        raise unfit(f"a duration of at least {LEAST_REPEAT_SECONDS}s, such as 1d")
    return seconds


def _whole_days(value: object) -> int:
    try:
        seconds = seconds_of(value, MOST_DAYS * _DAY)
    except PydanticCustomError:
        seconds = 0
    if not seconds or seconds % _DAY:
        raise unfit(f"a number of whole days from 1d to {MOST_DAYS}d, such as 2d")
    return seconds // _DAY


_DURATION_SCHEMA = {"type": "string", "pattern": "^(0|[1-9][0-9]{0,6})[smhd]$"}
Duration = Annotated[int, *checked(seconds_of, **_DURATION_SCHEMA, examples=["10m", "2h", "1d"])]
Pause = Annotated[int, *checked(_pause, **_DURATION_SCHEMA, examples=["1d"])]
Days = Annotated[int, *checked(_whole_days, type="string", pattern="^[1-9][0-9]*d$")]


# ---------------------------------------------------------------------------------- amounts
def amount_text(value: object) -> str:
    """An amount in its one spelling: `10000`, `10000.50`. Raises PydanticCustomError."""
    written = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(written, str) or not _AMOUNT.fullmatch(written):
        raise unfit("an amount such as 10000 or 10000.50, without separators of thousands")
    text = f"{Decimal(written):f}"
    if "." in text:
        whole, _, decimals = text.partition(".")
        decimals = decimals.rstrip("0")
        text = f"{whole}.{decimals.ljust(_LEAST_DECIMALS, '0')}" if decimals else whole
    return "0" if text == "-0" else text


def _currency(value: object) -> str:
    if not isinstance(value, str) or value not in CURRENCIES:
        raise unfit(f"an ISO 4217 code such as USD{likely(value)}")
    return value


Amount = Annotated[
    str, *checked(amount_text, type=["number", "string"], examples=[10000, "10000.50"])
]
Currency = Annotated[str, *checked(_currency, type="string", pattern="^[A-Z]{3}$")]


# ------------------------------------------------------------------------------------ texts
def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise unfit("a text")
    if not value.isprintable() or len(value) > _LONGEST_TEXT:
        raise unfit(f"a text of at most {_LONGEST_TEXT} printable characters on one line")
    return value.strip()


def _pattern(value: object) -> str:
    """What a name is compared with; quotation marks around it would make it match nothing."""
    text = _text(value)
    if len(text) > 1 and text[0] in _QUOTES and text[-1] in _QUOTES:
        raise unfit("a text or a pattern with *, without typographic quotation marks around it")
    return text


def _key(value: object) -> str:
    """Something Intacct numbers or names: `300` is an id as well as `V-100`."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if "*" in (text := _text(value)):
        raise unfit("an id as it is; only vendor.name and description take patterns with *")
    return text


def _company(value: object) -> str:
    text = _text(value)
    if text != value:
        raise unfit("a company's key, without blanks before or after it")
    return text


def _person(value: object) -> str:
    if value in ROLES:
        raise unfit(f"somebody's id; {value!r} is a word for whoever it is at the time")
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise unfit("an approver's id: letters, digits, dots, hyphens or underscores")
    return value


def _recipient(value: object) -> str:
    return str(value) if value in ROLES else _person(value)


def _zone(value: object) -> str:
    if not isinstance(value, str) or (zones() and value not in zones()):
        raise unfit(f"an IANA time zone such as America/Chicago{likely_zone(str(value))}")
    return value


_ID_PATTERN = f"^{_ID.pattern}$"
Text = Annotated[str, *checked(_text, type="string", minLength=1, maxLength=_LONGEST_TEXT)]
Pattern = Annotated[str, *checked(_pattern, type="string", minLength=1, maxLength=_LONGEST_TEXT)]
Key = Annotated[str, *checked(_key, type=["string", "integer"])]
CompanyKey = Annotated[str, *checked(_company, type="string")]
Person = Annotated[str, *checked(_person, type="string", pattern=_ID_PATTERN)]
Recipient = Annotated[
    str,
    *checked(
        _recipient,
        anyOf=[{"enum": list(ROLES)}, {"type": "string", "pattern": _ID_PATTERN}],
    ),
]
Zone = Annotated[str, *checked(_zone, type="string", examples=["America/Chicago"])]


# ------------------------------------------------------------------------------------ words
def word_of(words: Collection[str], what: str = "") -> Validator:
    """A validator that wants one of some words."""

    def check(value: object) -> str:
        if not isinstance(value, str) or value not in words:
            raise unfit(f"{what}{one_of(words)}{meant(value, words)}")
        return value

    return check


Event = Annotated[str, *checked(word_of(EVENTS, "an event: "), enum=list(EVENTS))]


def words(*choices: str) -> tuple[BeforeValidator, WithJsonSchema]:
    """The annotations of a value that is one of some words."""
    return checked(word_of(choices), enum=list(choices))


# ------------------------------------------------------------------------------------ lists
def _listed(value: object) -> object:
    """A single value stands for a list of it. What is missing stays missing."""
    if isinstance(value, list):
        if not value:
            raise unfit("at least one entry")
        return value
    return value if value is None or isinstance(value, dict) else [value]


#: In a schema: a single value may stand for this list.
LISTED_MARK = "x-or-one"


class _OrOne:
    """Makes the schema of a list say that a single value may stand for it."""

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {**handler(schema), "minItems": 1, LISTED_MARK: True}


#: In front of a list: a single value may stand for it.
LISTED = (BeforeValidator(_listed), _OrOne())
