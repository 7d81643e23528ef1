"""What deciding needs beside the bills themselves: how their lines are coded, and master data.

Lines are read for the bills that are new or changed, all in one question. Where that fails, there
is a choice between a text to the wrong person now and one to the right person a little later. So
such bills are left to the next polls, which find them still waiting, for as long as `PATIENCE`;
from then on, and until lines can be read again, bills are recorded without them at once. Then no
condition on a line holds, the next rule decides, and the document's trail says why. Nobody waits
where the API user may not read lines, nor for bills that nobody is told of. Lines that could not be
read are asked for again with the next event of the bill.

Master data never holds anything up: what cannot be read is as it was, or absent, and said so.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypeVar, cast

from ml_connector.domain.audit import Json
from ml_connector.domain.books import Books, BooksRead, Codings, LinesRead
from ml_connector.domain.conditions import DIMENSIONS, lines_of, value_of
from ml_connector.domain.documents import AnyDocument, CompanyState, Document
from ml_connector.domain.events import Event, EventKind
from ml_connector.domain.flows import Flow
from ml_connector.errors import SourceError, SourceProtocolError

from .ports import BooksSource, PollPorts
from .reading import say_failed
from .recording import AnySighting

if TYPE_CHECKING:
    from ml_connector.domain.events import Sighting

S = TypeVar("S", bound=AnySighting)

#: For how long after the first failure bills wait for their lines.
PATIENCE = timedelta(minutes=10)
#: The most codings kept of one bill: what is stored of a bill has to stay small.
MOST_CODINGS = 1000

NOT_PERMITTED = "not read: the API user has no permission"


class Bookkeeper:
    """The lines and books of one poll of one company.

    `books` holds what has been asked for so far. `held` are the ids of the documents that wait for
    their lines. `failing_since` is for the company's state.
    """

    def __init__(
        self, source: BooksSource | None, flow: Flow, lease: CompanyState, ports: PollPorts
    ) -> None:
        self._source = source
        self._flow = flow
        self._lease = lease
        self._ports = ports
        self._lines: dict[str, Codings] = {}
        self._why_not: dict[str, str] = {}
        self._dimensions: set[str] = set()
        self._vendors: set[str] = set()
        self.books = Books()
        self.transactions = 0
        self.held: set[str] = set()
        self.failing_since: datetime | None = lease.lines_failing_since

    def ready(self, sightings: Iterable[S], *, changed: bool = False) -> list[S]:
        """The sightings with what deciding about them needs; those that wait for it are left out.

        `changed`: the bills' own rows are new or changed, so their lines may be too.
        """
        seen = list(sightings)
        if self._source is None:
            return seen
        wanted = [one.document.record_no for one in seen if self._wants_lines(one, changed)]
        numbers = [no for no in wanted if no not in self._lines and no not in self._why_not]
        if numbers:
            self._read_lines(self._source, numbers)
        ready = [coded for one in seen if (coded := self._coded(one)) is not None]
        self.consult([one.document for one in ready if self._decides(one)])
        return ready

    # ------------------------------------------------------------------------------ lines
    def _wants_lines(self, sighting: S, changed: bool) -> bool:
        document = sighting.document
        if not isinstance(document, Document) or document.deleted:
            return False
        return (changed and document.waiting) or (not document.lines and self._decides(sighting))

    def _read_lines(self, source: BooksSource, numbers: Sequence[str]) -> None:
        try:
            read = source.read_lines(numbers)
            if not read.complete:
                raise SourceProtocolError("the lines of some bills came incomplete")
        except SourceError as error:
            self._failed(error, numbers)
            return
        self.transactions += read.transactions
        self.failing_since = None
        if not read.permitted:
            self._not_permitted(read)
            self._why_not.update(dict.fromkeys(numbers, NOT_PERMITTED))
            return
        if read.quarantined:
            self._ports.telemetry.warning(
                "lines_quarantined", company=self._lease.company, rows=read.quarantined
            )
        self._lines.update({number: read.codings.get(number, ()) for number in numbers})

    def _failed(self, error: SourceError, numbers: Sequence[str]) -> None:
        say_failed(self._ports.telemetry, "lines_failed", self._lease.company, error)
        now = self._ports.clock.now()
        self.failing_since = self.failing_since or now
        waits = self._lease.baseline_done and now - self.failing_since < PATIENCE
        reason = "" if waits else f"not read: {error.code}"
        self._why_not.update(dict.fromkeys(numbers, reason))

    def _not_permitted(self, read: LinesRead) -> None:
        if read.transactions:
            self._ports.telemetry.warning(
                "lines_not_permitted",
                company=self._lease.company,
                fix="let the API user read AP bill lines, or let no rule and no cost centre ask"
                " for departments, locations, classes, projects or accounts",
            )

    def _coded(self, sighting: S) -> S | None:
        """The sighting with its lines, or with why they are missing; None while it has to wait."""
        document = sighting.document
        if not isinstance(document, Document):
            return sighting
        number = document.record_no
        if number in self._lines:
            lines = self._lines[number]
            coded = _with(sighting, replace(document, lines=lines[:MOST_CODINGS]))
            if len(lines) > MOST_CODINGS:
                return _remarked(coded, f"the first {MOST_CODINGS} of {len(lines)} codings")
            return coded
        if number not in self._why_not:
            return sighting
        reason = self._why_not[number]
        if not reason:
            self.held.add(document.id)
            return None
        return _remarked(sighting, reason)

    # ------------------------------------------------------------------------------ books
    def consult(self, documents: Sequence[AnyDocument]) -> None:
        """See to it that the books hold what deciding about these documents may need."""
        dimensions = self._asked & {name for one in documents for name in _used(one)}
        vendors = {document.vendor_id for document in documents if document.vendor_id}
        known = dimensions <= self._dimensions and vendors <= self._vendors
        if self._source is None or known:
            return
        self._dimensions |= dimensions
        self._vendors |= vendors
        read = self._source.read_books(self._dimensions, self._vendors)
        self.transactions += read.transactions
        self.books = read.books
        self._say(read)

    def _decides(self, sighting: AnySighting) -> bool:
        """Whether the flow may have something to say about it."""
        return any(self._may_be_told(event) for event in sighting.events)

    def _may_be_told(self, event: Event) -> bool:
        lease, kind = self._lease, event.kind
        told = lease.payments_baseline_done if kind.of_payment else lease.baseline_done
        spoken_of = self._flow.speaks_of(kind, lease.company)
        return told and (spoken_of or kind is EventKind.REMINDER)

    @property
    def _asked(self) -> set[str]:
        """The dimensions whose hierarchy may decide something: departments are cost centres too."""
        asked = {"department"}
        for rule in self._flow.rules:
            asked.update(name for name, _ in rule.when.dimensions)
            if rule.when.entities:
                asked.add("entity")
        return asked

    def _say(self, read: BooksRead) -> None:
        telemetry, company = self._ports.telemetry, self._lease.company
        if read.refused:
            telemetry.warning(
                "books_not_permitted",
                company=company,
                objects=", ".join(read.refused),
                fix="let the API user read them; until then no hierarchy of theirs counts",
            )
        if read.failed:
            telemetry.warning(
                "books_failed",
                company=company,
                objects=", ".join(read.failed),
                kept=", ".join(read.kept) or None,
            )
        if read.cut:
            telemetry.warning("books_cut", company=company, objects=", ".join(read.cut))


def _used(document: AnyDocument) -> set[str]:
    """The dimensions in which a document has a value at all."""
    used = {name for line in lines_of(document) for name in DIMENSIONS if value_of(line, name)}
    return used | {"entity"} if document.entity else used


def _with(sighting: S, document: Document) -> S:
    return cast("S", replace(cast("Sighting[Document]", sighting), document=document))


def _remarked(sighting: S, words: str) -> S:
    remark: tuple[str, Json] = ("lines", words)
    if remark in sighting.remarks:
        return sighting
    return replace(sighting, remarks=(*sighting.remarks, remark))
