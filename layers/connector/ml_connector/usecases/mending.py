"""Bringing everything that is older than its audit chain up to it, or back where it is gone.

The functions do this one by one, when they come upon such a case or person. After a restore all of
it is done at once, by an operator's command: then the trail is whole before anything goes on, and
cases nobody would come upon any more have an owner again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from ml_connector.domain.audit import AuditEntry, ChainHead, Json, entry_after
from ml_connector.domain.books import Books
from ml_connector.domain.cases import Case, CaseState, case_chain
from ml_connector.domain.chains import CLOSING
from ml_connector.domain.documents import AnyDocument
from ml_connector.domain.events import Event, EventKind, Sighting
from ml_connector.domain.flows import DecisionContext, Flow, decide
from ml_connector.domain.instants import seconds
from ml_connector.domain.payments import PaymentDocument
from ml_connector.domain.people import Directory
from ml_connector.domain.planning import PlanTimes, open_case
from ml_connector.domain.unit_of_work import Change, DocumentWrite

from .catching_up import Ports, catch_up, catch_up_person
from .commit import commit_if_first
from .restoring import caught_up, on_a_new_chain

#: How a case ends that came back and whose document knows nothing of it any more.
FORGOTTEN = "restored"

#: What the chain of a document ends with that is nowhere any more.
LOST = "document.lost"

_ENDS = frozenset(f"case.{state.value}" for state in CaseState if state.ended)


class Behind(Protocol):
    """Which chains go on after what is stored of their owners."""

    def cases(self) -> Iterable[str]:
        """Ids of cases that are older than their chain, or not there."""

    def people(self) -> Iterable[str]:
        """Ids of people that are older than their chain."""

    def documents(self) -> Iterable[AnyDocument]:
        """Documents that are older than their chain."""

    def ownerless(self) -> Iterable[str]:
        """Chains of documents that are not there."""

    def close(self, entry: AuditEntry) -> None:
        """Write the last entry of a chain that nothing belongs to. Raises StoreConflict."""


@dataclass(slots=True)
class Mended:
    """What was brought up to its chain."""

    cases: int = 0
    rebuilt: int = 0
    people: int = 0
    documents: int = 0
    closed: int = 0
    left: int = 0
    """Cases that a poll has to look at first: their document may know of them again then."""
    lost: list[str] = field(default_factory=list)
    """Cases nothing could be made of: their chain does not begin."""


def mend(
    behind: Behind,
    ports: Ports,
    flow_of: Callable[[int], Flow | None],
    patience: Callable[[], datetime],
    alive: Callable[[], None] = lambda: None,
    *,
    polled: bool = False,
) -> Mended:
    """Bring up what is behind. May be broken off and begun again at any point.

    `flow_of` gives one published version, `patience` until when DynamoDB may keep one write
    waiting; `alive` is called between two of them. A case that is gone, and that its document does
    not name, is left until every company was `polled`: the poll may open it again, and then it goes
    on; what is still without an owner after that has ended. Raises StoreConflict and
    StoreUnavailable.
    """
    mended = Mended()
    for case_id in behind.cases():
        alive()
        if ports.alerts.case_file(case_id):
            mended.cases += catch_up(case_id, ports, patience(), anyhow=polled)
            continue
        entries = list(ports.trail.chain(case_chain(case_id))) if ports.trail else []
        if not entries or not entries[0].kind.startswith("case."):
            mended.lost.append(case_id)
            continue
        base = _base(case_id, entries, ports, flow_of)
        if base.state.ended and not polled and not any(e.kind in _ENDS for e in entries):
            mended.left += 1
            continue
        mended.rebuilt += catch_up(case_id, ports, patience(), base, anyhow=polled)
    for person in behind.people():
        alive()
        mended.people += catch_up_person(person, ports, patience())
    if polled:
        _mend_documents(behind, mended, ports, patience, alive)
    return mended


def _mend_documents(
    behind: Behind,
    mended: Mended,
    ports: Ports,
    patience: Callable[[], datetime],
    alive: Callable[[], None],
) -> None:
    """What no poll showed: documents go on on a new chain, chains without one are closed."""
    for document in behind.documents():
        alive()
        if _on_a_new_chain(document, ports, patience()):
            mended.documents += 1
    for chain in behind.ownerless():
        alive()
        last = next(iter(deque(ports.trail.chain(chain) if ports.trail else (), maxlen=1)), None)
        if last is not None and last.kind not in CLOSING:
            data: dict[str, Json] = {"because": "its table was restored", "lost": True}
            behind.close(entry_after(last.head, chain, ports.clock.now(), LOST, data))
            mended.closed += 1


def _on_a_new_chain(document: AnyDocument, ports: Ports, until: datetime) -> bool:
    """As the poll does with a document that is older than its chain, when it sees it change."""
    after: AnyDocument
    if isinstance(document, PaymentDocument):
        after = on_a_new_chain(Sighting(document, (), changed=True)).document
    else:
        after = caught_up(Sighting(document, (), changed=True), ports.alerts).document
    now = ports.clock.now()
    continues: Json = {"chain": document.chain, "seq": document.head.seq}
    seen: dict[str, Json] = {
        **after.facts,
        "events": [],
        "ended_cases": [],
        "continues": continues,
    }
    entry = entry_after(document.head, after.chain, now, "document.seen", seen)
    change = Change(ports.new_id(), documents=(DocumentWrite(after, entry),))
    # Not the first: a poll saw it, or an earlier try got through.
    return commit_if_first(change, ports, until)


def _base(
    case_id: str,
    entries: Sequence[AuditEntry],
    ports: Ports,
    flow_of: Callable[[int], Flow | None],
) -> Case:
    """A case that is gone, as its first entry says it began; over where nothing would end it."""
    first = entries[0]
    data: Any = first.data
    plain = Case(
        id=case_id,
        company=str(data.get("company", "")),
        document=str(data.get("document", "")),
        kind=str(data.get("event", "")),
        round=int(data.get("round", 1)),
        state=CaseState.OPEN,
        opened_at=first.at,
        expires_at=first.at + seconds(ports.timings.case_lifetime),
        rule=str(data.get("rule", "")),
        flow_version=int(data.get("flow_version", 0)),
        head=ChainHead(),
    )
    if not plain.document.startswith(("bill#", "payment#")):
        return plain
    document = _document(plain, ports)
    if document is None or case_id not in document.open_cases:
        # Its document has moved on, and would never end it.
        return plain.ended(CaseState.HANDLED, FORGOTTEN, ports.clock.now())
    return _planned(plain, document, first, ports, flow_of(plain.flow_version)) or plain


def _planned(
    plain: Case, document: AnyDocument, first: AuditEntry, ports: Ports, flow: Flow | None
) -> Case | None:
    """The case with its plan, where the version of the flow that made it still says the same."""
    company = flow.company(plain.company) if flow else None
    if flow is None or company is None:
        return None
    kind = EventKind(plain.kind)
    people = Directory(ports.approvers.everybody())
    context = DecisionContext(first.at.astimezone(UTC).date(), Books(), people)
    decision = decide(flow, kind, document, context)
    if decision is None or decision.rule != plain.rule:
        return None
    times = PlanTimes(
        seconds(ports.timings.case_lifetime),
        seconds(ports.timings.ring_again),
        int(ports.timings.validity),
    )
    event = Event(plain.id, plain.company, plain.document, kind, plain.round)
    opening = open_case(
        event,
        document,
        decision,
        company.name,
        ports.approvers.approver,
        first.at,
        times,
        zone=company.zone,
    )
    return opening.case.case


def _document(case: Case, ports: Ports) -> AnyDocument | None:
    if case.document.startswith("payment#"):
        return ports.documents.payments(case.company, [case.document]).get(case.document)
    return ports.documents.documents(case.company, [case.document]).get(case.document)
