"""Waiting bills whose case is not there: the alerts table was restored, or emptied.

Whether it was is asked at every poll about two bills: the newest, for what is newest is lost
first, and another one each time. Where one is missing, all are looked at. The bill's event is then
recorded once more; the chain of its case refuses to begin again, and by it the case is rebuilt.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from ml_connector.domain.audit import Json
from ml_connector.domain.documents import Document
from ml_connector.domain.events import D_co, Event, Sighting, rounds_events
from ml_connector.errors import StoreError

from .behind import FIX
from .ports import PollPorts

#: The remark by which a sighting says which cases it is to bring back.
REBUILDS = "rebuilds"
#: So many bills of a first poll are asked whether they have an audit chain.
MOST_ASKED = 25


def without_their_cases(
    waiting: Sequence[Document], turn: int, ports: PollPorts
) -> list[Sighting[Document]]:
    """Sightings of waiting bills whose cases are lost; none as a rule.

    `turn` is a number that grows from poll to poll.
    """
    known = [document for document in waiting if document.open_cases]
    if not known or ports.trail is None:
        return []
    probes = {document.id: document for document in (known[-1], known[turn % len(known)])}
    if not any(_missing(document, ports) for document in probes.values()):
        return []
    lost = [(document, missing) for document in known if (missing := _missing(document, ports))]
    ports.telemetry.error("cases_missing", company=known[0].company, bills=len(lost), fix=FIX)
    ports.telemetry.count("AlertsFailed")
    return [found for document, missing in lost for found in _again(document, missing)]


def polled_before(
    company: str, stored: Iterable[Document], new: Sequence[str], ports: PollPorts
) -> bool:
    """Whether what looks like the first poll is none: the documents of the company were lost.

    The alerts table remembers that there were polls. Where it was emptied too, bills without a
    document have an audit chain all the same; a few are asked for, once.
    """
    if any(document.generation > 1 for document in stored) or ports.alerts.watched(company):
        return True
    trail = ports.trail
    if trail is None:
        return False
    names = (f"doc#{company}#{name}" for name in new[:MOST_ASKED])
    return any(True for name in names for _ in trail.chain(name))


def note_watched(company: str, before: datetime | None, ports: PollPorts) -> None:
    """Remember elsewhere than in the documents that there was a complete poll: once a day.

    `before` is when the last one was. Only once this poll is over: one that died before its end
    would make a company of which nobody has heard look like one that lost its documents.
    """
    today = ports.clock.now().date()
    if before is None or before.date() != today:
        # What cannot be written now is written tomorrow.
        with suppress(StoreError):
            ports.alerts.note_watched(company, today)


def rebuilt_by(sighting: Sighting[D_co]) -> frozenset[str]:
    """The ids of the cases that a sighting is to bring back."""
    ids = dict(sighting.remarks).get(REBUILDS)
    return frozenset(str(one) for one in ids) if isinstance(ids, list) else frozenset()


def _missing(document: Document, ports: PollPorts) -> set[str]:
    return {case for case in document.open_cases if ports.alerts.case_file(case) is None}


def _again(document: Document, missing: set[str]) -> Iterator[Sighting[Document]]:
    """What other events told of, `ml-connector restore` brings back: the bill is enough here."""
    events: list[Event] = [one for one in rounds_events(document) if one.id in missing]
    if events:
        ids: list[Json] = [event.id for event in events]
        kept = tuple(case for case in document.open_cases if case not in ids)
        yield Sighting(
            replace(document, open_cases=kept),
            tuple(events),
            changed=True,
            remarks=((REBUILDS, ids),),
        )
