"""Bills that were just submitted, held against every bill the company is known to have had.

Bills that wait and those the same poll read are at hand. The others, approved and paid ones among
them, are found by what they were noted under when they were recorded, one bounded question for each
thing that two bills can have in common, and then read: what counts is what is stored of them now.
Nothing is noted and nothing is asked unless a rule speaks of possible duplicates.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

from ml_connector.domain.documents import AnyDocument, CompanyState, Document
from ml_connector.domain.duplicates import (
    likenesses,
    marks,
    submitted,
    with_possible_duplicates,
)
from ml_connector.domain.events import EventKind, Sighting
from ml_connector.domain.flows import Flow
from ml_connector.domain.unit_of_work import LikenessRecord

from .ports import PollPorts

#: For how long after it was first seen a bill is looked back to: a year's bill and its delay.
LOOK_BACK = timedelta(days=400)
#: The most bills looked at for one thing in common, the newest first.
MOST_ALIKE = 20
#: The most questions of one poll; a bill has two things to be found by.
MOST_QUESTIONS = 1000
#: For how long is asked at a time, seconds: to hear of a bill is worth more than of its likeness.
MOST_SECONDS = 10.0


def noted(flow: Flow, document: AnyDocument) -> tuple[LikenessRecord, ...]:
    """Under what a later bill finds this one, where a rule asks for that."""
    if not isinstance(document, Document):
        return ()
    asked = flow.speaks_of(EventKind.POSSIBLE_DUPLICATE, document.company)
    return likenesses(document) if asked else ()


class Duplicates:
    """The possible duplicates of one poll."""

    def __init__(self, flow: Flow, lease: CompanyState, ports: PollPorts) -> None:
        self._wanted = flow.speaks_of(EventKind.POSSIBLE_DUPLICATE, lease.company)
        self._lease = lease
        self._ports = ports
        self._asked = 0

    def said(
        self, sightings: Sequence[Sighting[Document]], known: Iterable[Document] | None = None
    ) -> list[Sighting[Document]]:
        """The sightings, those of new bills with what they look like, where a rule asks for that.

        `known` are the bills at hand as they were stored; without it those that wait are read.
        """
        if not self._wanted or not any(submitted(one) for one in sightings):
            return list(sightings)
        store, company = self._ports.documents, self._lease.company
        at_hand = list(store.waiting(company) if known is None else known)
        earlier = self._earlier(sightings, {one.id for one in at_hand})
        return with_possible_duplicates(sightings, [*at_hand, *earlier])

    def _earlier(
        self, sightings: Sequence[Sighting[Document]], at_hand: set[str]
    ) -> list[Document]:
        """Bills that may look like a new one and are not at hand, as they are stored now.

        Nobody is told of what the first complete poll finds, so nothing is asked about it either.
        """
        if not self._lease.baseline_done:
            return []
        new = [one.document for one in sightings if submitted(one)]
        wanted = list(dict.fromkeys(mark for document in new for mark in marks(document)))
        names = self._names(wanted) - at_hand - {one.document.id for one in sightings}
        company = self._lease.company
        return list(self._ports.documents.documents(company, sorted(names)).values())

    def _names(self, wanted: Sequence[str]) -> set[str]:
        store, clock, company = self._ports.documents, self._ports.clock, self._lease.company
        since, began = clock.now() - LOOK_BACK, clock.monotonic()
        found: set[str] = set()
        for place, mark in enumerate(wanted):
            late = clock.monotonic() - began >= MOST_SECONDS
            if late or self._asked >= MOST_QUESTIONS:
                self._ports.telemetry.warning(
                    "duplicates_not_looked_for",
                    company=company,
                    questions=len(wanted) - place,
                    reason="slow" if late else "many bills at once",
                )
                break
            self._asked += 1
            found.update(store.alike(company, mark, since, MOST_ALIKE))
        return found
