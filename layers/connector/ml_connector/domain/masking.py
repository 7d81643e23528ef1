"""What no line of a log may hold, and how it is masked."""

from __future__ import annotations

import json
import re

#: Shorter names are words as well.
_SHORTEST_NAME = 3
#: Digits of a number without its country code: how people write it.
_NATIONAL = 10

_NUMBER = re.compile(r"(\+|%2[Bb])(\d{3,11})(\d{4})(?!\d)")


def mask_numbers(text: str) -> str:
    """The text with every E.164 number reduced to its last four digits."""
    return _NUMBER.sub(lambda found: f"+{'x' * len(found[2])}{found[3]}", text)


class Known:
    """People who were read by this process: what of them no line may hold."""

    def __init__(self) -> None:
        self._names: dict[str, re.Pattern[str]] = {}
        self._numbers: dict[str, re.Pattern[str]] = {}

    def add(self, name: str, number: str) -> None:
        """A person's name, and their number in E.164; either may be empty."""
        if len(name.strip()) >= _SHORTEST_NAME and name not in self._names:
            # A line is JSON already, which spells what is not ASCII.
            forms = {re.escape(name), re.escape(json.dumps(name)[1:-1])}
            self._names[name] = re.compile(rf"(?<!\w)(?:{'|'.join(sorted(forms))})(?!\w)")
        whole = number.lstrip("+")
        country, digits = whole[:-_NATIONAL], whole[-_NATIONAL:]
        if len(digits) == _NATIONAL and digits not in self._numbers:
            between = r"[^0-9a-zA-Z]{0,2}"
            prefix = rf"(?:\+?{country}{between})?" if country else ""
            spelt = between.join(digits)
            self._numbers[digits] = re.compile(rf"(?<![0-9a-fA-F]){prefix}{spelt}(?!\d)")

    def mask(self, text: str) -> str:
        """The text without any of it."""
        for name, pattern in self._names.items():
            if name.split()[0] in text or not name.isascii():
                text = pattern.sub("[name]", text)
        digits = re.sub(r"[^0-9]", "", text)
        for number, pattern in self._numbers.items():
            if number in digits:
                text = pattern.sub(f"[number]{number[-4:]}", text)
        return text


#: Those of this process.
KNOWN = Known()
