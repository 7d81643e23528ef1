"""The legacy readers: read, readByName, readByQuery, readMore.

Elements are upper case in read and readByName, lower case in readByQuery and readMore; readByQuery
filters by raw codes and answers with labels.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from .catalog import OBJECTS, OWNED
from .columns import ObjectColumns, allowed, object_kind, visible
from .commands import Read, ReadByQuery, ReadMore
from .company import Company
from .errors import Fault, FunctionError
from .fields import Row
from .query import Page, arranged, matching, rows_xml
from .replies import data
from .where import parse_where

KEPT_RESULTS = 200


@dataclass(slots=True)
class OpenResult:
    """A result of readByQuery that readMore goes on with: a snapshot."""

    object: str
    rows: list[Row]
    writers: list[Callable[[Row], str]]
    page: int
    at: int = 0


def run_read(company: Company, read: Read, location: str) -> Page:
    """Rows by RECORDNO or by name key, in the order of the keys; a missing one is left out."""
    kind = object_kind(read.object)
    allowed(company, "READ_BY_NAME" if read.by_name else "READ", kind.name)
    columns = ObjectColumns(company, kind, query=False)
    try:
        shown = columns.columns(read.fields) if read.fields else columns.every()
    except FunctionError as error:
        named = ", ".join(read.fields)
        raise FunctionError(Fault(f"Invalid fields list {named}", str(error))) from None
    table = company.tables[kind.name]
    see = visible(company, kind, location, private=True)
    rows: list[Row] = []
    for key in read.keys:
        if read.by_name:
            row = table.one(kind.key, int(key) if kind.key == "RECORDNO" and key.isdigit() else key)
        else:
            row = table.rows.get(int(key)) if key.isdigit() else None
        if row is not None and (see is None or see(row)):
            rows.append(row)
    writers = [columns.element_writer(column, column.name) for column in shown]
    if not read.fields and kind.name in OWNED:
        writers.append(_owned_writer(company, kind.name))
    return Page(
        data(rows_xml(kind.name, writers, rows), listtype=kind.name, count=len(rows)), len(rows)
    )


def _owned_writer(company: Company, name: str) -> Callable[[Row], str]:
    owned, by = OWNED[name]
    columns = ObjectColumns(company, OBJECTS[owned], query=False)
    writers = [columns.element_writer(column, column.name) for column in columns.every()]
    table, number = company.tables[owned], OBJECTS[name].position("RECORDNO")

    def write(row: Row) -> str:
        lines = rows_xml(owned, writers, table.find(by, row[number]))
        return f"<{owned}S>{lines}</{owned}S>"

    return write


def run_read_by_query(company: Company, read: ReadByQuery, location: str) -> Page:
    """The first page of a legacy query; the rest waits under its resultId."""
    kind = object_kind(read.object)
    allowed(company, "READ_BY_QUERY", kind.name)
    columns = ObjectColumns(company, kind, query=False)
    shown = columns.columns(read.fields) if read.fields else columns.every()
    see = visible(company, kind, location, private=False)
    rows = matching(company, columns, parse_where(read.where), see)
    table = company.tables[kind.name]
    result = OpenResult(
        object=kind.name,
        rows=arranged(company, table, rows, []),
        writers=[columns.element_writer(column, column.name.lower()) for column in shown],
        page=read.page,
    )
    if not rows:
        return _legacy_page(result, "")
    result_id = f"{secrets.token_hex(10)}X{secrets.token_hex(12)}"
    while len(company.results) >= KEPT_RESULTS:
        del company.results[next(iter(company.results))]
    company.results[result_id] = result
    return _legacy_page(result, result_id)


def run_read_more(company: Company, more: ReadMore) -> tuple[str, Page]:
    """The next page of an open result, and the object it is of. Raises FunctionError."""
    for result_id, result in reversed(company.results.items()):
        if isinstance(result, OpenResult) and more in {
            ReadMore(result=result_id),
            ReadMore(object=result.object),
        }:
            allowed(company, "READ_MORE", result.object)
            return result.object, _legacy_page(result, result_id)
    raise FunctionError(
        Fault("DL02000001", f"The result {more.result or more.object} does not exist or has ended")
    )


def _legacy_page(result: OpenResult, result_id: str) -> Page:
    rows = result.rows[result.at : result.at + result.page]
    result.at += len(rows)
    name = result.object.lower()
    return Page(
        data(
            rows_xml(name, result.writers, rows),
            listtype=name,
            count=len(rows),
            totalcount=len(result.rows),
            numremaining=len(result.rows) - result.at,
            resultId=result_id,
        ),
        len(rows),
    )
