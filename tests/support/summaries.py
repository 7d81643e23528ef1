"""A topic in memory, and Mondays on which summaries are published to it."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ml_connector.domain.cases import Case
from ml_connector.domain.summaries import KIND, Published
from ml_connector.usecases.mondays import companies_to_summarise
from ml_connector.usecases.summaries import SummaryPorts, summarise

from .faults import Killed
from .world import POLL_TIMEOUT, World


@dataclass(slots=True)
class MemoryTopic:
    """The Topic port: what was published, and when. `next` are answers other than a plain yes."""

    world: World
    mails: list[tuple[datetime, str, str]] = field(default_factory=list)
    next: deque[Published] = field(default_factory=deque)
    dies: str = ""
    """`before` or `after` it takes the next message, the function dies."""

    def publish(self, subject: str, text: str) -> Published:
        dies, self.dies = self.dies, ""
        if dies == "before":
            raise Killed("publish")
        answer = self.next.popleft() if self.next else Published.YES
        if answer is not Published.NO:
            self.mails.append((self.world.clock.now(), subject, text))
        if dies == "after":
            raise Killed("publish")
        return answer


@dataclass(slots=True)
class Mondays:
    """What the ticks of the poll function do beside polling."""

    world: World
    topic: MemoryTopic = field(init=False)

    def __post_init__(self) -> None:
        self.topic = MemoryTopic(self.world)

    def tick(self) -> list[str]:
        """One tick: what became of each company's summary that was due."""
        due: list[str] = []
        ports = self.world.poll_ports
        self.world.invoke(POLL_TIMEOUT, lambda _: due.extend(companies_to_summarise(ports)))
        return [self.summarise(company) for company in due]

    def summarise(self, company: str) -> str:
        """One invocation; `killed` where it died."""
        ports = SummaryPorts(self.world.poll_ports, self.topic)
        said: list[str] = []

        def run(end: datetime) -> None:
            said.append(summarise(company, ports, end))

        self.world.invoke(POLL_TIMEOUT, run)
        return said[0] if said else "killed"

    def run_until(self, end: datetime, every: timedelta = timedelta(minutes=10)) -> None:
        """Let the world go on, with a tick now and then."""
        while self.world.clock.now() < end:
            self.world.run_until(min(end, self.world.clock.now() + every))
            self.tick()

    def cases(self) -> list[Case]:
        """The tries, in their order."""
        found = [case for case in self.world.tables.cases.values() if case.kind == KIND]
        return sorted(found, key=lambda case: (case.opened_at, case.round))
