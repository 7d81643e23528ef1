"""What a reply is once it is read: elements, and records that are plain dicts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from ml_connector.domain.frozen import frozen

Row: TypeAlias = dict[str, str]


@dataclass(slots=True)
class Element:
    """One element. Names are upper case, attribute names lower case.

    `records` is filled only on the DATA element of a RESULT: its flat children, as dicts. A child
    that is not flat (it nests, or repeats a field) is an Element in `children` instead.
    """

    name: str
    attributes: dict[str, str] = field(default_factory=dict)
    text: str = ""
    children: list[Element] = field(default_factory=list)
    records: list[Row] = field(default_factory=list)

    def child(self, name: str) -> Element | None:
        """The first child of that (upper case) name."""
        return next((child for child in self.children if child.name == name), None)

    def text_of(self, name: str) -> str:
        """The text of the first child of that name without outer blanks; "" where absent."""
        child = self.child(name)
        return child.text.strip() if child else ""


@frozen
class Document:
    """A well-formed reply; `cleaned` is the number of forbidden characters taken out of it."""

    root: Element
    cleaned: int = 0
