"""Reading published JSON: each value as what it must be, or refused with its place.

Nothing unknown is skipped, for a misspelt condition would match every bill.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

#: What an error message shows of a value that was found.
_SHOWN = 60
#: No ledger holds more, and no text could say it.
_MOST_DIGITS = 18
#: Names and conditions are quoted in every audit entry of a decision.
_LONGEST_TEXT, _MOST_TEXTS = 200, 100


class Refused(Exception):
    """A place in the published form, and what is wrong there."""

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(f"{place}: {reason}")
        self.place = place
        self.reason = reason


def shown(value: object) -> str:
    """A value as an error message may quote it."""
    if isinstance(value, list | Mapping):
        return "a list" if isinstance(value, list) else "an object"
    if isinstance(value, int) and value.bit_length() > _SHOWN:
        return "a number beyond all bounds"
    return repr(value[:_SHOWN] if isinstance(value, str) else value)


def entries(
    value: object, place: str, required: Collection[str], optional: Collection[str] = ()
) -> Mapping[str, Any]:
    """An object with all the required keys and no unknown one."""
    body = mapping(value, place)
    for key in body:
        if key not in required and key not in optional:
            known = ", ".join(sorted((*required, *optional)))
            raise Refused(place, f"unknown key {shown(key)}, known are: {known}")
    for key in sorted(required):
        if key not in body:
            raise Refused(place, f"{key!r} is missing")
    return body


def mapping(value: object, place: str) -> Mapping[str, Any]:
    """An object whose keys are anybody's choice."""
    if not isinstance(value, Mapping):
        raise Refused(place, "must be an object")
    for key in value:
        if not isinstance(key, str):
            raise Refused(place, f"the key {shown(key)} must be text")
    return value


def items(value: object, place: str) -> list[Any]:
    """A list."""
    if not isinstance(value, list):
        raise Refused(place, "must be a list")
    return value


def text(value: object, place: str, *, empty: bool = False) -> str:
    """A text as it stands; one of blanks alone counts as empty."""
    if not isinstance(value, str):
        raise Refused(place, "must be text")
    if len(value) > _LONGEST_TEXT:
        raise Refused(place, f"is longer than {_LONGEST_TEXT} characters")
    if not empty and not value.strip():
        raise Refused(place, "is empty")
    return value


def name(value: object, place: str, *, empty: bool = False) -> str:
    """An id or a pattern, without the blanks around it: nothing would ever fit them."""
    return text(value, place, empty=empty).strip()


def names(value: object, place: str) -> tuple[str, ...]:
    """At least one id, each once, in their order."""
    found = tuple(dict.fromkeys(name(each, place) for each in items(value, place)))
    if not found:
        raise Refused(place, "is an empty list, so the rule can match nothing")
    if len(found) > _MOST_TEXTS:
        raise Refused(place, f"lists more than {_MOST_TEXTS}")
    return found


def word(value: object, place: str, choices: Collection[str]) -> str:
    """One of some words."""
    found = text(value, place)
    if found not in choices:
        known = ", ".join(choices)
        raise Refused(place, f"{shown(found)} is not one of: {known}")
    return found


def flag(value: object, place: str) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise Refused(place, "must be true or false")
    return value


def whole(value: object, place: str, least: int, most: int) -> int:
    """A whole number between two bounds, both allowed."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise Refused(place, "must be a whole number")
    if not least <= value <= most:
        raise Refused(place, f"{shown(value)} is not from {least} to {most}")
    return value


def amount(value: object, place: str) -> Decimal:
    """An exact amount."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise Refused(place, "an amount is text or a whole number, for floats are not exact")
    try:
        found = Decimal(value)
    except InvalidOperation as error:
        raise Refused(place, f"{shown(value)} is no amount") from error
    if not found.is_finite():
        raise Refused(place, f"{shown(value)} is no amount")
    _, digits, exponent = found.as_tuple()
    too_long = len(digits) > _MOST_DIGITS or abs(int(exponent)) > _MOST_DIGITS
    if too_long or found.adjusted() >= _MOST_DIGITS:
        raise Refused(place, f"{shown(value)} is beyond what a ledger holds")
    return found
