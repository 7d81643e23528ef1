"""What the use cases need from the outside world, and nothing about who provides it.

Every port has a fake in the tests and an adapter here; one contract suite runs over both.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Protocol

from ml_connector.domain.frozen import frozen

if TYPE_CHECKING:
    from ml_connector.domain.approvers import Approver
    from ml_connector.domain.audit import AuditEntry
    from ml_connector.domain.bills import BillsRead
    from ml_connector.domain.books import BooksRead, LinesRead
    from ml_connector.domain.cases import Alert
    from ml_connector.domain.delivery import (
        CallRequest,
        ProviderCall,
        ProviderMessage,
        SmsRequest,
        Verdict,
    )
    from ml_connector.domain.dispatches import Dispatch
    from ml_connector.domain.documents import CompanyState, Document
    from ml_connector.domain.doubts import HistoryRead
    from ml_connector.domain.flows import Flow
    from ml_connector.domain.payments import ClearedRead, PaymentDocument, PaymentsRead
    from ml_connector.domain.replies import InboundText, InboxMark
    from ml_connector.domain.standstill import Pause, Standstill
    from ml_connector.domain.unit_of_work import (
        CaseFile,
        Change,
        LineRecord,
        ReferenceRecord,
    )
    from ml_connector.settings import Timings


class BillSource(Protocol):
    """Reads one company's bills from Intacct. Raises only the SourceError family."""

    def read_waiting_and_changed(self, since: datetime | None) -> BillsRead:
        """Bills waiting for approval, and all modified at or after `since` (UTC)."""

    def read_by_key(self, record_numbers: Sequence[str]) -> BillsRead:
        """The bills with these record numbers; a number without a row no longer exists."""


class PaymentSource(Protocol):
    """Reads one company's payments from Intacct. Raises only the SourceError family."""

    def read_payments_changed(self, since: datetime) -> PaymentsRead:
        """All payments modified at or after `since` (UTC)."""

    def read_payments_by_key(self, record_numbers: Sequence[str]) -> PaymentsRead:
        """The payments with these record numbers."""

    def read_cleared(self, since: date) -> ClearedRead:
        """Which payments the bank paid on that day or after it, whenever they were modified."""


class BooksSource(Protocol):
    """Reads what deciding needs beside the bills: their lines, and master data."""

    def read_lines(self, record_numbers: Sequence[str]) -> LinesRead:
        """How the lines of these bills are coded. Raises the SourceError family."""

    def read_books(self, dimensions: Collection[str], vendors: Collection[str]) -> BooksRead:
        """Master data of these dimensions and vendors, at most a day old where that can be had.

        What cannot be read is said in the answer; it is not an error.
        """


class HistorySource(Protocol):
    """Reads what people did to single bills. Raises only the SourceError family."""

    def read_workflow(self, record_numbers: Sequence[str], since: datetime) -> HistoryRead:
        """The workflow steps of these bills at or after `since` (UTC)."""


class Messenger(Protocol):
    """Sends SMS and says what became of them. Raises only the DeliveryError family."""

    def send_sms(self, request: SmsRequest, timeout: float) -> ProviderMessage:
        """Create one message, once: never retried here. `timeout` in seconds, the whole call."""

    def list_created_since(self, since: datetime) -> Iterator[ProviderMessage]:
        """All messages of our sender created at or after `since`, newest first."""

    def list_to(self, to: str, since: datetime, *, whole: bool = True) -> Iterator[ProviderMessage]:
        """Messages to one number, newest first, without a date filter on the wire.

        Whoever of ours they come from: the sender may have been changed since. Unsent messages have
        no send date, so the provider's date filter may hide them, and nobody says where they stand
        in its lists: the `whole` list is read, or else no further than to where it gets older than
        `since`. What is older is dropped here.
        """

    def fetch(self, sid: str) -> ProviderMessage | None:
        """One message, or None where the provider no longer (or not yet) knows it."""

    def blank(self, sid: str) -> None:
        """Remove the text of a message that is over; one that is gone has none."""

    def judge(self, error_code: int | None) -> Verdict:
        """What to do about a message that did not arrive, by its error code."""


