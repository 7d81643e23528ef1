"""The `BooksSource` of one company: the lines of bills, and master data read once a day.

Vendors are many, so only those asked for are read, by key. Everything else is read whole. What
Intacct refuses or cannot give now stays as it was read before: a stale hierarchy is better than
none, and what was never read is simply not there.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

from ml_connector.domain.books import Books, BooksRead, LinesRead
from ml_connector.domain.instants import from_text, to_text
from ml_connector.errors import SourceError, SourceProtocolError

from .catalogue import DAY, PAUSE
from .errors import NOT_FOR_US, GatewayRefused
from .filters import Filter, one_of
from .lines import read_lines
from .masters import APPROVER, MASTERS, VENDOR_APPROVERS, Entry
from .records import Kind
from .shelf import Copy, Shelf
from .source import IntacctReader

#: The most pages read of one object: its first 20,000 records.
MOST_PAGES = 10
#: The most vendors whose approvers are remembered, the latest read first.
MOST_VENDORS = 5000
VENDORS = "vendor"


@dataclass(slots=True)
class _Notes:
    """What one call has to say beside the books."""

    refused: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    cut: list[str] = field(default_factory=list)


class IntacctBooksSource:
    """A `BooksSource` over one company."""

    def __init__(self, reader: IntacctReader, page_size: int | None = None) -> None:
        self._reader = reader
        self._client = reader.client
        self._catalogue = reader.catalogue
        self._page_size = page_size
        self._shelf = Shelf(reader.client.cache, reader.catalogue.prefix)

    def read_lines(self, record_numbers: Sequence[str]) -> LinesRead:
        """How the lines of these bills are coded."""
        return read_lines(self._reader, record_numbers, self._page_size)

    def read_books(self, dimensions: Collection[str], vendors: Collection[str]) -> BooksRead:
        """Master data of these dimensions and vendors, at most a day old where that can be had."""
        before, notes = self._client.usage.transactions, _Notes()
        parents: dict[str, dict[str, str]] = {}
        names: dict[str, dict[str, str]] = {}
        supervisors: dict[str, str] = {}
        for name in sorted(MASTERS.keys() & set(dimensions)):
            entries = self._master(name, notes)
            parents[name] = {entry.id: entry.parent for entry in entries if entry.parent}
            names[name] = {entry.id: entry.name for entry in entries if entry.name}
            if name == "department":
                supervisors = {entry.id: entry.person for entry in entries if entry.person}
        approvers = self._bill_approvers(vendors, notes)
        books = Books(parents, approvers, supervisors, names)
        return BooksRead(
            books,
            transactions=self._client.usage.transactions - before,
            refused=tuple(notes.refused),
            failed=tuple(notes.failed),
            kept=tuple(notes.kept),
            cut=tuple(notes.cut),
        )

    # ------------------------------------------------------------------------ read whole
    def _master(self, name: str, notes: _Notes) -> tuple[Entry, ...]:
        now = self._client.clock.now()
        copy = self._shelf.take(name, now)
        if (copy is None or now - copy.at >= DAY) and self._may_ask(name):
            entries = self._ask(name, MASTERS[name], None, notes)
            if entries is not None:
                copy = Copy(now, tuple(entries))
                self._shelf.put(name, copy)
            elif copy:
                notes.kept.append(name)
        return tuple(Entry(*row) for row in copy.rows) if copy else ()

    # --------------------------------------------------------------------------- vendors
    def _bill_approvers(self, vendors: Collection[str], notes: _Notes) -> dict[str, str]:
        """The bill approver of each of these vendors that has one."""
        asked = {vendor for vendor in vendors if vendor}
        if not asked:
            return {}
        now = self._client.clock.now()
        copy = self._shelf.take(VENDORS, now)
        known = {id_: (who, at) for id_, who, at in copy.rows} if copy else {}
        due = sorted(asked - {id_ for id_, (_, at) in known.items() if _fresh(at, now)})
        if due and self._may_ask(VENDORS) and self._has_approvers(notes):
            where = one_of("VENDORID", due)
            entries = self._ask(VENDORS, VENDOR_APPROVERS, where, notes)
            if entries is not None:
                stamp = to_text(now)
                # One without a row is not asked for again today either.
                read = dict.fromkeys(due, ("", stamp))
                read |= {entry.id: (entry.person, stamp) for entry in entries}
                known = {**read, **{id_: one for id_, one in known.items() if id_ not in read}}
                latest = islice(known.items(), MOST_VENDORS)
                rows = tuple((id_, who, at) for id_, (who, at) in latest)
                self._shelf.put(VENDORS, Copy(now, rows))
            elif any(vendor in known for vendor in due):
                notes.kept.append(VENDORS)
        return {id_: known[id_][0] for id_ in asked if id_ in known and known[id_][0]}

    def _has_approvers(self, notes: _Notes) -> bool:
        """Whether this company's vendors have bill approvers at all."""
        try:
            return APPROVER in self._catalogue.fields(VENDOR_APPROVERS.wanted)
        except SourceError as error:
            self._note(VENDORS, error, notes)
            return False

    # ---------------------------------------------------------------------------- asking
    def _may_ask(self, name: str) -> bool:
        return not self._catalogue.refused(_pause(name)) and not self._catalogue.refused(_pause(""))

    def _ask(
        self, name: str, kind: Kind[Entry], where: Filter | None, notes: _Notes
    ) -> list[Entry] | None:
        """All records there are, or None where they cannot be had."""
        try:
            return self._read(name, kind, where, notes)
        except SourceError as error:
            self._note(name, error, notes)
            return None

    def _read(
        self, name: str, kind: Kind[Entry], where: Filter | None, notes: _Notes
    ) -> list[Entry]:
        entries: list[Entry] = []
        for number, batch in enumerate(self._reader.read(kind, where, self._page_size), start=1):
            entries += batch.records
            if batch.complete:
                return entries
            if number == MOST_PAGES:
                notes.cut.append(name)
                return entries
        raise SourceProtocolError(f"the {name} records came incomplete")

    def _note(self, name: str, error: SourceError, notes: _Notes) -> None:
        if isinstance(error, GatewayRefused):
            lasting = error.meaning in NOT_FOR_US
            self._catalogue.remember_refused(_pause(name), DAY if lasting else PAUSE)
            (notes.refused if lasting else notes.failed).append(name)
            return
        # The gateway itself is in trouble: the other objects fare no better.
        self._catalogue.remember_refused(_pause(""), PAUSE)
        notes.failed.append(name)


def _pause(name: str) -> str:
    return f"books {name}".rstrip()


def _fresh(at: str, now: datetime) -> bool:
    return now - from_text(at) < DAY
