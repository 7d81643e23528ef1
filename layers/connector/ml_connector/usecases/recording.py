"""Writing what a poll saw: the document, what it ends and what it opens, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, tzinfo
from functools import cached_property
from typing import TypeAlias, TypeGuard

from ml_connector.domain.audit import Json, entry_after
from ml_connector.domain.books import Books
from ml_connector.domain.cases import CaseState, case_chain
from ml_connector.domain.dispatches import UNRECORDED, Dispatch, doubt
from ml_connector.domain.documents import AnyDocument, CompanyState, Document
from ml_connector.domain.events import Event, EventKind, Sighting
from ml_connector.domain.flows import Decision, DecisionContext, Flow, FlowCompany, decide
from ml_connector.domain.frozen import frozen
from ml_connector.domain.hours import after_business_time
from ml_connector.domain.instants import seconds
from ml_connector.domain.payments import PaymentDocument
from ml_connector.domain.people import Directory
from ml_connector.domain.planning import Opening, PlanTimes, open_case
from ml_connector.domain.unit_of_work import (
    CaseFile,
    CaseWrite,
    Change,
    DocumentWrite,
    Fence,
    stopped_by_the_end,
)
from ml_connector.errors import StoreConflict

from .behind import cases_behind
from .commit import commit
from .days import zone_of
from .duplicates import noted
from .figures import APPROVED, say_took
from .lost_cases import rebuilt_by
from .ports import PollPorts
from .restoring import caught_up, on_a_new_chain

#: A case's chain is also written by whoever is sending right now. Losing that race this often in a
#: row means that something else is wrong.
TRIES = 8


AnySighting: TypeAlias = Sighting[Document] | Sighting[PaymentDocument]


@frozen
class Recorded:
    """What one transaction brought about: dispatches to ring for, and counts."""

    dispatches: tuple[str, ...] = ()
    alerts: int = 0
    ended: int = 0


@frozen
class _Part:
    """One event's share of the change."""

    event: Event
    opening: Opening | None
    excluded: str = ""
    already_open: bool = False


def _no_books(_: AnyDocument) -> Books:
    return Books()


