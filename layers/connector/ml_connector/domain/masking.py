"""What no line of a log may hold, and how it is masked.

Patterns are made when a line first needs them: people are added whenever they are read, most lines
name nobody, and a cold start should not pay for either.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator
from functools import cache

#: Shorter names are words as well.
_SHORTEST_NAME = 3
#: As many last digits tell a number: local numbers have no more, and no plan has to be known.
_TELLING = 7
#: What stays of a number, so that two people can be told apart.
_SHOWN = 4
#: What people dial before a national number, or before a whole one.
_DIALLED_BEFORE = ("", "0", "00", "011", "06", "8")
_LONGEST_DIALLED = max(map(len, _DIALLED_BEFORE))
_LONGEST_COUNTRY = 3

#: Numbers after a plus: E.164, as docs/security.md says.
_FEWEST, _MOST = 8, 15
#: A group this long is a number by itself; what follows it is something else.
_WHOLE = 10
#: Of countries whose numbers all have the same length.
_FIXED = {"1": 11, "7": 11}

#: What people put between the digits of a number: as it is, as JSON spells it, and as a URL does.
_MARK = (
    r"(?:[ \t.\-/()\[\]\u00a0\u2002-\u2015\u202f]"
    r"|\\u00a0|\\u20(?:0[2-9a-f]|1[0-5]|2f)|%20|%2[89DdFf]|%C2%A0)"
)
_TIME = r"[0-2][0-9]:[0-5][0-9]:[0-6][0-9](?:[.,][0-9]+)?"
#: An amount, or a duration: one dot, and nothing else between its digits.
_DECIMAL = rf"[0-9]{{1,9}}\.[0-9]{{1,3}}(?![0-9])(?!{_MARK}{{1,3}}[0-9])"
_UUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
#: One character as JSON or a URL spells it: its digits, or letters, are no part of what follows.
_SPELT = r"\\u[0-9a-fA-F]{4}|%[0-9a-fA-F]{2}"
_AFTER_SPELT = r"(?<=\\[bfnrt])|(?<=\\u[0-9a-fA-F]{4})|(?<=%[0-9a-fA-F]{2})"


def _day(group: int) -> str:
    """A calendar day; `group` is the number its separator has among the pattern's groups."""
    iso = rf"(?:19|20)[0-9]{{2}}([-./])[01][0-9]\{group}[0-3][0-9]"
    return rf"(?:{iso}|[0-3][0-9]\.[01][0-9]\.(?:19|20)[0-9]{{2}})(?![0-9])"


@cache
def _after_plus() -> re.Pattern[str]:
    groups = rf"{_MARK}{{0,2}}[0-9]+(?:{_MARK}{{1,3}}(?!{_day(3)})[0-9]+)*"
    return re.compile(rf"(\+|%2[Bb])({groups})")


@cache
def _runs() -> re.Pattern[str]:
    """Digits with marks between, as group `run`; what else holds digits comes without it."""
    start = rf"(?:(?<![0-9a-fA-F])|{_AFTER_SPELT})"
    run = rf"[0-9]+(?:{_MARK}{{1,3}}(?!{_day(3)}|{_TIME})[0-9]+)*"
    other = rf"{_day(1)}|{_TIME}|{_UUID}|{_SPELT}|{start}{_DECIMAL}"
    return re.compile(rf"{other}|{start}(?P<run>{run})(?![0-9a-fA-F])")


def mask_numbers(text: str) -> str:
    """The text with every number after a plus reduced to its last four digits.

    Those are 8 to 15 digits with what people put between them, and 7 with nothing between.
    """
    if "+" not in text and "%2" not in text:
        return text
    return _after_plus().sub(_masked, text)


def _masked(found: re.Match[str]) -> str:
    groups = _groups(found[2])
    before = re.sub(_SPELT, "", found.string[max(found.start() - 6, 0) : found.start()])
    end, digits = 0, ""
    if len(groups[0][0]) >= _WHOLE or before[-1:].isdigit() or groups[0][0][0] == "0":
        groups = groups[:1]
    most = _FIXED.get(groups[0][0][0], _MOST)
    for group, _, after in groups:
        if len(digits + group) > (most if digits else _MOST):
            break
        digits, end = digits + group, after
    if len(digits) < (_FEWEST if end > len(digits) else _TELLING):
        return found[0]
    return f"+{'x' * (len(digits) - _SHOWN)}{digits[-_SHOWN:]}{found[2][end:]}"


def _groups(run: str) -> list[tuple[str, int, int]]:
    """Its digits, where they begin and where they end; not those that spell a mark."""
    plain = re.sub(_SPELT, lambda spelt: "-" * len(spelt[0]), run)
    return [(found[0], found.start(), found.end()) for found in re.finditer("[0-9]+", plain)]


