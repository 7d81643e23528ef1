"""CloudWatch Logs Insights for the local AWS: the part of its language this project's queries use.

    answer(query, {"/aws/lambda/poll": events})

Commands SOURCE, fields, filter, stats, sort and limit
(https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax.html). Beside its rows an
answer says which of the fields it names are in no line that it is about: a query that was written
for lines nobody writes any more answers nothing, and looks as if nothing had happened.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Line: TypeAlias = Mapping[str, Any]
#: Lines of each log group: as CloudWatch hands them out, with `timestamp` and `message`.
Groups: TypeAlias = Mapping[str, Iterable[Mapping[str, Any]]]

_STAGES = re.compile(r"\|(?=(?:[^'/]|'[^']*'|/[^/]*/)*$)")
_COMMAS = re.compile(r",(?=(?:[^()\[\]']|\([^()]*\)|\[[^\]]*\]|'[^']*')*$)")
_CALL = re.compile(r"(\w+)\(([^()]*)\)$")
_NAMED = re.compile(r"(.+?)\s+as\s+(\w+)$")
_COMPARED = re.compile(r"([@\w.]+)\s*(=|!=|>|<)\s*('[^']*'|[\d.]+)$")
_AMONG = re.compile(r"([@\w.]+)\s+in\s+\[([^\]]*)\]$")
_LIKE = re.compile(r"([@\w.]+)\s+like\s+/(.*)/$")


class QueryError(ValueError):
    """A query that this evaluator does not understand; it says where."""


@dataclass(slots=True)
class Answer:
    """What a query comes to. `unheard` are fields that no line it is about carries."""

    columns: list[str] = field(default_factory=list)
    rows: list[dict[str, Any]] = field(default_factory=list)
    lines: int = 0
    unheard: set[str] = field(default_factory=set)


def answer(query: str, groups: Groups) -> Answer:
    """Evaluate a query. Raises QueryError, and KeyError for a log group that is not there."""
    stages = [stage.strip() for stage in _STAGES.split(query)]
    sources = [stage[len("SOURCE ") :].strip("' ") for stage in stages if _is(stage, "SOURCE")]
    rows: list[dict[str, Any]] = [
        line for source in sources for line in map(_flat, groups[source]) if line
    ]
    state = Answer(lines=len(rows))
    for stage in stages:
        if not _is(stage, "SOURCE"):
            rows = _step(stage, rows, state)
    state.rows = rows
    return state


def _is(stage: str, command: str) -> bool:
    return stage.split(None, 1)[:1] == [command]


def _flat(event: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a line that is JSON, those of parts with dots; and CloudWatch's own."""
    message = str(event["message"])
    try:
        body = json.loads(message)
    except ValueError:
        body = {}
    own = {"@timestamp": event["timestamp"], "@message": message}
    return {**dict(_parts("", body)), **own} if isinstance(body, dict) else own


def _parts(before: str, value: object) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, part in value.items():
            yield from _parts(f"{before}.{name}" if before else str(name), part)
    else:
        yield before, value


def _step(stage: str, rows: list[dict[str, Any]], state: Answer) -> list[dict[str, Any]]:
    command, _, rest = stage.partition(" ")
    rest = rest.strip()
    if command == "filter":
        kept = [row for row in rows if _holds(rest, row)]
        state.lines = len(kept)
        return kept
    if command == "fields":
        named = [_expression(part) for part in _split(rest)]
        state.columns = [name for name, _, _ in named]
        _hear(state, rows, (one for _, fields, _ in named for one in fields))
        return [{**row, **{name: value([row]) for name, _, value in named}} for row in rows]
    if command == "stats":
        return _stats(rest, rows, state)
    if command == "sort":
        name, _, way = rest.partition(" ")
        _known(name, state)
        return sorted(rows, key=lambda row: _order(row.get(name)), reverse=way.strip() == "desc")
    if command == "limit":
        return rows[: int(rest)]
    raise QueryError(f"no command {command!r} is known here")


# ------------------------------------------------------------------------------------ filter
def _holds(text: str, row: Line) -> bool:
    """Whether a line is meant; `or` binds less than `and`, and nothing is in parentheses."""
    return any(
        all(_true(part.strip(), row) for part in re.split(r"\s+and\s+", either))
        for either in re.split(r"\s+or\s+", text)
    )


