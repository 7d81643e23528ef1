"""What is wrong with a file, said so that it can be put right: file, line, place, found, expected.

Everything that is wrong is found first and said at once.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import yaml

from cli.console.failures import Failure
from cli.console.terminal import printable

#: Keys and indexes from the top of a file, indexes from 0, as pydantic gives them.
Path: TypeAlias = tuple[str | int, ...]

NOTHING = "nothing"
#: What is shown of a value that was found.
_SHOWN = 80


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong. `path` is in words, `rules[2] "large".when.amount`; `line` counts from 1."""

    file: str
    line: int
    path: str
    found: str
    expected: str

    def __str__(self) -> str:
        place = f"{self.path}: " if self.path else ""
        said = f"{self.file}:{self.line}: {place}found {self.found}, expected {self.expected}"
        return printable(said)

    def as_json(self) -> dict[str, str | int]:
        """For programs and editors."""
        return {
            "file": self.file,
            "line": self.line,
            "path": printable(self.path),
            "found": printable(self.found),
            "expected": printable(self.expected),
        }


class Wrong(Failure):
    """A file with everything that is wrong with it."""

    def __init__(self, file: str, problems: Sequence[Problem]) -> None:
        said = [str(problem) for problem in problems]
        if len(said) == 1:
            super().__init__(said[0])
        else:
            super().__init__(f"{file}: {len(said)} things are wrong", said)
        self.problems = tuple(problems)


class Findings:
    """Collects what is wrong with one YAML or JSON file, and knows where everything stands."""

    def __init__(self, file: str, tree: yaml.Node | None, body: object) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self._tree = tree
        self._body = body

    def add(self, path: Path, found: str, expected: str, *, at_key: bool = False) -> None:
        """Something is wrong at a path. `at_key`: it is the key itself, not its value."""
        line = self._line(path, at_key=at_key)
        problem = Problem(self.file, line, self._spoken(path), found, expected)
        if problem not in self.problems:
            self.problems.append(problem)

    def end(self) -> None:
        """Raise Wrong where anything was found, in the order of the lines."""
        if self.problems:
            raise Wrong(self.file, in_order(self.problems))

    def value(self, path: Path) -> object:
        """What stands at a path; None where nothing does."""
        value: object = self._body
        for part in path:
            try:
                value = value[part]  # type: ignore[index]
            except (KeyError, IndexError):
                return None
            except TypeError:
                if part != 0:
                    return None
                # A single value stands where a list may be.
        return value

    # ---------------------------------------------------------------------------- places
    def _line(self, path: Path, *, at_key: bool) -> int:
        node, line = self._tree, 1
        if node is not None and not path:
            return int(node.start_mark.line) + 1
        for number, part in enumerate(path):
            key, value = _child(node, part)
            if value is None:
                break
            mark = (key if key is not None else value).start_mark
            line = int(mark.line) + 1
            last = number == len(path) - 1
            if last and not at_key and isinstance(value, yaml.ScalarNode) and value.value:
                line = int(value.start_mark.line) + 1
            node = value
        return line

    def _spoken(self, path: Path) -> str:
        words = ""
        for number, part in enumerate(path):
            if isinstance(part, str):
                words += f".{part}" if words else part
                continue
            parent = self.value(path[:number])
            if not isinstance(parent, list):
                continue
            words += f"[{part + 1}]"
            entry = parent[part] if part < len(parent) else None
            if path[:number] == ("rules",) and isinstance(entry, Mapping):
                name = entry.get("name")
                words += f' "{name}"' if isinstance(name, str) and name else ""
        return words


def _child(node: yaml.Node | None, part: str | int) -> tuple[yaml.Node | None, yaml.Node | None]:
    """The key, where it has one, and the value of one step down; None where there is none."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(part):
                return key, value
    elif isinstance(node, yaml.SequenceNode):
        if isinstance(part, int) and part < len(node.value):
            return None, node.value[part]
    elif part == 0:
        return None, node
    return None, None


def in_order(problems: Iterable[Problem]) -> list[Problem]:
    """By file as they came, then by line."""
    files: dict[str, int] = {}
    for problem in problems:
        files.setdefault(problem.file, len(files))
    return sorted(problems, key=lambda problem: (files[problem.file], problem.line))


def shown(value: Any) -> str:  # noqa: ANN401 - whatever a file holds
    """A value as a person would point at it."""
    if value is None:
        return NOTHING
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        keys = ", ".join(map(str, value))
        return _cut(f"an object of {keys}" if keys else "an empty object")
    if isinstance(value, list):
        return f"a list of {len(value)}" if value else "an empty list"
    return _cut(repr(value) if isinstance(value, str) else str(value))


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def one_of(words: Iterable[str]) -> str:
    """`a`, `a or b`, `a, b or c`."""
    *before, last = words
    return f"{', '.join(before)} or {last}" if before else last


def meant(found: object, known: Iterable[str]) -> str:
    """What was probably meant, to follow what was expected; empty where nothing is close."""
    names = list(known)
    folded = {name.casefold(): name for name in names}
    close = difflib.get_close_matches(str(found).casefold(), folded, n=1, cutoff=0.6)
    return f"; did you mean {folded[close[0]]!r}?" if close else ""
