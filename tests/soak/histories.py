"""One random history of a small company and of the polls that watch it, the same for each seed.

People work, time passes or stands still, the gateway has bad days, polls come at random instants,
die, stall, meet one another. In the end it is calm for hours, and a last poll has to find the rest.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.support.clock import HandClock
from tests.support.mishaps import Fault

from .harness import AHEAD, AuditHistory, Connector, Moods, Office, Parts
from .judging import Verdict, judge
from .people import People
from .place import Place
from .tally import of_faults, of_log, of_notes
from .weather import Weather
from .wires import Wire

#: How often each mishap befalls a process, per point passed, in the worst of histories.
WORST: dict[Fault, float] = {
    Fault.KILLED_BEFORE: 0.016,
    Fault.KILLED_AFTER: 0.02,
    Fault.CONFLICT: 0.03,
    Fault.THROTTLED: 0.02,
    Fault.LOST_REPLY: 0.03,
    Fault.UNAVAILABLE: 0.05,
    Fault.RACE: 0.015,
    Fault.STALLED: 0.02,
}
PAGE_SIZES = (1, 2, 2, 3, 3, 4, 5, None)
ZONES = (0, 0, 60, -300, -420, 330, 570, 345, -210, 765, 840, -720)
#: Longer than any pause after refused logins, and than any late commit.
CALM_SECONDS = 6 * 3600.0


@dataclass(slots=True)
class Outcome:
    """What a history, or many, came to."""

    histories: int = 0
    verdict: Verdict = field(default_factory=Verdict)
    counts: Counter[str] = field(default_factory=Counter)

    def add(self, other: Outcome) -> None:
        """Count others in."""
        self.histories += other.histories
        self.verdict.add(other.verdict)
        self.counts.update(other.counts)


class History:
    """One history."""

    def __init__(self, seed: str, parts: Parts | None = None, *, real: bool = False) -> None:
        chance = self._random = random.Random(seed)  # noqa: S311 - a seed, not a secret
        self._seed = seed
        self.clock = HandClock()
        self.counts: Counter[str] = Counter()
        self._place = Place(self.clock, real=real)
        company = self._company = self._place.company
        self.counts["over HTTP"] += real
        # How bad it gets, how many rows a page has, how often people act while a request is on its
        # way, and whether the first poll is left in peace.
        self._storm = chance.choice((0.0, 0.0, 0.5, 0.5, 1.0))
        self._page_size = chance.choice(PAGE_SIZES)
        self._busy = chance.choice((0.0, 0.1, 0.4, 0.7))
        self._set_up = chance.random() < 0.8
        zone = self._settle_in(chance.choice(ZONES))
        chances = {fault: odds * self._storm for fault, odds in WORST.items()}
        self.faults = Moods(self.clock, chances=chances)
        self.faults.random = chance
        self.faults.race = self._race
        self.weather = Weather(self._place.world, chance, real=real)
        self.people = People(company, chance)
        wire = Wire(self._place.transport, self.faults, self._meanwhile, self.weather.damage)
        office = Office(
            company,
            self._place.endpoint,
            self._place.trusted_host,
            zone,
            self._page_size,
            self._audit_history(),
        )
        self.connector = Connector(office, wire, self.clock, self.faults, chance, parts or Parts())

    def _settle_in(self, minutes: int) -> str:
        """The company's settings; what the connector is told of its zone."""
        sign, size = "-" if minutes < 0 else "+", abs(minutes)
        zone = f"{sign}{size // 60:02d}{size % 60:02d}"
        changes: dict[str, object] = {"utc_offset": zone, "per_company": 2, "per_sender": 2}
        if self._random.random() < 0.4:
            changes["node"] = "na12"
            self.counts["endpoint on another node"] += 1
        if self._random.random() < 0.3:
            changes["session_seconds"] = 600
        self._company.settings = self._company.settings.patched(changes)
        self.counts[_kind_of_zone(minutes)] += 1
        told = self._random.random() < 0.4
        self.counts["zone told" if told else "zone asked for"] += 1
        return zone if told else ""

    def _audit_history(self) -> AuditHistory:
        found = self._random.choice(list(AuditHistory))
        self.counts[found] += 1
        if found is AuditHistory.REFUSED:
            denied: dict[str, object] = {"denied": ["AUDITHISTORY"]}
            self._company.settings = self._company.settings.patched(denied)
        return found

    # ---------------------------------------------------------------------------- the story
    def run(self) -> Outcome:
        """Live through it, and judge."""
        try:
            for _ in range(self._random.randint(2, 5)):
                self.people.act()
            if self._set_up:
                self._go_live()
            for _ in range(self._random.randint(14, 30)):
                self._step()
            if not self._storm and self._random.random() < 0.25:
                self._to_the_second()
            self._end()
            return self._judged()
        finally:
            self._place.close()

    def _go_live(self) -> None:
        """A first poll that nothing disturbs, and that sees a time stamp to go on from.

        Until there is one, known bills that wait for nobody are not followed: histories without
        this poll begin in the storm, and are judged by their events alone.
        """
        busy, self._busy = self._busy, 0.0
        self.faults.resting = True
        self.people.tie(1)
        self._poll()
        self._busy, self.faults.resting = busy, False
        self.people.purchasing = True

    def _step(self) -> None:
        steps: tuple[tuple[Callable[[], object], float], ...] = (
            (self.people.act, 0.42),
            (self._poll, 0.36),
            (self._wait, 0.12),
            (self._tie, 0.03),
            (self.weather.turn, 0.2 * self._storm),
            (self._forget, 0.04 * self._storm),
        )
        (step,) = self._random.choices([s for s, _ in steps], [weight for _, weight in steps])
        step()
        # Most of the time two things happen within the same second.
        if self._random.random() < 0.45:
            self.clock.forward(seconds=self._random.choice((0.5, 1.0, self._random.uniform(1, 90))))

    def _forget(self) -> None:
        """What was remembered of Intacct for a day is lost, and may not be had again at once."""
        self.connector.cache.forget()
        if self._random.random() < 0.5:
            self.weather.no_preferences()
        self.counts["answers forgotten"] += 1

    def _wait(self) -> None:
        self.clock.forward(seconds=self._random.choice((60.0, 127.5, 600.0, 1000.0, 4000.0)))

    def _tie(self) -> None:
        if self._page_size and self._page_size < 5:
            self.people.tie(self._page_size + 1)
            self.counts["tie longer than a page"] += 1

    def _poll(self) -> str:
        outcome = self.connector.poll(again=self._random.random() < 0.6)
        self._look_back()
        return outcome

    def _look_back(self) -> None:
        certain = [visit.first for visit in self.connector.notes.visits if visit.certain]
        if certain:
            self.people.forget_deleted_before(max(certain))

    # ------------------------------------------------------------------ while a poll is running
    def _meanwhile(self) -> None:
        """People do not wait for a poll."""
        if self._random.random() < self._busy:
            if self._random.random() < 0.3:
                self.clock.forward(seconds=self._random.choice((0.5, 1.0, 3.0)))
            self.people.act()

    def _race(self) -> None:
        """A second poll begins while the first is at some point."""
        if self.connector.depth != 1:
            return
        ahead = AHEAD if self._random.random() < 0.6 else 0.0
        outcome = self.connector.poll(ahead=ahead)
        self.counts[f"overlapping, lease {'kept' if outcome == 'busy' else 'lost'}"] += 1

    # ------------------------------------------------------------------------------- endings
    def _to_the_second(self) -> None:
        """A late commit as late as the overlap allows, by the last second that counts.

        A known bill that waits for nobody moves on; the change becomes visible right after a poll
        that has seen a time stamp just as much newer as the overlap is long.
        """
        self._busy = 0.0
        books, late = self.people.books, 900.25
        self.clock.forward(microseconds=1_000_000 - self.clock.now().microsecond)
        bill, other = (
            books.create({"vendor": "V-100", "amount": "125.00", "submit": True}) for _ in range(2)
        )
        self._poll()
        books.move(bill, "decline", {})
        self._poll()
        self.clock.forward(seconds=1)
        books.set_state(bill, {"state": "Draft", "visible_after_seconds": late})
        for _ in range(2):
            self.clock.forward(seconds=450)
            self.people.touch(other)
            self._poll()
        self.clock.forward(seconds=0.5)
        self._poll()
        self.counts["late by the whole overlap"] += 1

    def _end(self) -> None:
        """Calm; two more polls, the second of which has nothing to find."""
        self.weather.clear()
        self.faults.calm()
        self._busy = 0.0
        for pause in (CALM_SECONDS, 300.0):
            self.clock.forward(seconds=pause)
            self.connector.poll(must=True, again=True)

    def _judged(self) -> Outcome:
        notes, log = self.connector.notes, self._place.log()
        verdict = judge(log, notes.looks(), notes.told, trail=self._set_up)
        doubled = [name for name, times in Counter(notes.event_ids).items() if times > 1]
        verdict.twice += [f"the event with id {name}" for name in doubled]
        for counts in (of_log(log), of_notes(notes), of_faults(self.faults.counts)):
            self.counts.update(counts)
        self.counts.update(self.weather.counts)
        return Outcome(1, verdict.of(f"history {self._seed}"), self.counts)


def _kind_of_zone(minutes: int) -> str:
    if minutes % 60:
        return "zone of half or quarter hours"
    return "zone of whole hours" if minutes else "zone UTC"