class Known:
    """People who were read by this process: what of them no line may hold."""

    def __init__(self) -> None:
        #: By name, what every line with it holds.
        self._names: dict[str, str] = {}
        self._patterns: dict[str, re.Pattern[str]] = {}
        #: Whole numbers without their plus, by their last digits.
        self._numbers: dict[str, set[str]] = {}

    def add(self, name: str, number: str) -> None:
        """A person's name, and their number in E.164; either may be empty."""
        if len(name.strip()) >= _SHORTEST_NAME and name not in self._names:
            self._names[name] = _in_every_spelling(name)
        whole = number.lstrip("+")
        if len(whole) >= _TELLING:
            self._numbers.setdefault(whole[-_TELLING:], set()).add(whole)

    def mask(self, text: str) -> str:
        """The text without any of it."""
        low, foreign = text.lower(), not text.isascii() or "\\u" in text
        for name, part in self._names.items():
            if part in low and (part or foreign):
                text = self._pattern(name).sub("[name]", text)
        if self._numbers:
            text = _runs().sub(self._without_numbers, text)
        return text

    def _pattern(self, name: str) -> re.Pattern[str]:
        if name not in self._patterns:
            self._patterns[name] = _pattern_of_name(name)
        return self._patterns[name]

    def _without_numbers(self, found: re.Match[str]) -> str:
        run = found["run"]
        if run is None or len(run) < _TELLING:
            return found[0]
        left, done = "", 0
        for start, end, shown in self._numbers_in(run):
            left += f"{run[done:start]}[number]{shown}"
            done = end
        return left + run[done:]

    def _numbers_in(self, run: str) -> Iterator[tuple[int, int, str]]:
        """Where numbers begin and end, in groups of digits, and what of them stays."""
        groups, first = _groups(run), 0
        digits = "".join(group for group, _, _ in groups)
        upto = 0
        for place, (group, _, end) in enumerate(groups):
            upto += len(group)
            wholes = self._numbers.get(digits[max(upto - _TELLING, 0) : upto])
            start = _start(groups[first : place + 1], wholes) if wholes else None
            if start is not None:
                yield start, end, digits[upto - _SHOWN : upto]
                first = place + 1


def _start(groups: list[tuple[str, int, int]], wholes: set[str]) -> int | None:
    """Where the longest spelling of one of the numbers begins that ends with these groups."""
    longest = max(map(len, wholes)) + _LONGEST_DIALLED
    start, spelt = None, ""
    for group, begins, _ in reversed(groups):
        spelt = group + spelt
        if len(spelt) > longest:
            break
        if any(_spells(spelt, whole) for whole in wholes):
            start = begins
    return start


def _spells(digits: str, whole: str) -> bool:
    """Whether somebody who writes these digits means the number."""
    for dialled in _DIALLED_BEFORE:
        rest = digits[len(dialled) :]
        if digits.startswith(dialled) and len(rest) >= _TELLING:
            if whole.endswith(rest):
                return True
            # "+44 (0) 7700": the zero that is dialled at home only.
            if any(
                rest == f"{whole[:country]}0{whole[country:]}"
                for country in range(1, _LONGEST_COUNTRY + 1)
            ):
                return True
    return False


def _in_every_spelling(name: str) -> str:
    """The longest part of a name that nobody spells otherwise, in lower case; it may be empty."""
    parts = re.findall("[A-Za-z0-9]+", unicodedata.normalize("NFC", name))
    return max(parts, key=len, default="").lower()


def _pattern_of_name(name: str) -> re.Pattern[str]:
    """A full name in any case and Unicode form, also with its last part or parts first."""
    words = unicodedata.normalize("NFC", name).split()
    last, comma, first = " ".join(words).partition(",")
    if comma:
        words = [*first.split(), *last.split()]
    mark = r"(?:\s|\\u00a0|\\[nrt]|%20|\+)"
    blank = mark + "{1,4}"
    spelt = ["".join(map(_letter, word)) for word in words]
    forms = [blank.join(spelt)]
    for place in range(1, len(spelt)):
        family, given = blank.join(spelt[place:]), blank.join(spelt[:place])
        forms.append(f"{family}{mark}{{0,4}},{mark}{{0,4}}{given}")
    # A single name is a word as well: as it is written only.
    flags = re.IGNORECASE if len(words) > 1 else re.NOFLAG
    return re.compile(rf"(?:(?<!\w)|{_AFTER_SPELT})(?:{'|'.join(forms)})(?!\w)", flags)


def _letter(letter: str) -> str:
    """One character as it may stand in a line: a line is JSON, which spells what is not ASCII."""
    if letter.isascii():
        return re.escape(letter)
    forms = {
        unicodedata.normalize(form, variant)
        for variant in (letter, letter.lower(), letter.upper())
        for form in ("NFC", "NFD")
    }
    forms |= {json.dumps(form)[1:-1] for form in forms}
    return f"(?:{'|'.join(re.escape(form) for form in sorted(forms, key=len, reverse=True))})"


#: Those of this process.
KNOWN = Known()