class Recorder:
    """Records the sightings of one poll."""

    def __init__(
        self,
        flow: Flow,
        company: FlowCompany,
        lease: CompanyState,
        ports: PollPorts,
        until: datetime,
        *,
        books: Callable[[AnyDocument], Books] = _no_books,
    ) -> None:
        """`books` gives the master data a rule about a document may ask for."""
        self._books = books
        self._flow = flow
        self._company = company
        self._lease = lease
        self._ports = ports
        self._until = until
        self._tried: list[Opening] = []
        self.polled_before = False
        """Whether the company turned out to be no new one: what it was polled for was lost."""

    def record(self, sighting: AnySighting, replaces: Sighting[Document] | None = None) -> Recorded:
        """Write one sighting. Raises StoreConflict once the poll was overtaken.

        `replaces` is the sighting of a document whose place this one takes, written with it.

        The cases a document ends are also written by whoever is sending for them; that race is run
        again on what is stored now. A document that is older than its own chain catches up first.
        One that somebody else wrote is not ours to write any more.
        """
        before = sighting.document
        for _ in range(TRIES):
            try:
                return self._try(sighting, before, replaces)
            except StoreConflict as error:
                if self._rebuilt(error, sighting.document):
                    if self._told_in_a_round_that_is_over(sighting):
                        sighting = self._caught_up(sighting)
                    continue
                chain = f"audit:{sighting.document.chain}"
                second = f"audit:{replaces.document.chain}" if replaces else ""
                others = [name for name in error.failed if name not in (chain, second)]
                if not error.failed or any(not name.startswith(_CASES) for name in others):
                    raise
                if chain in error.failed:
                    sighting = self._caught_up(sighting)
                if replaces and second in error.failed:
                    replaces = on_a_new_chain(replaces)
        raise StoreConflict(f"{before.id}: its cases changed {TRIES} times in a row")

    def _rebuilt(self, error: StoreConflict, document: AnyDocument) -> bool:
        """Bring cases back that are older than their chains, or gone; whether any was."""
        behind = cases_behind(error)
        if not behind or self._ports.trail is None:
            return False
        from .catching_up import catch_up  # noqa: PLC0415 - hardly ever needed

        openings = {opening.case.case.id: opening for opening in self._tried}
        done = 0
        for one in behind:
            opening = openings.get(one)
            done += catch_up(
                one,
                self._ports,
                self._until,
                opening.case.case if opening else None,
                document=document,
                fresh=opening.dispatches if opening else (),
            )
        return done > 0

    def _told_in_a_round_that_is_over(self, sighting: AnySighting) -> bool:
        """Whether a case that came back was that of a round before the one that is seen now."""
        if not _of_bill(sighting):
            return False
        files = (self._ports.alerts.case_file(event.id) for event in sighting.events)
        return any(file and file.case.state is CaseState.HANDLED for file in files)

    def _caught_up(self, sighting: AnySighting) -> AnySighting:
        if _of_payment(sighting):
            return on_a_new_chain(sighting)
        if _of_bill(sighting):
            return caught_up(sighting, self._ports.alerts)
        raise TypeError(type(sighting.document))

    def _try(
        self, sighting: AnySighting, before: AnyDocument, replaces: Sighting[Document] | None
    ) -> Recorded:
        now = self._ports.clock.now()
        parts = [self._part(event, sighting, now) for event in sighting.events]
        openings = [part.opening for part in parts if part.opening]
        self._tried = openings
        over = self._over(sighting)
        ending = [file for file in over if not file.case.state.ended]
        document = self._document(sighting, parts, over)
        data = self._seen(sighting, parts, ending)
        if document.chain != before.chain:
            data["continues"] = {"chain": before.chain, "seq": document.head.seq}
        entry = entry_after(document.head, document.chain, now, "document.seen", data)
        change = Change(
            write_id=self._ports.new_id(),
            fence=Fence(self._lease.company, self._lease.fence),
            documents=(DocumentWrite(document, entry), *self._replaced(replaces, now)),
            cases=(*(o.case for o in openings), *(self._ended(f, sighting, now) for f in ending)),
            alerts=tuple(a for o in openings for a in o.alerts),
            dispatches=tuple(d for o in openings for d in o.dispatches),
            likenesses=noted(self._flow, document),
        )
        commit(
            self._ports.alerts,
            change,
            stored_write_id=lambda: self._stored_write_id(document),
            clock=self._ports.clock,
            until=self._until,
            sleep=self._ports.sleep,
        )
        self._tell(parts, ending)
        return Recorded(
            dispatches=tuple(d.id for o in openings for d in o.dispatches),
            alerts=sum(len(o.alerts) for o in openings),
            ended=len(ending),
        )

    def _replaced(
        self, sighting: Sighting[Document] | None, now: datetime
    ) -> tuple[DocumentWrite, ...]:
        if sighting is None:
            return ()
        old = sighting.document
        data = self._seen(sighting, [], [])
        return (DocumentWrite(old, entry_after(old.head, old.chain, now, "document.seen", data)),)

    # ------------------------------------------------------------------------ the new cases
    def _part(self, event: Event, sighting: AnySighting, now: datetime) -> _Part:
        lease, document = self._lease, sighting.document
        done = lease.payments_baseline_done if event.kind.of_payment else lease.baseline_done
        if not done and not self._known_before(event, document):
            return _Part(event, None, "baseline: found before the first complete poll")
        if sighting.silent:
            return _Part(event, None, sighting.silent)
        decision = self.decision(event.kind, document)
        if decision is None:
            return _Part(event, None, f"no rule of flow version {self._flow.version}")
        for problem in decision.problems:
            self._ports.telemetry.warning(
                "flow_problem", case=event.id, rule=decision.rule, problem=problem
            )
        if self._ports.alerts.case_file(event.id):
            # The documents were restored to an earlier time, and this was told since.
            return _Part(event, None, already_open=True)
        timings = self._ports.timings
        opening = open_case(
            event,
            document,
            decision,
            self._company.name,
            self._ports.approvers.approver,
            now,
            PlanTimes(
                case_lifetime=seconds(timings.case_lifetime),
                ring_again=seconds(timings.ring_again),
                validity_seconds=int(timings.validity),
            ),
            zone=self._company.zone,
            expires_at=self._expires_at(now),
        )
        if event.id in rebuilt_by(sighting):
            opening = self._in_doubt(opening, document)
        return _Part(event, opening)

    def _known_before(self, event: Event, document: AnyDocument) -> bool:
        """Whether a bill that looks like one of the first poll is none: there were polls before.

        A document that turned out older than its chain shows it; of those, only what was told is
        no bill of the first poll. What has no chain at all is new.
        """
        if document.generation == 1:
            return self.polled_before
        self.polled_before = True
        if self._ports.alerts.case_file(event.id):
            return True
        trail = self._ports.trail
        return trail is not None and any(True for _ in trail.chain(case_chain(event.id)))

    def _in_doubt(self, opening: Opening, document: AnyDocument) -> Opening:
        """The opening of a case that was open before, should not even its chain be there.

        Whatever it begins with may have been sent, so it is looked for first.
        """
        since = getattr(document, "open_since", None) or opening.case.case.opened_at
        people = self._ports.approvers.approver

        def doubted(dispatch: Dispatch) -> Dispatch:
            person = people(dispatch.recipient)
            to = person.phone if person else ""
            look_at = dispatch.created_at
            return doubt(dispatch, to=to, since=since, look_at=look_at, reason=UNRECORDED)

        return replace(opening, dispatches=tuple(doubted(one) for one in opening.dispatches))

    def decision(self, kind: EventKind, document: AnyDocument) -> Decision | None:
        """What the flow says about an event of a document, as of now."""
        return decide(self._flow, kind, document, self._context(document))

    def _context(self, document: AnyDocument) -> DecisionContext:
        return DecisionContext(
            today=self._ports.clock.now().astimezone(self._zone).date(),
            books=self._books(document),
            people=self._people,
        )

    def _expires_at(self, now: datetime) -> datetime:
        """A plan lasts so long in time of the company's business days: over Christmas, longer."""
        calendar = self._company.calendar
        lifetime = seconds(self._ports.timings.case_lifetime)
        return after_business_time(now, lifetime, self._zone, calendar.days, calendar.holidays)

    @cached_property
    def _people(self) -> Directory:
        """Everybody, read once for all events of the poll."""
        return Directory(self._ports.approvers.everybody())

    @cached_property
    def _zone(self) -> tzinfo:
        return zone_of(self._company.zone, self._company.key, self._ports.telemetry)

    # ----------------------------------------------------------------------- the ended cases
    def _over(self, sighting: AnySighting) -> list[CaseFile]:
        """The document's cases that this sighting leaves behind; some may have ended before."""
        if not sighting.events:
            return []
        own = {event.id for event in sighting.events}
        others = (case for case in sighting.document.open_cases if case not in own)
        files = [file for case in others if (file := self._ports.alerts.case_file(case))]
        return [file for file in files if sighting.ends(file.case.kind)]

    @staticmethod
    def _ended(file: CaseFile, sighting: AnySighting, now: datetime) -> CaseWrite:
        reason = sighting.events[0].kind.value
        case = file.case.ended(CaseState.HANDLED, reason, now)
        data: dict[str, Json] = {"because": reason, "stopped_alerts": stopped_by_the_end(file)}
        return CaseWrite(case, entry_after(case.head, case.chain, now, "case.handled", data))

    # -------------------------------------------------------------------------- the document
    @staticmethod
    def _document(sighting: AnySighting, parts: list[_Part], over: list[CaseFile]) -> AnyDocument:
        left = {file.case.id for file in over}
        kept = (case for case in sighting.document.open_cases if case not in left)
        opened = tuple(part.event.id for part in parts if part.opening or part.already_open)
        return replace(sighting.document, open_cases=tuple(dict.fromkeys((*kept, *opened))))

    @staticmethod
    def _seen(sighting: AnySighting, parts: list[_Part], ending: list[CaseFile]) -> dict[str, Json]:
        document = sighting.document
        events: list[Mapping[str, Json]] = [
            {
                "id": part.event.id,
                "kind": part.event.kind.value,
                "case": part.event.id if part.opening or part.already_open else "",
                "excluded": part.excluded,
            }
            for part in parts
        ]
        return {
            **document.facts,
            **dict(sighting.remarks),
            "events": events,
            "ended_cases": [file.case.id for file in ending],
        }

    def _stored_write_id(self, document: AnyDocument) -> str | None:
        found: AnyDocument | None
        if isinstance(document, PaymentDocument):
            found = self._ports.documents.payments(document.company, [document.id]).get(document.id)
        else:
            stored = self._ports.documents.documents(document.company, [document.id])
            found = stored.get(document.id)
        return found.write_id if found else None

    def _tell(self, parts: list[_Part], ending: list[CaseFile]) -> None:
        telemetry = self._ports.telemetry
        for part in parts:
            event = part.event
            telemetry.event(
                "event_detected",
                company=event.company,
                kind=event.kind.value,
                event=event.id,
                case=event.id if part.opening or part.already_open else None,
                excluded=part.excluded or None,
            )
            for alert in part.opening.unreachable if part.opening else ():
                telemetry.error(
                    "approver_unreachable",
                    case=alert.case_id,
                    approver=alert.recipient,
                    fix="give the approver a phone number, or name another in the flow",
                )
                telemetry.count("AlertsFailed")
        if any(part.event.kind in _APPROVALS for part in parts):
            now = self._ports.clock.now()
            say_took(APPROVED, (file.case for file in ending), now, telemetry)
        for file in ending:
            telemetry.event("case_handled", company=file.case.company, case=file.case.id)


def _of_payment(sighting: AnySighting) -> TypeGuard[Sighting[PaymentDocument]]:
    return isinstance(sighting.document, PaymentDocument)


def _of_bill(sighting: AnySighting) -> TypeGuard[Sighting[Document]]:
    return isinstance(sighting.document, Document)


#: What Intacct shows once somebody approved.
_APPROVALS = (EventKind.APPROVED, EventKind.PARTIALLY_APPROVED)

_CASES = ("case:", "alert:", "audit:case#")
