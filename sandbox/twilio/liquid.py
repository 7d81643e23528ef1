"""The part of Liquid that Studio widgets use here: `{{ a.b.c | filter: 'x' }}`, nothing else.

https://www.twilio.com/docs/studio/user-guide/liquid-template-language. What is substituted is
never read as a template again.
"""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_OUTPUT = re.compile(r"\{\{\s*(?P<path>[\w.-]+)\s*(?P<filters>(?:\|[^{}]*)?)\}\}")
_FILTER = re.compile(
    r"""\|\s*(?P<name>\w+)\s*(?::\s*(?P<quote>['"])(?P<argument>.*?)(?P=quote)\s*)?""",
)

_FILTERS: dict[str, Callable[[str, str], str]] = {
    "default": lambda text, argument: text or argument,
    "upcase": lambda text, _: text.upper(),
    "downcase": lambda text, _: text.lower(),
    "strip": lambda text, _: text.strip(),
    "escape": lambda text, _: escape(text),
}


def problems(template: str) -> list[str]:
    """Return what in a template this simulator would not render as Studio does."""
    found = []
    if "{%" in template:
        found.append("Liquid tags ({% … %}) are not simulated")
    rest = _OUTPUT.sub("", template)
    if "{{" in rest or "}}" in rest:
        found.append(f"not a variable: {template!r}")
    for match in _OUTPUT.finditer(template):
        names = [each["name"] for each in _FILTER.finditer(match["filters"])]
        found += [f"filter not simulated: {name}" for name in names if name not in _FILTERS]
    return found


def render(template: str, context: Mapping[str, object]) -> str:
    """Fill in a template; what the context does not hold is empty."""

    def output(match: re.Match[str]) -> str:
        text = _text(_look_up(match["path"], context))
        for each in _FILTER.finditer(match["filters"]):
            text = _FILTERS[each["name"]](text, each["argument"] or "")
        return text

    return _OUTPUT.sub(output, template)


def _look_up(path: str, context: Mapping[str, object]) -> object:
    value: object = context
    for name in path.split("."):
        if not isinstance(value, dict) or name not in value:
            return None
        value = value[name]
    return value


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)
