"""Running `<query>`: filter, order, page, aggregates, and three return formats."""

from __future__ import annotations

import csv
import io
import json
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from xml.sax.saxutils import escape

from .columns import ObjectColumns, allowed, object_kind, visible
from .commands import Query, Selected
from .company import Company
from .errors import FunctionError
from .fields import NUMBERS, Field, Kind, Row, Value, wire_writer
from .filters import Column, Compiler, Node
from .replies import data
from .table import Table

JSON = "application/json; charset=UTF-8"
CSV = "text/csv; charset=UTF-8"


@dataclass(frozen=True, slots=True)
class Page:
    """What a reading function found: `<data>` for XML, or a whole body of another type."""

    data: str
    rows: int
    raw: tuple[str, str] | None = None


def run_query(company: Company, query: Query, location: str) -> Page:
    """One page of a query. Raises FunctionError."""
    kind = object_kind(query.object)
    allowed(company, "READ_BY_QUERY", kind.name)
    columns = ObjectColumns(company, kind, query=True)
    shown = columns.columns(entry.field for entry in query.select)
    ordered = columns.columns(name for name, _ in query.order)
    see = visible(company, kind, location, private=query.show_private)
    rows = matching(company, columns, query.filter, see, ignore_case=query.ignore_case)
    if any(entry.aggregate for entry in query.select):
        return _grouped(company, query, shown, rows)
    rows = arranged(
        company,
        company.tables[kind.name],
        rows,
        [
            (column, descending)
            for column, (_, descending) in zip(ordered, query.order, strict=True)
        ],
    )
    page = rows[query.offset : query.offset + query.page]
    names = [entry.name for entry in query.select]
    if query.format != "xml":
        writers = [columns.writer(column) for column in shown]
        return _raw(query.format, names, ([write(row) for write in writers] for row in page))
    body = rows_xml(
        kind.name,
        [columns.element_writer(column, name) for column, name in zip(shown, names, strict=True)],
        page,
    )
    return _page(query, body, len(rows), len(page))


def matching(
    company: Company,
    columns: ObjectColumns,
    node: Node | None,
    see: Callable[[Row], bool] | None,
    *,
    ignore_case: bool = False,
) -> list[Row]:
    """Rows that pass a filter and that the session may see, in no promised order."""
    table = company.tables[columns.kind.name]
    compiler = Compiler(table, columns, company.settings.utc_offset, ignore_case)
    predicate = compiler.compile(node)
    known = predicate.candidates()
    rows: Iterable[Row] = table
    if known is not None and known.size < len(table):
        rows = [table.rows[pk] for pk in sorted(known.pks())]
    test = predicate.test
    if see is None:
        return [row for row in rows if test(row)] if node is not None else list(rows)
    return [row for row in rows if see(row) and test(row)]


def arranged(
    company: Company, table: Table, rows: list[Row], order: list[tuple[Column, bool]]
) -> list[Row]:
    """Rows in the order asked for; where it says nothing, deliberately shuffled.

    The shuffle is the same until the table changes, so that paging a table at rest is possible.
    Nulls come last, or first when descending.
    """
    if not any(column.own and column.name == "RECORDNO" for column, _ in order):
        dice = random.Random(  # nosec B311 # the same order every time
            f"{company.seed}/{table.kind.name}/{table.version}"
        )
        dice.shuffle(rows)
    for column, descending in reversed(order):
        rows.sort(key=_sort_key(column), reverse=descending)
    return rows


def _sort_key(column: Column) -> Callable[[Row], Any]:
    get = column.get
    if column.name == "RECORDNO" and column.own:
        return get
    return lambda row: (True, 0) if (value := get(row)) is None else (False, value)


def rows_xml(name: str, writers: list[Callable[[Row], str]], rows: Iterable[Row]) -> str:
    """Rows as elements of this name."""
    return "".join(
        [f"<{name}>{''.join([write(row) for write in writers])}</{name}>" for row in rows]
    )


def _page(query: Query, body: str, total: int, count: int) -> Page:
    return Page(
        data(
            body,
            listtype=query.object,
            totalcount=total,
            offset=query.offset,
            count=count,
            numremaining=max(0, total - query.offset - count),
        ),
        count,
    )


def _raw(found: str, names: list[str], rows: Iterable[list[str]]) -> Page:
    listed = list(rows)
    if found == "json":
        body = json.dumps([dict(zip(names, row, strict=True)) for row in listed])
        return Page("", len(listed), (JSON, body))
    buffer = io.StringIO()
    csv.writer(buffer).writerows([names, *listed])
    return Page("", len(listed), (CSV, buffer.getvalue()))


# -------------------------------------------------------------------------------- aggregates
def _grouped(company: Company, query: Query, shown: list[Column], rows: list[Row]) -> Page:
    entries = list(zip(query.select, shown, strict=True))
    keys = [column for entry, column in entries if not entry.aggregate]
    if {name for name, _ in query.order} - {column.name for column in keys}:
        raise FunctionError.query_failed("orderby names a field that is not grouped by")
    groups: dict[tuple[Value, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(column.get(row) for column in keys), []).append(row)
    if not keys and not groups:
        groups[()] = []
    listed = list(groups.values())
    for name, descending in reversed(query.order):
        column = next(column for column in keys if column.name == name)
        listed.sort(key=_of_first(_sort_key(column)), reverse=descending)
    page = listed[query.offset : query.offset + query.page]
    names = [entry.name for entry, _ in entries]
    texts = [
        [_aggregate(entry, column, group, company.settings.utc_offset) for entry, column in entries]
        for group in page
    ]
    if query.format != "xml":
        return _raw(query.format, names, texts)
    body = "".join(
        f"<{query.object}>"
        + "".join(f"<{name}>{escape(text)}</{name}>" for name, text in zip(names, row, strict=True))
        + f"</{query.object}>"
        for row in texts
    )
    return _page(query, body, len(listed), len(page))


def _of_first(key: Callable[[Row], Any]) -> Callable[[list[Row]], Any]:
    return lambda group: key(group[0])


def _aggregate(entry: Selected, column: Column, group: list[Row], offset: int) -> str:
    write = wire_writer(column.field.kind, offset)
    if not entry.aggregate:
        return write(column.get(group[0]))
    values: list[Any] = [value for row in group if (value := column.get(row)) is not None]
    if entry.aggregate == "count":
        return str(len(values))
    if entry.aggregate in {"min", "max"}:
        return write((min if entry.aggregate == "min" else max)(values, default=None))
    return _total(entry.aggregate, column.field, values)


def _total(aggregate: str, field: Field, values: list[Any]) -> str:
    if field.kind not in NUMBERS | {Kind.INTEGER}:
        raise FunctionError.query_failed(f"{aggregate} needs a number, {field.name} is not one")
    if not values:
        return ""
    total = sum(values, Decimal(0))
    if aggregate == "avg":
        total = (total / len(values)).quantize(Decimal("0.01"))
    return f"{total.normalize():f}"
