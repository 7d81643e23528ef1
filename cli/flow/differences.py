"""What a new flow says that the one in force does not, and the other way."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cli.files.flow_file import numbered, spoken_companies
from ml_connector.domain.flows import Flow

_NUMBER = re.compile(r"^\d+\. ")


def changed_lines(before: Flow | None, flow: Flow) -> list[str]:
    """The sentences that go, with `- `, and those that come, with `+ `, in their order.

    Numbers do not count: a rule that only moved down because one was put above it says the same.
    """
    new = _lines(flow)
    if before is None:
        return [f"+ {line}" for line in new]
    old = _lines(before)
    return list(_changes(old, new))


def _lines(flow: Flow) -> list[str]:
    return [*spoken_companies(flow), *numbered(flow)]


def _changes(old: Sequence[str], new: Sequence[str]) -> Iterator[str]:
    matcher = difflib.SequenceMatcher(a=_bare(old), b=_bare(new), autojunk=False)
    for kind, a, b, c, d in matcher.get_opcodes():
        if kind != "equal":
            yield from (f"- {line}" for line in old[a:b])
            yield from (f"+ {line}" for line in new[c:d])


def _bare(lines: Sequence[str]) -> list[str]:
    return [_NUMBER.sub("", line) for line in lines]


def changed_places(before: object, after: object, place: str = "") -> Iterator[str]:
    """The places at which two published forms differ: for what no sentence says."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in sorted({*before, *after}):
            inner = f"{place}.{key}" if place else str(key)
            yield from changed_places(before.get(key), after.get(key), inner)
    elif _same_length(before, after):
        for number, (one, other) in enumerate(zip(before, after, strict=True), start=1):  # type: ignore[call-overload]
            yield from changed_places(one, other, f"{place}[{number}]")
    elif before != after:
        yield place


def _same_length(before: Any, after: Any) -> bool:  # noqa: ANN401 - any JSON
    return isinstance(before, list) and isinstance(after, list) and len(before) == len(after)