class Caller(Protocol):
    """Places calls and says what became of them. Raises only the DeliveryError family."""

    @property
    def confirms(self) -> bool:
        """Whether calls ask for a key; without a published flow they only announce."""

    @property
    def sender(self) -> str:
        """What calls are placed with: the published flow, or the number they come from."""

    def with_sender(self, sender: str) -> Caller:
        """The caller for what was placed with that sender; where it is empty, this one."""

    def place_call(self, request: CallRequest, timeout: float) -> ProviderCall:
        """Start one call, once: never retried here. `timeout` in seconds, the whole request.

        Raises DeliveryBusy while another call of ours to that number is going on.
        """

    def list_started_since(self, since: datetime) -> Iterator[ProviderCall]:
        """All our calls started at or after `since`, newest first: active, or ended."""

    def list_to(self, to: str, since: datetime, *, whole: bool = True) -> Iterator[ProviderCall]:
        """Our calls to one number started at or after `since`, each with what it carries.

        `whole` as for messages.
        """

    def outcome(self, sid: str) -> ProviderCall | None:
        """One call with how it ended, or None where the provider does not know it (any more)."""

    def call_details(self, call_sid: str) -> ProviderCall | None:
        """A leg on the telephone network, with its duration and, later, its price."""

    def end(self, sid: str) -> None:
        """End a call that is going on; one that is over stays as it is."""

    def blank(self, sid: str) -> None:
        """Remove what the provider keeps of a call that is over and was spoken; gone is as good."""

    def judge_call(self, error_code: int | None) -> Verdict:
        """What to do about a call that failed, by its error code."""


class Inbox(Protocol):
    """What people text back. Raises only the DeliveryError family."""

    def received_since(self, since: datetime) -> Iterator[InboundText]:
        """All texts to our sender since `since` (UTC), newest first, each once."""


class Doorbell(Protocol):
    """The queue in front of the send function. It carries ids only; the store is the truth."""

    def ring(self, dispatch_ids: Iterable[str], delay_seconds: int = 0) -> None:
        """Queue a message for each dispatch; the delay is capped by the queue at 900 s."""


class AlertStore(Protocol):
    """The truth about cases, alerts and dispatches. Reads are consistent unless they say so.

    Raises StoreConflict when a condition of a change does not hold, StoreUnavailable when DynamoDB
    cannot answer: a change may then have been written all the same.
    """

    def dispatch(self, dispatch_id: str) -> Dispatch | None:
        """One dispatch."""

    def dispatches(self, dispatch_ids: Sequence[str]) -> list[Dispatch]:
        """The dispatches with these ids, in no order; unknown ids are left out."""

    def case_file(self, case_id: str) -> CaseFile | None:
        """A case with all its alerts."""

    def alerts_of(self, case_id: str) -> tuple[Alert, ...]:
        """The alerts of a case, in the order of its plan; the case itself may be gone."""

    def sid_owner(self, sid: str) -> str | None:
        """The dispatch a provider's id is recorded for."""

    def known_sids(self, sids: Sequence[str]) -> set[str]:
        """Those of the provider's ids that are recorded for anything."""

    def references(self, recipient: str, since: datetime) -> list[ReferenceRecord]:
        """What was texted to a person since then, newest first."""

    def last_call(self, line: str) -> LineRecord | None:
        """The last call to a number of those that carry nothing of ours; by a name for it."""

    def inbox_mark(self) -> InboxMark | None:
        """Where reading replies stands; None before the first look."""

    def move_inbox_mark(self, mark: InboxMark) -> None:
        """Store where reading replies stands; an earlier look never replaces a later one."""

    def look_due(self, until: datetime, limit: int) -> list[str]:
        """Ids of dispatches to look at by then; from an index that may lag.

        Oldest first; where there are more than `limit`, of the oldest `FAIR_WINDOW` so that
        companies and the people of each take turns.
        """

    def cases_due(self, until: datetime, limit: int) -> list[str]:
        """Ids of cases to look at by then, in the order of `look_due`; companies take turns."""

    def blank_due(self, until: datetime, limit: int) -> list[str]:
        """Ids of dispatches to blank by then, oldest first; from an index that may lag."""

    def standstill(self, company: str, channel: str = "") -> Standstill:
        """Whether sends of the company stand still, and whether tables are being put back.

        With a `channel` its own pause counts as well.
        """

    def pause(self, company: str, pause: Pause) -> None:
        """Stop a company's sends, or those over one channel; never ends one that lasts longer."""

    def replace_pause(self, company: str, before: Pause, after: Pause) -> bool:
        """Put one pause in the place of the other; false where it is no longer there as it was."""

    def watched(self, company: str) -> bool:
        """Whether the company was ever read whole, whatever its documents say."""

    def note_watched(self, company: str, day: date) -> None:
        """Remember that the company was read whole on that day (UTC)."""

    def commit(self, change: Change) -> None:
        """Write a change as one transaction: all of it or nothing."""


