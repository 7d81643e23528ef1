"""What is wrong with a YAML file, in words for somebody who never read YAML's specification."""

from __future__ import annotations

import re
from collections.abc import Callable

import yaml

#: What git leaves in a file where two people changed the same lines.
_MERGE_MARK = re.compile(r"^(<{7}|={7}|>{7}|\|{7})( |$)", re.MULTILINE)

#: The parser's words, and ours. The first that matches counts.
_WORDS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...] = (
    (
        re.compile(r"found character '\\t' that cannot start any token"),
        lambda _: "a tab; lines are moved to the right with blanks",
    ),
    (
        re.compile(r"found character '(.+)' that cannot start any token"),
        lambda found: f"a value that begins with {found[1]} goes in quotes",
    ),
    (
        re.compile(r"mapping values are not allowed here"),
        lambda _: (
            "a colon is not expected here: the line is too far to the right, the one before it "
            "has no colon, or a value that holds a colon and a blank is not in quotes"
        ),
    ),
    (
        re.compile(r"could not find expected ':'"),
        lambda _: "a colon is missing, here or in the line before",
    ),
    (
        re.compile(r"expected <block end>, but found"),
        lambda _: "the line does not begin where those it belongs to begin",
    ),
    (
        re.compile(r"found unexpected end of stream"),
        lambda _: "a quotation mark that is opened is never closed",
    ),
    (
        re.compile(r"(expected .+), but got '<stream end>'"),
        lambda found: f"{found[1]} before the file ends",
    ),
    (
        re.compile(r"expected the node content, but found '<stream end>'"),
        lambda _: "a bracket that is opened is never closed",
    ),
    (
        re.compile(r"expected the node content, but found '(.+)'"),
        lambda found: f"a value is missing before '{found[1]}'",
    ),
    (
        re.compile(r"expected '<document start>', but found"),
        lambda _: "this belongs to nothing before it; a value that begins with % goes in quotes",
    ),
    (
        re.compile(r"found unknown escape character '(.+)'"),
        lambda found: f"\\{found[1]} means nothing in double quotes; use single quotes",
    ),
    (
        re.compile(r"could not determine a constructor for the tag"),
        lambda _: "a value that begins with ! goes in quotes",
    ),
    (
        re.compile(r"but found another document"),
        lambda _: "the file holds one document; remove this line",
    ),
)


def place_and_words(error: yaml.MarkedYAMLError, text: str) -> tuple[str, str]:
    """Line and column from 1, as `3:7`, and what is wrong there; an empty place where none is."""
    merge = _MERGE_MARK.search(text)
    if merge:
        line = text.count("\n", 0, merge.start()) + 1
        return f"{line}:1", "a mark that an unfinished merge left; keep one side without the marks"
    mark = error.problem_mark or error.context_mark
    return f"{mark.line + 1}:{mark.column + 1}" if mark else "", _plain(error.problem or "")


def _plain(problem: str) -> str:
    for pattern, words in _WORDS:
        if found := pattern.search(problem):
            return words(found)
    return problem or "not YAML"
