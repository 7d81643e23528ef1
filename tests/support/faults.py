"""The ports behind an unreliable network: each call passes a point where a fault may happen."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import TypeVar

from ml_connector.domain.approvers import Approver
from ml_connector.domain.audit import AuditEntry
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
from ml_connector.domain.payments import PaymentDocument
from ml_connector.domain.replies import InboxMark
from ml_connector.domain.standstill import Pause, Standstill
from ml_connector.domain.unit_of_work import CaseFile, Change, LineRecord, ReferenceRecord
from ml_connector.errors import (
    DeliveryNotSent,
    DeliveryOutcomeUnknown,
    DeliveryTransient,
    QueueUnavailable,
    StoreUnavailable,
)
from ml_connector.usecases.ports import (
    AlertStore,
    ApproverStore,
    AuditTrail,
    Caller,
    DocumentStore,
    Doorbell,
    Messenger,
)

from .mishaps import (
    COMMIT_FAULTS,
    INDEX_FAULTS,
    LIST_FAULTS,
    POST_FAULTS,
    READ_FAULTS,
    RING_FAULTS,
    Fault,
    Faults,
    Killed,
)
from .provider import blocked

__all__ = [
    "Fault",
    "Faults",
    "FaultyAlertStore",
    "FaultyApproverStore",
    "FaultyDocumentStore",
    "FaultyDoorbell",
    "FaultyMessenger",
    "Killed",
    "label",
]

T = TypeVar("T")


def label(change: Change) -> str:
    """What a change is about, for the name of its point."""
    if change.documents:
        return change.documents[0].entry.kind
    if change.people:
        return change.people[0].entry.kind
    return change.cases[0].entry.kind if change.cases else "quiet"


class FaultyAlertStore:
    """An AlertStore behind an unreliable network."""

    def __init__(self, store: AlertStore, faults: Faults) -> None:
        self._store = store
        self._faults = faults
        self._seen: deque[str] = deque(maxlen=20)

    def dispatch(self, dispatch_id: str) -> Dispatch | None:
        return self._read(lambda: self._store.dispatch(dispatch_id))

    def dispatches(self, dispatch_ids: Sequence[str]) -> list[Dispatch]:
        return self._read(lambda: self._store.dispatches(dispatch_ids))

    def case_file(self, case_id: str) -> CaseFile | None:
        return self._read(lambda: self._store.case_file(case_id))

    def alerts_of(self, case_id: str) -> tuple[Alert, ...]:
        return self._read(lambda: self._store.alerts_of(case_id))

    def sid_owner(self, sid: str) -> str | None:
        return self._read(lambda: self._store.sid_owner(sid))

    def known_sids(self, sids: Sequence[str]) -> set[str]:
        return self._read(lambda: self._store.known_sids(sids))

    def references(self, recipient: str, since: datetime) -> list[ReferenceRecord]:
        return self._read(lambda: self._store.references(recipient, since))

    def last_call(self, line: str) -> LineRecord | None:
        return self._read(lambda: self._store.last_call(line))

    def inbox_mark(self) -> InboxMark | None:
        return self._read(self._store.inbox_mark)

    def move_inbox_mark(self, mark: InboxMark) -> None:
        self._write("move inbox mark", lambda: self._store.move_inbox_mark(mark))

    def watched(self, company: str) -> bool:
        return self._read(lambda: self._store.watched(company))

    def note_watched(self, company: str, day: date) -> None:
        self._write("note watched", lambda: self._store.note_watched(company, day))

    def standstill(self, company: str, channel: str = "") -> Standstill:
        return self._read(lambda: self._store.standstill(company, channel))

    def look_due(self, until: datetime, limit: int) -> list[str]:
        """A lagging index misses what is new and shows what was long since moved on."""
        fault = self._faults.meet("look_due", INDEX_FAULTS)
        if fault is Fault.THROTTLED:
            raise StoreUnavailable("throttled")
        found = self._store.look_due(until, limit)
        shown = found
        if fault is Fault.STALE:
            shown = [x for x in found if self._faults.random.random() < 0.5]
            shown = list(dict.fromkeys([*self._seen, *shown]))[:limit]
        self._seen.extend(found)
        return shown

    def cases_due(self, until: datetime, limit: int) -> list[str]:
        """As `look_due`, from the same index."""
        fault = self._faults.meet("cases_due", INDEX_FAULTS)
        if fault is Fault.THROTTLED:
            raise StoreUnavailable("throttled")
        found = self._store.cases_due(until, limit)
        if fault is Fault.STALE:
            return [x for x in found if self._faults.random.random() < 0.5]
        return found

    def blank_due(self, until: datetime, limit: int) -> list[str]:
        return self._read(lambda: self._store.blank_due(until, limit))

    def pause(self, company: str, pause: Pause) -> None:
        self._write("pause", lambda: self._store.pause(company, pause))

    def replace_pause(self, company: str, before: Pause, after: Pause) -> bool:
        done: list[bool] = []
        self._write(
            "replace pause",
            lambda: done.append(self._store.replace_pause(company, before, after)),
        )
        return done[-1]

    def commit(self, change: Change) -> None:
        self._write(f"commit {label(change)}", lambda: self._store.commit(change))

    def _read(self, read: Callable[[], T]) -> T:
        if self._faults.meet("read", READ_FAULTS) is Fault.THROTTLED:
            raise StoreUnavailable("throttled")
        return read()

    def _write(self, point: str, write: Callable[[], None]) -> None:
        fault = self._faults.meet(point, COMMIT_FAULTS)
        if fault in (Fault.CONFLICT, Fault.THROTTLED):
            raise StoreUnavailable(f"transaction not confirmed: {fault}")
        write()
        if fault is Fault.KILLED_AFTER:
            raise Killed(point)
        if fault is Fault.LOST_REPLY:
            raise StoreUnavailable("transaction not confirmed: no answer")


class FaultyAuditTrail:
    """An AuditTrail behind an unreliable network."""

    def __init__(self, trail: AuditTrail, faults: Faults) -> None:
        self._trail = trail
        self._faults = faults

    def chain(self, name: str, after: int = 0) -> Iterator[AuditEntry]:
        if self._faults.meet("read", READ_FAULTS) is Fault.THROTTLED:
            raise StoreUnavailable("throttled")
        return self._trail.chain(name, after)


class FaultyDocumentStore:
    """A DocumentStore behind an unreliable network."""

    def __init__(self, store: DocumentStore, faults: Faults) -> None:
        self._store = store
        self._faults = faults

    def state(self, company: str) -> CompanyState:
        return self._call("read", READ_FAULTS, lambda: self._store.state(company))

    def lease(self, company: str, now: datetime, until: datetime) -> CompanyState | None:
        return self._call("lease", COMMIT_FAULTS, lambda: self._store.lease(company, now, until))

    def finish(self, state: CompanyState) -> None:
        self._call("finish", COMMIT_FAULTS, lambda: self._store.finish(state))

    def waiting(self, company: str) -> list[Document]:
        return self._call("read", READ_FAULTS, lambda: self._store.waiting(company))

    def documents(self, company: str, ids: Sequence[str]) -> dict[str, Document]:
        return self._call("read", READ_FAULTS, lambda: self._store.documents(company, ids))

    def payments(self, company: str, ids: Sequence[str]) -> dict[str, PaymentDocument]:
        return self._call("read", READ_FAULTS, lambda: self._store.payments(company, ids))

    def cleared(self, company: str, since: date) -> list[PaymentDocument]:
        return self._call("read", READ_FAULTS, lambda: self._store.cleared(company, since))

    def vanished(self, company: str, since: datetime) -> list[Document]:
        return self._call("read", READ_FAULTS, lambda: self._store.vanished(company, since))

    def alike(self, company: str, mark: str, since: datetime, limit: int) -> list[str]:
        return self._call(
            "alike", READ_FAULTS, lambda: self._store.alike(company, mark, since, limit)
        )

    def _call(self, point: str, possible: Sequence[Fault], call: Callable[[], T]) -> T:
        fault = self._faults.meet(point, possible)
        if fault in (Fault.CONFLICT, Fault.THROTTLED):
            raise StoreUnavailable(f"{fault}")
        answer = call()
        if fault is Fault.KILLED_AFTER:
            raise Killed(point)
        if fault is Fault.LOST_REPLY:
            raise StoreUnavailable("no answer")
        return answer


class FaultyApproverStore:
    """An ApproverStore behind an unreliable network."""

    def __init__(self, store: ApproverStore, faults: Faults) -> None:
        self._store = store
        self._faults = faults

    def approver(self, approver_id: str) -> Approver | None:
        if self._faults.meet("read approver", READ_FAULTS) is Fault.THROTTLED:
            raise StoreUnavailable("throttled")
        return self._store.approver(approver_id)

    def everybody(self) -> list[Approver]:
        if self._faults.meet("read approver", READ_FAULTS) is Fault.THROTTLED:
            raise StoreUnavailable("throttled")
        return self._store.everybody()


class FaultyMessenger:
    """A Messenger behind an unreliable network."""

    def __init__(self, messenger: Messenger, faults: Faults) -> None:
        self._messenger = messenger
        self._faults = faults

    def send_sms(self, request: SmsRequest, timeout: float) -> ProviderMessage:
        fault = meet_post(self._faults)
        message = self._messenger.send_sms(request, timeout)
        lose_reply(fault)
        return message

    def list_created_since(self, since: datetime) -> Iterator[ProviderMessage]:
        self._meet_list()
        return self._messenger.list_created_since(since)

    def list_to(self, to: str, since: datetime, *, whole: bool = True) -> Iterator[ProviderMessage]:
        self._meet_list()
        return self._messenger.list_to(to, since, whole=whole)

    def fetch(self, sid: str) -> ProviderMessage | None:
        self._meet_list()
        return self._messenger.fetch(sid)

    def blank(self, sid: str) -> None:
        self._meet_list()
        self._messenger.blank(sid)

    def judge(self, error_code: int | None) -> Verdict:
        return self._messenger.judge(error_code)

    def _meet_list(self) -> None:
        if self._faults.meet("list", LIST_FAULTS) is Fault.UNAVAILABLE:
            raise DeliveryTransient("the list cannot be had")


class FaultyCaller:
    """A Caller behind the same unreliable network."""

    def __init__(self, caller: Caller, faults: Faults) -> None:
        self._caller = caller
        self._faults = faults

    @property
    def confirms(self) -> bool:
        return self._caller.confirms

    @property
    def sender(self) -> str:
        return self._caller.sender

    def with_sender(self, sender: str) -> Caller:
        return FaultyCaller(self._caller.with_sender(sender), self._faults)

    def place_call(self, request: CallRequest, timeout: float) -> ProviderCall:
        fault = meet_post(self._faults)
        call = self._caller.place_call(request, timeout)
        lose_reply(fault)
        return call

    def list_started_since(self, since: datetime) -> Iterator[ProviderCall]:
        self._meet_list()
        return self._caller.list_started_since(since)

    def list_to(self, to: str, since: datetime, *, whole: bool = True) -> Iterator[ProviderCall]:
        self._meet_list()
        return self._caller.list_to(to, since, whole=whole)

    def outcome(self, sid: str) -> ProviderCall | None:
        self._meet_list()
        return self._caller.outcome(sid)

    def call_details(self, call_sid: str) -> ProviderCall | None:
        self._meet_list()
        return self._caller.call_details(call_sid)

    def end(self, sid: str) -> None:
        self._meet_list()
        self._caller.end(sid)

    def blank(self, sid: str) -> None:
        self._meet_list()
        self._caller.blank(sid)

    def judge_call(self, error_code: int | None) -> Verdict:
        return self._caller.judge_call(error_code)

    def _meet_list(self) -> None:
        if self._faults.meet("list", LIST_FAULTS) is Fault.UNAVAILABLE:
            raise DeliveryTransient("the list cannot be had")


def meet_post(faults: Faults) -> Fault | None:
    """What the network does to a create before the provider has it."""
    fault = faults.meet("post", POST_FAULTS)
    match fault:
        case Fault.LOST_REQUEST:
            raise DeliveryOutcomeUnknown("no answer")
        case Fault.NOT_SENT:
            raise DeliveryNotSent("no connection, nothing was sent")
        case Fault.BUSY:
            raise DeliveryTransient("too many requests", http_status=429, retry_after=2.0)
        case Fault.BLOCKED:
            raise blocked(20003)
    return fault


def lose_reply(fault: Fault | None) -> None:
    """What the network does to the answer."""
    if fault is Fault.KILLED_AFTER:
        raise Killed("post")
    if fault is Fault.LOST_REPLY:
        raise DeliveryOutcomeUnknown("no answer")


class FaultyDoorbell:
    """A Doorbell behind an unreliable network."""

    def __init__(self, doorbell: Doorbell, faults: Faults) -> None:
        self._doorbell = doorbell
        self._faults = faults

    def ring(self, dispatch_ids: Iterable[str], delay_seconds: int = 0) -> None:
        ids = list(dispatch_ids)
        fault = self._faults.meet("ring", RING_FAULTS)
        if fault is Fault.UNAVAILABLE:
            raise QueueUnavailable(f"SQS did not take {len(ids)} messages")
        self._doorbell.ring(ids, delay_seconds)
        if fault is Fault.KILLED_AFTER:
            raise Killed("ring")
        if fault is Fault.LOST_REPLY:
            raise QueueUnavailable("no answer")