class DocumentStore(Protocol):
    """What is remembered of each company's documents. Written by the poll alone."""

    def state(self, company: str) -> CompanyState:
        """Where polling the company stands."""

    def lease(self, company: str, now: datetime, until: datetime) -> CompanyState | None:
        """Take the company for one poll; None while somebody else holds it."""

    def finish(self, state: CompanyState) -> None:
        """Write the state and give the lease back. StoreConflict when the lease is another's."""

    def waiting(self, company: str) -> list[Document]:
        """All documents somebody still has to approve, consistently."""

    def documents(self, company: str, ids: Sequence[str]) -> dict[str, Document]:
        """The bills' documents with these ids, consistently."""

    def payments(self, company: str, ids: Sequence[str]) -> dict[str, PaymentDocument]:
        """The payments' documents with these ids, consistently."""

    def cleared(self, company: str, since: date) -> list[PaymentDocument]:
        """All payments stored as cleared on that day or after it, consistently."""

    def vanished(self, company: str, since: datetime) -> list[Document]:
        """Purchase orders' bills that vanished at or after then, consistently."""

    def alike(self, company: str, mark: str, since: datetime, limit: int) -> list[str]:
        """Ids of bills noted under a mark and first seen at or after then, the newest first."""


class AuditTrail(Protocol):
    """The audit chains, for reading."""

    def chain(self, name: str, after: int = 0) -> Iterator[AuditEntry]:
        """The entries of one chain after that number, in order, consistently."""


class FlowStore(Protocol):
    """The published flow."""

    def current(self) -> Flow | None:
        """The version the pointer names, or the last good one; None before the first."""


class ApproverStore(Protocol):
    """The people."""

    def approver(self, approver_id: str) -> Approver | None:
        """One person."""

    def everybody(self) -> list[Approver]:
        """All people by id, consistently."""


class Companies(Protocol):
    """The companies' way into Intacct."""

    def source(self, company: str) -> BillSource | None:
        """The company's gateway, or None where no credentials are stored for it."""


def _nothing(_company: str) -> None:
    return None


class Telemetry(Protocol):
    """What operators see. Fields hold ids, codes and counts; never names, numbers or texts."""

    def event(self, name: str, **fields: str | float | None) -> None:
        """Something worth a line."""

    def warning(self, name: str, **fields: str | float | None) -> None:
        """Something an operator may have to act on if it goes on."""

    def error(self, name: str, **fields: str | float | None) -> None:
        """Something an operator has to act on."""

    def count(self, metric: str, amount: float = 1) -> None:
        """Add to a metric."""

    def concerning(self, **ids: str) -> None:
        """What the lines that follow are about, until it is said anew; without ids, nothing."""


class Clock(Protocol):
    """Now."""

    def now(self) -> datetime:
        """The present time, aware, UTC."""

    def monotonic(self) -> float:
        """Seconds that only ever grow, for measuring."""


@frozen
class PollPorts:
    """What a poll works with."""

    companies: Companies
    documents: DocumentStore
    alerts: AlertStore
    flows: FlowStore
    approvers: ApproverStore
    doorbell: Doorbell
    clock: Clock
    telemetry: Telemetry
    timings: Timings
    payments: Callable[[str], PaymentSource | None] = _nothing
    """The way to a company's payments; None where they are not watched."""
    history: Callable[[str], HistorySource | None] = _nothing
    """The way to a company's audit history; None where edits without a trace are not followed."""
    books: Callable[[str], BooksSource | None] = _nothing
    """The way to a company's lines and master data; None where rules do without them."""
    trail: AuditTrail | None = None
    """The audit chains, by which a case that is older than its own catches up."""
    new_id: Callable[[], str] = lambda: str(uuid.uuid4())
    sleep: Callable[[float], None] = time.sleep
