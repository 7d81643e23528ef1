"""Why somebody was told of a bill or a payment, or nobody: what the audit trail says of each.

Everything that Intacct has is tied to its case, or to the rule or reason in the trail that left it
out, or needs no entry at all, for it never waited for anybody. Whatever is left is unexplained.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, TypeAlias, TypeGuard

from .bills import Bill, BillState
from .documents import AnyDocument, CompanyState, Document, bill_document_id
from .entry_shapes import mappings, texts
from .events import EventKind
from .fates import Fate
from .frozen import frozen
from .payments import Payment, PaymentDocument, PaymentPhase, payment_document_id

#: Events of bills after which somebody has to act, or to know more.
_ASKING = frozenset(
    {
        EventKind.SUBMITTED.value,
        EventKind.PARTIALLY_APPROVED.value,
        EventKind.CHANGED.value,
        EventKind.REMINDER.value,
        EventKind.OVERDUE.value,
        EventKind.POSSIBLE_DUPLICATE.value,
    }
)

#: What was modified so shortly before the last successful poll may have been committed after it.
SLACK = timedelta(minutes=15)

TOLD = "told: it has its case"
DIGEST = "told together with others in one text"
NOT_SUBMITTED = "not submitted"
NOT_TOLD = "a case, but nobody was told"
NO_WORD = "nothing says why"
NEVER_WAITED = "never seen waiting: no approval was needed, or it was given between two polls"
WAITED_UNREAD = "never seen waiting, and it may have waited while nothing was read"
ON_ITS_WAY = "on its way: nothing to tell yet"
NOT_WATCHED = "payments are not watched yet"
NOT_YET = "changed since the last poll, which could not see it yet"

_NEVER_SUBMITTED = frozenset({BillState.DRAFT, BillState.ANALYZING, BillState.NO_VALUE})

Row: TypeAlias = Bill | Payment


@frozen
class Trail:
    """What the entries of one document say: its cases, and why nobody was told of an event.

    `cases` and `digests` are of all its rounds; `current` are the cases that tell of its newest
    round and of what has to be done about it, and `excluded` is why events of that round have none.
    `closed`: the document was lost with its table, and somebody who restored it has said so.
    """

    entries: int = 0
    cases: frozenset[str] = frozenset()
    digests: frozenset[str] = frozenset()
    current: frozenset[str] = frozenset()
    excluded: tuple[str, ...] = ()
    closed: bool = False


@frozen
class Explained:
    """One bill or payment. `unexplained` is true where nothing in the trail accounts for it."""

    row: Row
    why: str
    unexplained: bool = False

    @property
    def kind(self) -> str:
        """Bill or payment."""
        return "bill" if is_bill(self.row) else "payment"


@frozen
class Known:
    """What is known of one company: where polling stands, documents, trails, cases that exist.

    `fates` are those of the cases of newest rounds.
    """

    state: CompanyState
    documents: Mapping[str, AnyDocument]
    trails: Mapping[str, Trail]
    cases: Collection[str]
    fates: Mapping[str, Fate]


def trail_of(entries: Iterable[Mapping[str, Any]]) -> Trail:
    """The trail of a document out of what its entries hold."""
    cases: set[str] = set()
    digests: set[str] = set()
    newest = _Round()
    count = 0
    closed = continues = False
    for data in entries:
        count += 1
        closed = closed or bool(data.get("lost"))
        number = data.get("round")
        if isinstance(number, int) and number > newest.number:
            newest = _Round(number)
        continues = continues or bool(data.get("continues_bill"))
        newest.take(data, continues=continues)
        if data.get("digest"):
            digests.add(str(data["digest"]))
        cases.update(str(one["case"]) for one in mappings(data.get("events")) if one.get("case"))
    current = frozenset(newest.asking or newest.others)
    return Trail(count, frozenset(cases), frozenset(digests), current, newest.excluded, closed)


class _Round:
    """What the entries of one round say: the cases that ask for something, and the others."""

    def __init__(self, number: int = 0) -> None:
        self.number = number
        self.asking: set[str] = set()
        self.others: set[str] = set()
        self._why: dict[bool, list[str]] = {True: [], False: []}

    @property
    def excluded(self) -> tuple[str, ...]:
        """Why there is no case of an event, what asks for something first."""
        return tuple(dict.fromkeys((*self._why[True], *self._why[False])))

    def take(self, data: Mapping[str, Any], *, continues: bool) -> None:
        """One entry; `continues` says that the bill took the place of another."""
        if data.get("digest"):
            self.asking.add(str(data["digest"]))
        if continues:
            # The cases of the bill in whose place it came are named only where they end.
            self.others.update(texts(data.get("ended_cases")))
        for event in mappings(data.get("events")):
            asks = str(event.get("kind", "")) in _ASKING
            if event.get("case"):
                (self.asking if asks else self.others).add(str(event["case"]))
            if event.get("excluded"):
                self._why[asks].append(str(event["excluded"]))


def is_bill(row: Row) -> TypeGuard[Bill]:
    """Whether it is a bill, and no payment."""
    return isinstance(row, Bill)


def name_of(row: Row) -> str:
    """The id of the document of a row."""
    if isinstance(row, Bill):
        return bill_document_id(row.record_no)
    return payment_document_id(row.record_no)


def explain(row: Row, known: Known) -> Explained:
    """Why, for one row."""
    if isinstance(row, Bill):
        return explain_bill(row, name_of(row), known)
    return explain_payment(row, name_of(row), known)


def explain_bill(bill: Bill, document_id: str, known: Known) -> Explained:
    """Why, for one bill."""
    document, trail = known.documents.get(document_id), known.trails.get(document_id, Trail())
    lost = _lost(document, trail, known)
    if not lost and bill.state is BillState.UNKNOWN:
        lost = f"its state is {bill.state_text!r}, which nobody knows"
    if lost:
        return Explained(bill, lost, True)
    if bill.state.waiting and not (isinstance(document, Document) and document.waiting):
        if _too_new(bill.modified, known.state.poll_succeeded_at):
            return Explained(bill, NOT_YET)
        seen = f"was last seen {document.state.value}" if document else "was never seen"
        return Explained(bill, f"it waits for approval, and {seen}", True)
    if document is not None:
        return _accounted(bill, trail, known)
    if trail.closed:
        return _accounted(bill, trail, known, "; its document was lost when tables were restored")
    return Explained(bill, _never_seen(bill, known.state))


def explain_payment(payment: Payment, document_id: str, known: Known) -> Explained:
    """Why, for one payment."""
    document, trail = known.documents.get(document_id), known.trails.get(document_id, Trail())
    phase = payment.phase
    lost = _lost(document, trail, known)
    if not lost and phase is None:
        lost = f"its state is {payment.state_text!r}, which nobody knows"
    if lost or phase is None:
        return Explained(payment, lost, True)
    stored = document.phase if isinstance(document, PaymentDocument) else None
    if stored is phase:
        return _accounted(payment, trail, known)
    if stored is None and phase is PaymentPhase.OPEN:
        return Explained(payment, ON_ITS_WAY)
    return _moved_on(payment, phase, stored, known.state)


def _moved_on(
    payment: Payment, phase: PaymentPhase, stored: PaymentPhase | None, state: CompanyState
) -> Explained:
    """A payment that has come further than what is stored of it."""
    if stored is None and not state.payments_baseline_done:
        return Explained(payment, NOT_WATCHED)
    if _payment_too_new(payment, state):
        return Explained(payment, NOT_YET)
    seen = f"was last seen {stored.value}" if stored else "was never seen"
    return Explained(payment, f"it is {phase.value}, and {seen}", True)


def _lost(document: AnyDocument | None, trail: Trail, known: Known) -> str:
    """What the trail or the documents name and what is not there; empty where nothing is."""
    gone = sorted((trail.cases | trail.digests) - set(known.cases))
    if gone:
        return f"its case {gone[0]} is not there any more"
    if trail.entries and document is None and not trail.closed:
        return "the audit knows it, and what was stored of it is gone"
    if document is not None and not trail.entries:
        return "it is stored, and the audit has no entry of it"
    return ""


def _accounted(row: Row, trail: Trail, known: Known, also: str = "") -> Explained:
    """The strongest reason: somebody was told in its newest round, or why nobody was."""
    fates = [known.fates.get(case, Fate()) for case in sorted(trail.current)]
    now = known.state.poll_succeeded_at
    if not all(fate.accounted(now) for fate in fates):
        late = next((fate.why for fate in fates if not fate.accounted(now) and fate.why), "")
        why = f"{late}, and nothing since" if late else NO_WORD
        return Explained(row, f"{NOT_TOLD}: {why}{also}", True)
    told = {case for case in trail.current if known.fates[case].told}
    if told:
        told -= trail.digests
        return Explained(row, f"{TOLD if told else DIGEST}{also}")
    if fates:
        return Explained(row, f"{NOT_TOLD}: {fates[0].why}{also}")
    why = f"nobody is told: {trail.excluded[0]}" if trail.excluded else "seen; nothing happened"
    return Explained(row, f"{why}{also}")


def _never_seen(bill: Bill, state: CompanyState) -> str:
    """Why a bill that waits for nobody has no document."""
    if bill.state in _NEVER_SUBMITTED:
        return NOT_SUBMITTED
    return WAITED_UNREAD if any(_lived(bill, *gap) for gap in state.gaps) else NEVER_WAITED


def _lived(bill: Bill, begin: datetime, end: datetime) -> bool:
    """Whether it was there, and not yet as it is now, at some time between the two."""
    made_before = bill.created is None or bill.created <= end
    return made_before and (bill.modified is None or bill.modified >= begin)


def _too_new(modified: datetime | None, looked_at: datetime | None) -> bool:
    return looked_at is None or (modified is not None and modified >= looked_at - SLACK)


def _payment_too_new(payment: Payment, state: CompanyState) -> bool:
    """A clearing may leave the time stamp as it was: then only the hourly sweep finds it."""
    swept = state.payments_swept_at
    if swept is None or _too_new(payment.modified, min(swept, state.poll_succeeded_at or swept)):
        return True
    return payment.cleared_on is not None and payment.cleared_on >= swept.date()
