"""Making the daily lists: once a day and person, from what still waits, by the poll that sees it.

Every few minutes a good poll looks for whom it is time. Only then is it read who was told of what
waits. A list is written under the poll's lease, and its id is that of company, person and day: what
a poll that broke off wrote is found by the next one. The company's state says for whom a day was
seen to, which only saves the reading.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING

from ml_connector.domain.cases import Alert
from ml_connector.domain.daily_lists import (
    Frame,
    Waiting,
    daily_list,
    needless,
    told_of,
    waiting_of,
)
from ml_connector.domain.digests import Digest
from ml_connector.domain.frozen import frozen
from ml_connector.domain.hours import zone_named
from ml_connector.domain.instants import seconds
from ml_connector.domain.listed import list_id
from ml_connector.domain.people import Directory, is_away
from ml_connector.domain.planning import PlanTimes
from ml_connector.domain.unit_of_work import CaseFile, Fence
from ml_connector.errors import ConnectorError, OutOfTime, StoreConflict, StoreError

from .digests import open_digest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ml_connector.domain.approvers import Approver
    from ml_connector.domain.documents import CompanyState, Document
    from ml_connector.domain.rules import FlowCompany

    from .ports import PollPorts

#: How often it is looked for whom it is time; an hour's list is at most so much late, and a poll.
LOOK_EVERY = timedelta(minutes=5)
#: The oldest so many bills are looked at; what is left out is said in the log.
MOST_READ = 5_000
#: Where all that waits was told within so many bundle windows, an hour, a list would repeat it.
LATELY = 6
#: So many cases are read between two looks at the clock.
_SOME = 100


@frozen
class _Reader:
    """Somebody whose list is due: the day on their wall, and the zone of that."""

    person: Approver
    day: date
    wall: tzinfo


def tell_lists(
    flow_version: int,
    company: FlowCompany,
    lease: CompanyState,
    zone: tzinfo,
    ports: PollPorts,
    until: datetime,
) -> tuple[tuple[str, str], ...]:
    """Write and ring for the lists that are due; who has been seen to, for the company's state.

    Raises StoreConflict once the poll was overtaken. Whatever else goes wrong is said, and tried
    again by the next look.
    """
    if company.daily_list is None or not lease.baseline_done or not _time_to_look(lease, ports):
        return lease.lists
    lists = _Lists(flow_version, company, lease, zone, ports, until)
    try:
        lists.tell()
    except StoreConflict:
        raise
    except (StoreError, OutOfTime) as error:
        ports.telemetry.warning(
            "daily_lists_failed", company=company.key, code=error.code, reason=error.safe_message
        )
    return tuple(sorted(lists.seen_to.items()))


def _time_to_look(lease: CompanyState, ports: PollPorts) -> bool:
    every = LOOK_EVERY * ports.timings.poll_scale
    last, now = lease.poll_succeeded_at, ports.clock.now()
    start = datetime.fromtimestamp(0, UTC)
    return last is None or (now - start) // every != (last - start) // every


@dataclass(slots=True)
class _Lists:
    """One look. `seen_to` grows as it goes on: approver id → day of theirs, ISO."""

    flow_version: int
    company: FlowCompany
    lease: CompanyState
    zone: tzinfo
    ports: PollPorts
    until: datetime
    seen_to: dict[str, str] = field(default_factory=dict)

    def tell(self) -> None:
        """Make the list of everybody for whom it is time."""
        now = self.ports.clock.now()
        everybody = Directory(self.ports.approvers.everybody())
        self.seen_to = {
            who: day for who, day in self.lease.lists if everybody.person(who) is not None
        }
        readers = {one.person.id: one for one in self._due(everybody.everybody, now)}
        if not readers:
            return
        bills = self._waiting(everybody, readers, now.astimezone(self.zone).date())
        to_ring: list[str] = []
        try:
            for name, reader in readers.items():
                to_ring += self._one(reader, bills.get(name, ()), now)
                self.seen_to[name] = reader.day.isoformat()
        finally:
            self._ring(to_ring)

    # ------------------------------------------------------------------------ whose it is
    def _due(self, people: Iterable[Approver], now: datetime) -> Iterable[_Reader]:
        for person in people:
            try:
                reader = self._reader(person, now)
            except ValueError:
                self.ports.telemetry.warning(
                    "hours_unreadable", approver=person.id, fix="import the person again"
                )
                continue
            if reader:
                yield reader

    def _reader(self, person: Approver, now: datetime) -> _Reader | None:
        """The person with their day, where it is time for their list and they may be disturbed."""
        hours, calendar = self.company.daily_list, self.company.calendar
        if hours is None or not person.textable:
            return None
        wall = zone_named(person.zone) or self.zone
        day = hours.day_at(now, wall)
        if day is None or self.seen_to.get(person.id) == day.isoformat():
            return None
        if not hours.goes_out_on(day, calendar.days, calendar.holidays, person):
            return None
        if hours.is_late(now, wall):
            self.seen_to[person.id] = day.isoformat()
            self.ports.telemetry.event(
                "daily_list_missed", company=self.company.key, approver=person.id
            )
            return None
        return None if person.hours.obstacle_at(now, wall) else _Reader(person, day, wall)

    # -------------------------------------------------------------------------- what waits
    def _waiting(
        self, everybody: Directory, readers: Mapping[str, _Reader], today: date
    ) -> dict[str, list[Waiting]]:
        """What waits for each of the readers. Raises OutOfTime where it is too much to read."""
        documents = sorted(
            self.ports.documents.waiting(self.company.key),
            key=lambda one: (one.open_since or one.first_seen, one.id),
        )
        if len(documents) > MOST_READ:
            self.ports.telemetry.warning(
                "daily_lists_cut", company=self.company.key, bills=len(documents) - MOST_READ
            )
        found: dict[str, dict[str, Waiting]] = {}
        files: dict[str, CaseFile | None] = {}
        for start in range(0, min(len(documents), MOST_READ), _SOME):
            self._mind_the_time()
            for one in self._told_of(documents[start : start + _SOME], files):
                document, file, alert, at = one
                who = self._stands_for(alert.recipient, everybody, today)
                if who in readers:
                    bills = found.setdefault(who, {})
                    # Told of in two cases, a bill is still one.
                    bills.setdefault(document.id, waiting_of(document, file, alert, at))
        return {who: list(bills.values()) for who, bills in found.items()}

    def _told_of(
        self, documents: Sequence[Document], files: dict[str, CaseFile | None]
    ) -> Iterable[tuple[Document, CaseFile, Alert, datetime]]:
        """Each bill with each person who was told of it; `files` are the digests read before."""
        pairs: list[tuple[Document, CaseFile]] = []
        for document in documents:
            names = document.open_cases or ((document.digest,) if document.digest else ())
            for name in names:
                if name not in files or name != document.digest:
                    file = self.ports.alerts.case_file(name)
                    if name == document.digest:
                        files[name] = file
                else:
                    file = files[name]
                if file:
                    pairs.append((document, file))
        wanted = {alert.dispatch for _, file in pairs for alert in file.alerts if alert.dispatch}
        known = {one.id: one for one in self.ports.alerts.dispatches(sorted(wanted))}
        for document, file in pairs:
            for alert, at in told_of(file, known).values():
                yield document, file, alert, at

    def _stands_for(self, who: str, everybody: Directory, today: date) -> str:
        """Who reads what waits for this person today: while they are away, who stands in."""
        seen: set[str] = set()
        person = everybody.person(who)
        while person and person.id not in seen and is_away(person, today) and person.substitute:
            seen.add(person.id)
            who = person.substitute
            person = everybody.person(who)
        return who

    # -------------------------------------------------------------------------- one of them
    def _one(self, reader: _Reader, bills: Sequence[Waiting], now: datetime) -> Sequence[str]:
        """Write one person's list; the dispatches to ring for."""
        self._mind_the_time()
        person, company, timings = reader.person, self.company, self.ports.timings
        name = list_id(company.key, person.id, reader.day)
        if not bills or self.ports.alerts.case_file(name):
            return ()
        if needless(bills, now, LATELY * seconds(timings.bundle_window)):
            self.ports.telemetry.event(
                "daily_list_needless", company=company.key, approver=person.id, bills=len(bills)
            )
            return ()
        frame = Frame(
            company=company.key,
            company_name=company.name,
            zone_name=company.zone,
            at=company.daily_list.words if company.daily_list else "",
            flow_version=self.flow_version,
            now=now,
            times=PlanTimes(
                case_lifetime=seconds(timings.case_lifetime),
                ring_again=seconds(timings.ring_again),
                validity_seconds=int(timings.validity),
            ),
        )
        opening = daily_list(person, reader.day, reader.wall, bills, frame)
        digest = Digest(opening, tuple(one.document for one in opening.case.case.listed))
        fence = Fence(self.lease.company, self.lease.fence)
        return open_digest(digest, self.ports, self.until, fence).dispatches

    def _mind_the_time(self) -> None:
        if self.ports.clock.now() + seconds(self.ports.timings.time_reserve) >= self.until:
            raise OutOfTime("too little time is left for the daily lists; the next poll goes on")

    def _ring(self, dispatches: Sequence[str]) -> None:
        if not dispatches:
            return
        try:
            self.ports.doorbell.ring(dispatches)
        except ConnectorError as error:
            # The store is the truth: the status check finds what nobody rang for.
            self.ports.telemetry.warning("ring_failed", reason=error.safe_message)
