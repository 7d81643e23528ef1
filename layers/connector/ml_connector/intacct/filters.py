"""Typed conditions of a `query`: exactly one operator under `filter`, anything else nested.

They are plain values; how they are written is the envelope's business. STATE and its like are
compared by label, case counts, and times are texts in the API user's own zone.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import TypeAlias

from ml_connector.domain.frozen import frozen


class Operator(StrEnum):
    """Comparisons of one field with one value; the value of each member is the element's name."""

    EQUAL = "equalto"
    NOT_EQUAL = "notequalto"
    LESS = "lessthan"
    AT_MOST = "lessthanorequalto"
    GREATER = "greaterthan"
    AT_LEAST = "greaterthanorequalto"
    LIKE = "like"
    NOT_LIKE = "notlike"


@frozen
class Compare:
    """One field against one value; with LIKE, `%` and `_` are wildcards."""

    field: str
    operator: Operator
    value: str


@frozen
class Between:
    """A field within two values, both included."""

    field: str
    low: str
    high: str


@frozen
class In:
    """A field among values. More than 1,000 of them are written as several `in` under an `or`."""

    field: str
    values: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.values:
            raise ValueError(f"no values to look for in {self.field}")


@frozen
class NotIn:
    """A field among none of the values, split like `In` but under an `and`."""

    field: str
    values: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.values:
            raise ValueError(f"no values to exclude from {self.field}")


@frozen
class Null:
    """A field without a value, or (negated) with one."""

    field: str
    negated: bool = False


@frozen
class And:
    """Every one of at least two conditions."""

    parts: tuple[Filter, ...]

    def __post_init__(self) -> None:
        _at_least_two(self.parts)


@frozen
class Or:
    """Any of at least two conditions."""

    parts: tuple[Filter, ...]

    def __post_init__(self) -> None:
        _at_least_two(self.parts)


Filter: TypeAlias = Compare | Between | In | NotIn | Null | And | Or

#: What the schema allows in one `in`.
MAX_IN_VALUES = 1000


def equal(field: str, value: str) -> Compare:
    """`field = value`, by case."""
    return Compare(field, Operator.EQUAL, value)


def at_least(field: str, value: str) -> Compare:
    """`field >= value`."""
    return Compare(field, Operator.AT_LEAST, value)


def greater(field: str, value: str) -> Compare:
    """`field > value`."""
    return Compare(field, Operator.GREATER, value)


def one_of(field: str, values: Iterable[str]) -> In:
    """`field` among values, each named once, in the order given."""
    return In(field, tuple(dict.fromkeys(values)))


def every(*parts: Filter | None) -> Filter | None:
    """All that are not None; the one alone where there is only one, None where there is none."""
    present = tuple(part for part in parts if part is not None)
    if not present:
        return None
    return present[0] if len(present) == 1 else And(present)


def _at_least_two(parts: tuple[Filter, ...]) -> None:
    if len(parts) < 2:  # noqa: PLR2004 - two is the schema's own number
        raise ValueError("and/or take at least two conditions")
