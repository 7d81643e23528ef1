"""Waiting bills nobody knew of although they were there for long: a permission was granted.

A text about each of them would be many for bills that nobody has just submitted. They are recorded
without one, and each person concerned gets one digest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, tzinfo
from typing import TypeVar, cast

from ml_connector.domain.digests import Decide, Digest
from ml_connector.domain.documents import CompanyState, Document
from ml_connector.domain.events import Sighting
from ml_connector.domain.rules import FlowCompany
from ml_connector.domain.unit_of_work import Fence

from .digests import Opened, open_digest, planned_digests, untold
from .ports import PollPorts, Telemetry
from .recording import AnySighting

S = TypeVar("S", bound=AnySighting)

#: A bill last modified so long before the last successful poll was not submitted just now.
LONG_AGO = timedelta(days=1)
#: More of them than this in one poll are not told one by one.
MOST_TOLD = 5
REASON = "found late: last modified long before the last successful poll"


def found_late(
    found: Iterable[Sighting[Document]],
    known: Mapping[str, Document],
    lease: CompanyState,
    telemetry: Telemetry,
) -> set[str]:
    """The ids of the documents that were found late, where they are many; an operator hears."""
    last = lease.poll_succeeded_at
    if last is None or not lease.baseline_done:
        return set()
    late = {
        one.document.id
        for one in found
        if one.document.id not in known
        and one.document.modified
        and one.document.modified < last - LONG_AGO
    }
    if len(late) <= MOST_TOLD:
        return set()
    telemetry.error(
        "bills_found_late",
        company=lease.company,
        bills=len(late),
        cause="the API user was probably given access to more; each approver gets one digest",
    )
    return late


@dataclass(slots=True)
class LateFinds:
    """The late finds of one poll, from being noticed to being told.

    `consult` looks up what deciding about some bills needs.
    """

    decide: Decide
    consult: Callable[[Sequence[Document]], None]
    company: FlowCompany
    lease: CompanyState
    zone: Callable[[], tzinfo]
    ports: PollPorts
    _digests: list[Digest] = field(default_factory=list)
    _waiting: dict[str, str] = field(default_factory=dict)
    """The digest of every waiting bill that is told in one."""

    def tied(
        self,
        found: list[Sighting[Document]],
        known: Mapping[str, Document],
        waiting: Iterable[Document],
        unchanged: Iterable[Document],
    ) -> list[Sighting[Document]]:
        """The sightings; late finds among them have no text of their own and are tied to a digest.

        So are the late finds of an earlier poll that broke off before it could write their digest;
        where they are among the `unchanged` documents, they get a sighting.
        """
        tied = [document for document in waiting if document.digest]
        self._waiting = {document.id: document.digest for document in tied}
        late = found_late(found, known, self.lease, self.ports.telemetry)
        owed = untold(tied, self.ports)
        if not late and not owed:
            return found
        again = [Sighting(each, (), changed=True) for each in unchanged if each.id in owed]
        seen = [*found, *again]
        bills = [one.document for one in seen if one.document.id in late | owed]
        bills = [document for document in bills if document.waiting]
        self.consult(bills)
        self._digests = planned_digests(
            bills, self.decide, self.company, f"lease {self.lease.fence}", self.zone(), self.ports
        )
        names = {name: digest.id for digest in self._digests for name in digest.documents}
        self._waiting.update(names)
        return [
            _tied(one, names.get(one.document.id, ""), silent=one.document.id in late)
            if one.document.id in late | owed
            else one
            for one in seen
        ]

    def closing(self, sighting: S) -> S:
        """The sighting; the last bill of a digest that waits no longer takes the digest with it."""
        document = sighting.document
        if not isinstance(document, Document) or document.waiting:
            return sighting
        digest = self._waiting.pop(document.id, "")
        if not digest or digest in self._waiting.values():
            return sighting
        ended = replace(document, open_cases=(*document.open_cases, digest))
        return cast("S", replace(cast("Sighting[Document]", sighting), document=ended))

    def open(self, until: datetime) -> Sequence[Opened]:
        """Write the digests: every bill they tell of is recorded."""
        fence = Fence(self.lease.company, self.lease.fence)
        digests, self._digests = self._digests, []
        return [open_digest(digest, self.ports, until, fence) for digest in digests]


def _tied(sighting: Sighting[Document], digest: str, *, silent: bool) -> Sighting[Document]:
    """The sighting of a bill that is told in this digest; in none where no rule speaks of it."""
    document = replace(sighting.document, digest=digest)
    remarks = (*sighting.remarks, ("digest", digest))
    reason = REASON if silent else sighting.silent
    return replace(sighting, document=document, remarks=remarks, silent=reason)
