r"""The SQL-like text of readByQuery, read into the same conditions a `query` has.

Operators: `= < > <= >= !=`, `like`, `not like`, `in`, `not in`, `IS [NOT] NULL`, joined with AND
and OR (AND binds tighter), with brackets. Text stands in single quotes, an inner one as `\'`.
"""

from __future__ import annotations

import re

from .errors import FunctionError
from .filters import Condition, Group, Node

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<quoted>'(?:[^'\\]|\\.|'')*')
      | (?P<symbol><=|>=|<>|!=|[=<>(),])
      | (?P<word>[^\s'=<>(),!]+)
    )""",
    re.VERBOSE | re.DOTALL,
)
_SYMBOLS = {
    "=": "equalto",
    "!=": "notequalto",
    "<>": "notequalto",
    "<": "lessthan",
    "<=": "lessthanorequalto",
    ">": "greaterthan",
    ">=": "greaterthanorequalto",
}
MAX_DEPTH = 50


def parse_where(text: str) -> Node | None:
    """Conditions of a where clause; empty text is none. Raises FunctionError."""
    tokens = _tokens(text)
    if not tokens:
        return None
    parser = _Parser(tokens)
    node = parser.either(0)
    if parser.rest():
        raise _bad(f"unexpected {parser.rest()[0][1]}")
    return node


def _bad(reason: str) -> FunctionError:
    return FunctionError.query_failed(f"Invalid query: {reason}")


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens: list[tuple[str, str]] = []
    position, end = 0, len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None:
            raise _bad(f"cannot read at {text[position : position + 20]!r}")
        kind = match.lastgroup or ""
        value = match.group(kind)
        if kind == "quoted":
            value = re.sub(r"\\(.)|''", lambda m: m.group(1) or "'", value[1:-1], flags=re.DOTALL)
        tokens.append((kind, value))
        position = match.end()
    return tokens


class _Parser:
    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self._tokens = tokens
        self._at = 0

    def rest(self) -> list[tuple[str, str]]:
        return self._tokens[self._at :]

    def _next(self) -> tuple[str, str]:
        if self._at == len(self._tokens):
            raise _bad("it ends too early")
        self._at += 1
        return self._tokens[self._at - 1]

    def _took(self, *words: str) -> bool:
        here = self._tokens[self._at : self._at + len(words)]
        if [(kind != "quoted" and value.upper()) for kind, value in here] == list(words):
            self._at += len(words)
            return True
        return False

    def either(self, depth: int) -> Node:
        return self._joined("OR", depth)

    def _joined(self, word: str, depth: int) -> Node:
        parts = [self._part(word, depth)]
        while self._took(word):
            parts.append(self._part(word, depth))
        return parts[0] if len(parts) == 1 else Group(word.lower(), tuple(parts))

    def _part(self, word: str, depth: int) -> Node:
        if word == "OR":
            return self._joined("AND", depth)
        if depth > MAX_DEPTH:
            raise _bad(f"nested deeper than {MAX_DEPTH}")
        if self._took("("):
            node = self.either(depth + 1)
            if not self._took(")"):
                raise _bad("a bracket is not closed")
            return node
        return self._condition()

    def _condition(self) -> Condition:
        kind, name = self._next()
        if kind != "word":
            raise _bad(f"{name!r} is not a field")
        if self._took("IS", "NOT", "NULL"):
            return Condition("isnotnull", name)
        if self._took("IS", "NULL"):
            return Condition("isnull", name)
        inverted = "not" if self._took("NOT") else ""
        if self._took("LIKE"):
            return Condition(f"{inverted}like", name, (self._value(),))
        if self._took("IN"):
            return Condition(f"{inverted}in", name, self._list())
        _, symbol = self._next()
        if inverted or symbol not in _SYMBOLS:
            raise _bad(f"{symbol!r} is not an operator")
        return Condition(_SYMBOLS[symbol], name, (self._value(),))

    def _value(self) -> str:
        kind, value = self._next()
        if kind == "symbol":
            raise _bad(f"{value!r} is not a value")
        return value

    def _list(self) -> tuple[str, ...]:
        if not self._took("("):
            raise _bad("IN takes a list in brackets")
        values = [self._value()]
        while self._took(","):
            values.append(self._value())
        if not self._took(")"):
            raise _bad("a list is not closed")
        return tuple(values)
