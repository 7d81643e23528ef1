"""Questions. Answers come from the terminal, or from standard input, one line each.

Questions go to standard error. What is secret is never shown: in a terminal echo is off, and from
a pipe there is nothing to echo.
"""

from __future__ import annotations

import getpass
import sys

from .failures import Misused
from .terminal import harmless

_YES = frozenset({"y", "yes"})


def ask(question: str, default: str | None = None) -> str:
    """A line of text, without outer blanks; the default for an empty one.

    Without a default the question is asked until there is an answer.
    """
    hint = f" [{default}]" if default else ""
    while True:
        answer = _line(f"{question}{hint}: ", question).strip()
        if answer or default is not None:
            return answer or str(default)
        sys.stderr.write("an answer is needed\n")


def ask_secret(question: str) -> str:
    """A line of text that nobody sees, exactly as it was typed."""
    while True:
        if sys.stdin.isatty():
            answer = getpass.getpass(f"{question} (not shown): ", stream=sys.stderr)
        else:
            answer = _line("", question)
        if answer:
            return answer
        sys.stderr.write("an answer is needed\n")


def confirm(question: str, *, yes: bool = False) -> bool:
    """Whether to go on; `yes` answers for the person who said --yes."""
    if yes:
        return True
    try:
        return _line(f"{question} [y/N]: ", question).strip().lower() in _YES
    except Misused as error:
        raise Misused(f"nobody answered {question!r}; say --yes to go on without asking") from error


def _line(prompt: str, question: str) -> str:
    sys.stderr.write(harmless(prompt))
    sys.stderr.flush()
    line = sys.stdin.readline()
    if prompt and not sys.stdin.isatty():
        sys.stderr.write("\n")  # nobody pressed a key that would have ended the line
    if not line:
        raise Misused(
            f"the input ended at {question!r}; answer in a terminal, or give a line per question"
        )
    return line.rstrip("\r\n")