def _true(text: str, row: Line) -> bool:
    if match := _COMPARED.match(text):
        name, how, value = match.groups()
        given = value.strip("'")
        found = row.get(name)
        if how in "<>":
            return found is not None and (
                float(found) > float(given) if how == ">" else float(found) < float(given)
            )
        return (str(found) == given) is (how == "=")
    if match := _AMONG.match(text):
        return str(row.get(match[1])) in {part.strip().strip("'") for part in match[2].split(",")}
    if match := _LIKE.match(text):
        return re.search(match[2], str(row.get(match[1], ""))) is not None
    if (match := _CALL.match(text)) and match[1] == "ispresent":
        return row.get(match[2].strip()) is not None
    raise QueryError(f"not a condition known here: {text!r}")


# ------------------------------------------------------------------------------------- stats
def _stats(rest: str, rows: list[dict[str, Any]], state: Answer) -> list[dict[str, Any]]:
    what, _, by = rest.partition(" by ")
    keys = _split(by) if by else []
    named = [_expression(part) for part in _split(what)]
    _hear(state, rows, [*keys, *(one for _, fields, _ in named for one in fields)])
    together: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for row in rows:
        together.setdefault(tuple(row.get(key) for key in keys), []).append(row)
    state.columns = [*keys, *(name for name, _, _ in named)]
    return [
        {
            **dict(zip(keys, group, strict=True)),
            **{name: value(members) for name, _, value in named},
        }
        for group, members in together.items()
    ]


Value: TypeAlias = Callable[[Sequence[Line]], Any]


def _expression(text: str) -> tuple[str, tuple[str, ...], Value]:
    """The name of a column, the fields it is made of, and how."""
    text = text.strip()
    match = _NAMED.match(text)
    body, name = (match[1].strip(), match[2]) if match else (text, text)
    call = _CALL.match(body)
    if call is None:
        return name, (body,), lambda rows: rows[0].get(body)
    function, arguments = call[1], [part.strip() for part in call[2].split(",")]
    if function not in _FUNCTIONS:
        raise QueryError(f"no function {function!r} is known here")
    made = _FUNCTIONS[function]
    fields = tuple(one for one in arguments if one != "*" and not _is_number(one))
    return name, fields, lambda rows: made(rows, arguments)


def _values(rows: Sequence[Line], name: str) -> list[Any]:
    return [row[name] for row in rows if row.get(name) is not None]


def _count(rows: Sequence[Line], arguments: list[str]) -> int:
    return len(rows) if arguments == ["*"] else len(_values(rows, arguments[0]))


def _percentile(rows: Sequence[Line], arguments: list[str]) -> float | None:
    found = sorted(float(one) for one in _values(rows, arguments[0]))
    if not found:
        return None
    return found[max(0, math.ceil(float(arguments[1]) / 100 * len(found)) - 1)]


def _coalesce(rows: Sequence[Line], arguments: list[str]) -> Any:  # noqa: ANN401 - as logged
    return next((rows[0][one] for one in arguments if rows[0].get(one) is not None), None)


def _at(rows: Sequence[Line], arguments: list[str], *, last: bool) -> Any:  # noqa: ANN401
    there = [row for row in rows if row.get(arguments[0]) is not None]
    if not there:
        return None
    chosen = (max if last else min)(there, key=lambda row: row["@timestamp"])
    return chosen[arguments[0]]


def _of(make: Callable[[list[Any]], Any]) -> Callable[[Sequence[Line], list[str]], Any]:
    def made(rows: Sequence[Line], arguments: list[str]) -> Any:  # noqa: ANN401 - as logged
        found = _values(rows, arguments[0])
        return make(found) if found else None

    return made


_FUNCTIONS: Mapping[str, Callable[[Sequence[Line], list[str]], Any]] = {
    "avg": _of(lambda found: sum(map(float, found)) / len(found)),
    "coalesce": _coalesce,
    "count": _count,
    "earliest": lambda rows, arguments: _at(rows, arguments, last=False),
    "latest": lambda rows, arguments: _at(rows, arguments, last=True),
    "max": _of(max),
    "min": _of(min),
    "pct": _percentile,
    "sortsLast": _of(lambda found: max(map(str, found))),
    "sum": _of(lambda found: sum(map(float, found))),
}


# ------------------------------------------------------------------------------------- words
def _split(text: str) -> list[str]:
    return [part.strip() for part in _COMMAS.split(text) if part.strip()]


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).isdigit()


def _hear(state: Answer, rows: Sequence[Line], names: Iterable[str]) -> None:
    state.unheard |= {one for one in names if not any(row.get(one) is not None for row in rows)}


def _known(name: str, state: Answer) -> None:
    if state.columns and name not in state.columns and not name.startswith("@"):
        raise QueryError(f"sorted by {name}, which is no column")


def _order(value: object) -> tuple[int, float, str]:
    if value is None:
        return (0, 0.0, "")
    if isinstance(value, int | float):
        return (1, float(value), "")
    return (2, 0.0, str(value))
