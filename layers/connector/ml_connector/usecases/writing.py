"""What a poll found, on its way into the store and to the queue."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from ml_connector.domain.documents import Document
from ml_connector.domain.events import Sighting
from ml_connector.domain.instants import seconds
from ml_connector.errors import ConnectorError, OutOfTime

from .books import Bookkeeper
from .correlating import joined
from .late import LateFinds
from .ports import PollPorts
from .recording import AnySighting, Recorder

if TYPE_CHECKING:
    from .poll import PollReport

#: Dispatches are rung for by the ten, as many as the queue takes in one call.
RING_BATCH = 10


@dataclass(slots=True)
class Writer:
    """Records what is ready to be decided about, and rings for what is to be sent."""

    recorder: Recorder
    bookkeeper: Bookkeeper
    late: LateFinds
    ports: PollPorts
    until: datetime
    report: PollReport
    _to_ring: list[str] = field(default_factory=list)
    _events: list[str] = field(default_factory=list)

    def record(
        self,
        sightings: Iterable[AnySighting],
        replaces: Mapping[str, Sighting[Document]] | None = None,
    ) -> None:
        """Write sightings one by one; `replaces` holds by a document's id the sighting of the one
        whose place it takes.

        Raises OutOfTime when too little is left; what was written stays written.
        """
        for sighting in self.bookkeeper.ready(sightings):
            reserve = seconds(self.ports.timings.time_reserve)
            if self.ports.clock.now() + reserve >= self.until:
                raise OutOfTime("too little time is left; the next poll goes on from here")
            taken_over = (replaces or {}).get(sighting.document.id)
            recorded = self.recorder.record(self.late.closing(sighting), taken_over)
            self.report.events += len(sighting.events)
            self.report.alerts += recorded.alerts
            self.report.ended += recorded.ended
            self._to_ring.extend(recorded.dispatches)
            self._events.extend(event.id for event in sighting.events)
            if len(self._to_ring) >= RING_BATCH:
                self.ring()

    def tell_late(self) -> None:
        """Write the digests of what was found late."""
        for opened in self.late.open(self.until):
            self.report.alerts += opened.alerts
            self._to_ring.extend(opened.dispatches)

    def ring(self) -> None:
        """Ring for everything written since the last time."""
        dispatches, self._to_ring = self._to_ring, []
        events, self._events = self._events, []
        if not dispatches:
            return
        try:
            self.ports.doorbell.ring(dispatches)
        except ConnectorError as error:
            # The store is the truth: the status check finds what nobody rang for.
            self.ports.telemetry.warning(
                "ring_failed",
                case=joined(events) or None,
                dispatch=joined(dispatches),
                reason=error.safe_message,
            )
