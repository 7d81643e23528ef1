"""Waiting bills that a complete read did not show: asked for by key before they count as gone.

Where more are gone at once than is believable, the source is in doubt and not the bills: mostly the
API user was denied an entity. Nothing is ended on that; it is said at every poll, and noted in the
trail of each bill, while everything else of the poll goes on. What stays away for a business day,
in which complete reads were never far apart, was deleted; an operator who knows may say so earlier.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo

from ml_connector.domain.bills import Bill, BillsRead
from ml_connector.domain.documents import CompanyState, Document, bill_document_id
from ml_connector.domain.events import Sighting, gone, too_many_gone
from ml_connector.domain.flows import FlowCompany
from ml_connector.domain.hours import after_business_time
from ml_connector.domain.instants import to_text

from .books import Bookkeeper
from .duplicates import Duplicates
from .looking import Looker
from .ports import BillSource, PollPorts
from .recreated import Recreations, replaced
from .writing import Writer

#: What stays away for so long in business time was deleted.
LONG_ENOUGH = timedelta(days=1)
#: Complete reads farther apart than this, or than two polls, say nothing of the time in between.
FAR_APART = timedelta(hours=3)
#: What a poll that met it is said to have ended with.
VANISHED = "bills_vanished"
#: So many of them a line names.
MOST_NAMED = 10


@dataclass(slots=True)
class Absences:
    """What one poll makes of bills it was not shown.

    `note` is called with every read. `trouble` is a code once too many are gone.
    """

    source: BillSource
    company: FlowCompany
    lease: CompanyState
    ports: PollPorts
    looker: Looker
    bookkeeper: Bookkeeper
    writer: Writer
    recreations: Recreations
    duplicates: Duplicates
    zone: Callable[[], tzinfo]
    note: Callable[[BillsRead], None]
    trouble: str = ""

    def settle(
        self, read: BillsRead, known: Mapping[str, Document], waiting: Mapping[str, Document]
    ) -> BillsRead:
        """Deal with waiting bills that the read did not show.

        Returns the read, incomplete if it has to be made again. Raises the SourceError family.
        """
        waiting = {**waiting, **self._woken(read, known)}
        shown = {bill_document_id(bill.record_no) for bill in read.bills}
        # A bill that one page showed and a later one under another number was made anew meanwhile.
        absent = [
            document
            for name, document in waiting.items()
            if name not in shown or self.recreations.has_twin(document)
        ]
        numbers = [*(document.record_no for document in absent), *self.recreations.in_doubt]
        if not numbers or not read.complete:
            return read
        again = self.source.read_by_key(numbers)
        self.note(again)
        self.looker.record(self.looker.look(again.bills, waiting), waiting)
        rows = {bill_document_id(bill.record_no) for bill in again.bills}
        without_row = [document for document in absent if document.id not in rows]
        if not again.complete:
            return replace(read, complete=False)
        if again.quarantined:
            # Which of the rows could not be read is not known: none of them is missing for sure.
            return read
        self.recreations.decided()
        pairs = [(d, bill) for d in without_row if (bill := self.recreations.successor(d))]
        self._continue(pairs)
        without_row = [d for d in without_row if all(d is not old for old, _ in pairs)]
        self._without_row(without_row, waiting)
        return read

    def record_recreated(self) -> None:
        """What is left of the purchase orders' bills nobody knew of."""
        pairs, new = self.recreations.rest()
        self._continue(pairs)
        self.writer.record(self.duplicates.said(self.looker.look(new, {})))

    def _woken(self, read: BillsRead, known: Mapping[str, Document]) -> dict[str, Document]:
        """Bills that this very read showed to wait again, and then again under another number.

        They were made anew while we read: whether they are still there has to be asked as well.
        """
        shown = (bill_document_id(bill.record_no) for bill in read.bills if bill.state.waiting)
        twins = [
            name
            for name in dict.fromkeys(shown)
            if name in known and not known[name].waiting and self.recreations.has_twin(known[name])
        ]
        if not twins:
            return {}
        found = self.ports.documents.documents(self.lease.company, twins)
        return {name: document for name, document in found.items() if document.waiting}

    def _continue(self, pairs: Sequence[tuple[Document, Bill]]) -> None:
        now = self.ports.clock.now()
        again = [self.recreations.continued(old, bill, now) for old, bill in pairs]
        olds = {one.document.id: replaced(*pair) for one, pair in zip(again, pairs, strict=True)}
        self.writer.record(self.bookkeeper.ready(again, changed=True), olds)

    # -------------------------------------------------------------------------- no row
    def _without_row(self, absent: list[Document], waiting: Mapping[str, Document]) -> None:
        now = self.ports.clock.now()
        doubted = [one for one in absent if not self._believed(one, now)]
        new = [one for one in doubted if one.absent_since is None]
        if not too_many_gone([one.id for one in doubted], list(waiting)):
            # Those of before stay in doubt: that some came back makes the others no less doubtful.
            doubted = [one for one in doubted if one.absent_since]
            new = []
        names = {one.id for one in doubted}
        self.writer.record(gone(one, now) for one in absent if one.id not in names)
        watched = self._watched(now)
        self.writer.record(_in_doubt(one, now) for one in (new if watched else doubted))
        if doubted:
            since = min(one.absent_since or now for one in doubted) if watched else now
            self._say(doubted, since, waiting)

    def _believed(self, document: Document, now: datetime) -> bool:
        """Whether it is gone for certain, however many others are gone with it."""
        if document.said_gone:
            return True
        since = document.absent_since
        return since is not None and self._watched(now) and self._until(since) <= now

    def _until(self, since: datetime) -> datetime:
        calendar = self.company.calendar
        return after_business_time(
            since, LONG_ENOUGH, self.zone(), calendar.days, calendar.holidays
        )

    def _watched(self, now: datetime) -> bool:
        """Whether there was a complete read lately: else a day apart is no day of absence."""
        last, longest = self.lease.poll_succeeded_at, self.company.calendar.longest_interval
        return last is not None and now - last <= max(FAR_APART, 2 * longest)

    def _say(
        self, doubted: Sequence[Document], since: datetime, waiting: Mapping[str, Document]
    ) -> None:
        self.trouble = VANISHED
        key, now = self.company.key, self.ports.clock.now()
        telemetry = self.ports.telemetry
        # In a maintenance nobody is called.
        say = telemetry.event if self.company.calendar.maintenance_at(now) else telemetry.error
        say(
            VANISHED,
            company=key,
            bills=len(doubted),
            waiting=len(waiting),
            documents=", ".join(one.id for one in doubted[:MOST_NAMED]),
            gone_from=to_text(self._until(since)),
            fix="nothing is ended on that before gone_from: give the API user its permissions and"
            " entities back, or if the bills were deleted run"
            f" `ml-connector alerts gone --company {key}`",
        )


def _in_doubt(document: Document, now: datetime) -> Sighting[Document]:
    """The bill has no row, and too many others have none: noted in its trail, and nothing ends."""
    return Sighting(replace(document, absent_since=now), (), changed=True)
