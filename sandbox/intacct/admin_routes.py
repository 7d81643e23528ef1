"""A table of admin operations: method and path to a function, and what such a function gets."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from .company import Company
from .world import World

Json = dict[str, object]


@dataclass(slots=True)
class Ask:
    """One admin request, taken apart."""

    world: World
    company: Company
    parts: tuple[str, ...]
    """Variable parts of the path."""
    query: dict[str, str]
    body: Json

    def number(self, at: int = 0) -> int:
        """A record number from the path. Raises ValueError."""
        return int(self.parts[at])


Operation = Callable[[Ask], object]


class Routes:
    """Operations by method and path; the first that fits answers."""

    def __init__(self) -> None:
        self._entries: list[tuple[str, re.Pattern[str], Operation]] = []

    def add(self, method: str, path: str) -> Callable[[Operation], Operation]:
        """Register a function; `{name}` in the path is any one part."""
        pattern = re.compile(re.sub(r"\{\w+\}", r"([^/]+)", path))

        def register(operation: Operation) -> Operation:
            self._entries.append((method, pattern, operation))
            return operation

        return register

    def find(self, method: str, path: str) -> tuple[Operation, tuple[str, ...]] | None:
        """The operation for a path, and the variable parts of it."""
        for verb, pattern, operation in self._entries:
            match = pattern.fullmatch(path)
            if verb == method and match is not None:
                return operation, match.groups()
        return None
