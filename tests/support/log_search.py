"""Searching lines of logs for what none of them may hold."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

#: A shorter secret would be found in words that are none.
SHORTEST = 6
#: Digits at the end that tell a number, in every country's plan, and what may stand between them.
_TELLING = 7
_BETWEEN = r"(?:[^0-9A-Za-z:,\"{}\\]|\\u[0-9a-f]{4}|%[0-9A-F]{2}){0,3}"

#: A logger's time in UTC and a metric's: whole, they are nobody's number, but a thousandth of
#: a second and the offset behind it (",010+0000") read like the end of one.
_TIMES = re.compile(
    r"\b\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:[.,]\d{3,6})?(?:Z|\+00:?00)(?!\d)"
    r'|(?<="Timestamp":)1\d{12}(?!\d)'
)


@dataclass(frozen=True, slots=True)
class Needle:
    """One thing to look for, and what kind of thing it is."""

    kind: str
    text: str
    whole_word: bool = False
    #: Digits, which a line may hold with other characters between.
    spread: bool = False

    def in_line(self, line: str) -> bool:
        """Whether a line holds it, as it is or as JSON spells it."""
        if self.spread:
            return bool(re.search(rf"{_BETWEEN.join(self.text)}(?![0-9a-f])", without_times(line)))
        forms = {self.text, json.dumps(self.text)[1:-1]}
        if not self.whole_word:
            return any(form in line for form in forms)
        return any(re.search(rf"(?<!\w){re.escape(form)}(?!\w)", line) for form in forms)


def without_times(line: str) -> str:
    """The line with a letter for each time, so that what stood around it does not join."""
    return _TIMES.sub("T", line)


def of_number(number: str) -> Iterator[Needle]:
    """A number in E.164, and its last digits with whatever people write between them.

    The latter find it with its country code, with a zero instead, and with neither.
    """
    digits = number.lstrip("+")
    for spelling in (number, number.replace("+", "%2B"), digits):
        yield Needle("numbers", spelling)
    yield Needle("numbers", digits[-_TELLING:], spread=True)


def of_name(name: str) -> Iterator[Needle]:
    """A person's name, and each of its parts."""
    for part in (name, *name.split()):
        yield Needle("names", part, whole_word=True)


def of_secret(secret: Mapping[str, Any], public: Iterable[str] = ()) -> Iterator[Needle]:
    """Every text in a secret, but for those under keys that name what anybody may know."""
    for key, value in secret.items():
        if isinstance(value, Mapping):
            yield from of_secret(value, public)
        elif isinstance(value, str) and len(value) >= SHORTEST and key not in public:
            yield Needle("secrets", value)


@dataclass(frozen=True, slots=True)
class Found:
    """What a search came to."""

    lines: int
    needles: int
    hits: tuple[tuple[Needle, str], ...]

    @property
    def kinds(self) -> Counter[str]:
        """How many of each kind."""
        return Counter(needle.kind for needle, _ in self.hits)

    def __str__(self) -> str:
        shown = "".join(
            f"\n  {needle.kind}: {needle.text!r} in {line[:200]}" for needle, line in self.hits
        )
        return (
            f"{self.lines} lines searched for {self.needles} needles: {len(self.hits)} found{shown}"
        )


def search(lines: Iterable[str], needles: Iterable[Needle]) -> Found:
    """Look for every needle in every line."""
    wanted, count = tuple(dict.fromkeys(needles)), 0
    hits: list[tuple[Needle, str]] = []
    for line in lines:
        count += 1
        hits += [(needle, line) for needle in wanted if needle.in_line(line)]
    return Found(count, len(wanted), tuple(hits))
