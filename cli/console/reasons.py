"""Why something is done, as the audit keeps it for good: neither a name nor a phone number.

A name nobody can tell from other words. What may be a phone number is refused, for an entry of the
audit cannot be erased, and a reason that several people share is in the chain of each.
"""

from __future__ import annotations

import re
import sys
from typing import Annotated, TypeAlias

import typer

from .asking import ask
from .failures import Misused

#: The rule, as it is told to whoever broke it.
RULE = (
    "7 digits or more, with or without blanks, dots, hyphens, slashes or brackets between them, "
    "are taken for a phone number, unless they are a day, an amount such as 12,500.00 or "
    "USD 1250000, or have letters or # before them, such as INV-4711001"
)
QUESTION = "Reason, for the audit; no names, no phone numbers"
#: Digits from which on a number may be somebody's phone: local numbers have as few.
FEWEST = 7

_MONEY = r"(?:USD|EUR|GBP|CAD|AUD|NZD|CHF|JPY|CNY|INR|MXN|BRL|ZAR|SGD|HKD|SEK|NOK|DKK|PLN|[$€£¥])"
#: What has as many digits and is none. A plus belongs to a phone number wherever it stands.
_NONE = re.compile(
    rf"""(?<!\d)(?<!\+)(?:
    \d{{4}}-\d\d-\d\d                             # 2026-11-30
    | \d{{1,2}}([./])\d{{1,2}}\1\d{{4}}             # 30.11.2026, 11/30/2026
    | (?<!\w){_MONEY}[ ]?\d[\d ,.]*\d             # USD 1250000, $ 1.250.000,00
    | \d{{1,3}}(?:\.\d{{3}})*,\d\d | \d+\.\d\d      # 1.250.000,00 and 12500.00
    | (?<=\#)[\d./-]+                            # #2026-000123
    )(?![\d.,-]?\d)""",
    re.VERBOSE,
)
#: Letters right before, as in INV-4711001, or right after make a run part of a word.
_RUN = re.compile(r"(?P<word>[^\W\d_][-_/]?)?(?P<run>\+?\(?\d(?:[\s().\u2010-\u2015/-]{0,3}\d)*)")


def checked(reason: str) -> str:
    """The same reason. Raises Misused where it holds what looks like a phone number."""
    if holds_a_number(reason):
        raise Misused(
            f"the audit keeps reasons for good, and this looks like a phone number: {RULE}"
        )
    return reason


Reason: TypeAlias = Annotated[
    str,
    typer.Option(
        callback=checked,
        help="Why; asked for if not given. The audit keeps it for good, so no names and no phone "
        f"numbers: {RULE}.",
        show_default=False,
    ),
]


def asked_for(question: str = QUESTION, default: str | None = None) -> str:
    """A reason somebody types, asked for again until it may be kept. Raises Misused at the end of
    the input."""
    while True:
        reason = ask(question, default)
        try:
            return checked(reason)
        except Misused as error:
            sys.stderr.write(f"{error.line}\n")


def holds_a_number(text: str) -> bool:
    """Whether something in a text looks like a phone number; see `RULE`."""
    rest = _NONE.sub(",", text)
    for found in _RUN.finditer(rest):
        run, after = found["run"], rest[found.end() : found.end() + 1]
        in_a_word = not run.startswith("+") and (found["word"] or after.isalpha())
        if sum(character.isdigit() for character in run) >= FEWEST and not in_a_word:
            return True
    return False
