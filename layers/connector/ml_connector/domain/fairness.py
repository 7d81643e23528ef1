"""Whose turn it is: each company in turn, and within a company each person.

What is done in a run of bounded length is done in this order, so that thousands of one company's
alerts, or of one person's, cost everybody else a turn and not their place.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import TypeVar

T = TypeVar("T")


def in_turn(items: Iterable[T], whose: Callable[[T], tuple[str, ...]]) -> list[T]:
    """The same items so that their owners take turns; each owner's own keep their order.

    `whose` names the owners of an item, the widest first, such as company and person. Turns begin
    with whoever has the first item. With one owner nothing changes.
    """
    return _in_turn([(whose(item), item) for item in items])


def _in_turn(owned: list[tuple[tuple[str, ...], T]]) -> list[T]:
    lines: dict[str, list[tuple[tuple[str, ...], T]]] = {}
    for owners, item in owned:
        if not owners:
            return [each for _, each in owned]
        lines.setdefault(owners[0], []).append((owners[1:], item))
    waiting = deque(deque(_in_turn(line)) for line in lines.values())
    turns: list[T] = []
    while waiting:
        line = waiting.popleft()
        turns.append(line.popleft())
        if line:
            waiting.append(line)
    return turns
