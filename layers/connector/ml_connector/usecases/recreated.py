"""Bills of purchase orders that came back under another record number.

Editing a purchase order's invoice makes Intacct delete its bill and enter it anew. To the people
who were told it is the same bill, so the new document goes on where the old one ended: its round,
its open cases, and with them the alerts. Both documents say so in their trails.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from ml_connector.domain.audit import ChainHead
from ml_connector.domain.bills import Bill
from ml_connector.domain.dispatches import Dispatch, DispatchState
from ml_connector.domain.documents import CompanyState, Document, bill_document_id
from ml_connector.domain.events import Sighting, seen_again, waiting_events, waits_once_more

from .ports import PollPorts

#: How long a vanished bill may be away.
AWAY = timedelta(days=1)

_TOLD = frozenset({DispatchState.SENT, DispatchState.DELIVERED, DispatchState.UNCONFIRMED})


_Name = tuple[str, str]


def _name(bill: Bill | Document) -> _Name:
    """What stays the same when a purchase order's bill is made anew."""
    return bill.vendor_id, bill.number


@dataclass(slots=True)
class Recreations:
    """The bills of one poll that may be old ones under a new number."""

    lease: CompanyState
    ports: PollPorts
    _waiting: dict[_Name, Bill] = field(default_factory=dict)
    _undecided: set[_Name] = field(default_factory=set)
    in_doubt: list[str] = field(default_factory=list)
    """Record numbers of bills nobody knows and that may be gone again: made anew while we read."""

    def sort_out(self, bills: Iterable[Bill], known: dict[str, Document]) -> list[Bill]:
        """The bills that are looked at as usual; the others are kept until it is known which
        documents have vanished. Of two alike the later one is kept: the other is `in_doubt`."""
        orders = (document for document in known.values() if document.from_purchase_order)
        self._undecided = {_name(document) for document in orders if document.waiting}
        usual: list[Bill] = []
        for bill in bills:
            key = _name(bill)
            unknown = bill.state.waiting and bill_document_id(bill.record_no) not in known
            if not (unknown and bill.from_purchase_order and all(key)):
                usual.append(bill)
                continue
            if key in self._waiting:
                self.in_doubt.append(self._waiting[key].record_no)
            self._waiting[key] = bill
        return usual

    def has_twin(self, document: Document) -> bool:
        """Whether a bill with the name of this one is there under another number."""
        return document.from_purchase_order and _name(document) in self._waiting

    def decided(self) -> None:
        """It is known of every waiting bill whether it is still there."""
        self._undecided.clear()

    def successor(self, document: Document) -> Bill | None:
        """The bill that takes the place of one that has just vanished."""
        if not document.from_purchase_order:
            return None
        return self._waiting.pop(_name(document), None)

    def rest(self) -> tuple[list[tuple[Document, Bill]], list[Bill]]:
        """The bills kept that continue one that vanished before, with it; and the new ones.

        One that may continue a bill of which nobody knows yet is left to the next poll.
        """
        bills = {name: x for name, x in self._waiting.items() if name not in self._undecided}
        self._waiting = {}
        if not bills:
            return [], []
        since = self.ports.clock.now() - AWAY
        pairs: list[tuple[Document, Bill]] = []
        for document in self.ports.documents.vanished(self.lease.company, since):
            bill = bills.pop(_name(document), None)
            if bill:
                pairs.append((document, bill))
        return pairs, list(bills.values())

    def continued(self, old: Document, bill: Bill, now: datetime) -> Sighting[Document]:
        """What the new bill means to those who were told of the old one.

        When the old one was seen to vanish before, its alerts were stopped. Those that had not been
        sent by then never will be, so the bill is told once more, in a round of its own.
        """
        document = replace(
            old,
            id=bill_document_id(bill.record_no),
            record_no=bill.record_no,
            deleted=False,
            gone_at=None,
            open_since=now,
            generation=1,
            url="",
            head=ChainHead(),
            write_id="",
        )
        sighting = seen_again(document, bill, now)
        if old.deleted and not sighting.events and not self._all_told(old):
            sighting = waits_once_more(sighting.document)
        remark = ("continues_bill", old.id)
        return replace(sighting, changed=True, doubtful=False, remarks=(remark,))

    def _all_told(self, old: Document) -> bool:
        files = [self.ports.alerts.case_file(e.id) for e in waiting_events(old, old.round)]
        alerts = [alert for file in files if file for alert in file.alerts if alert.dispatch]
        dispatches = self.ports.alerts.dispatches([alert.dispatch for alert in alerts])
        return all(_was_sent(dispatch) for dispatch in dispatches)


def _was_sent(dispatch: Dispatch) -> bool:
    return dispatch.state in _TOLD


def replaced(old: Document, bill: Bill) -> Sighting[Document]:
    """The old document once another goes on in its place: nothing ends and nobody is told."""
    closed = replace(old, deleted=True, gone_at=None, open_since=None, open_cases=())
    remark = ("continued_by", bill_document_id(bill.record_no))
    return Sighting(closed, (), changed=True, remarks=(remark,))
