"""What goes wrong at the ports: crashes, conflicts, throttles, lost replies, stale indexes, races.

Every call that leaves the process passes a *point*, named after what it does: `commit
dispatch.claimed`, `post`, `ring`, `read`, `list`, `look_due`. At a point one fault may happen:
arranged by a test for the next time it is passed, or drawn from a seeded random.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeVar

from ml_connector.domain.approvers import Approver
from ml_connector.domain.delivery import ProviderMessage, SmsRequest, Verdict
from ml_connector.domain.dispatches import Dispatch
from ml_connector.domain.documents import CompanyState, Document
from ml_connector.domain.unit_of_work import CaseFile, Change
from ml_connector.errors import (
    DeliveryBlocked,
    DeliveryNotSent,
    DeliveryOutcomeUnknown,
    DeliveryTransient,
    QueueUnavailable,
    StoreUnavailable,
)
from ml_connector.usecases.ports import (
    AlertStore,
    ApproverStore,
    DocumentStore,
    Doorbell,
    Messenger,
)

from .clock import HandClock

T = TypeVar("T")


class Killed(BaseException):
    """The process is gone. A BaseException, for nothing in it may catch this."""


class Fault(StrEnum):
    """What may happen at a point."""

    KILLED_BEFORE = "killed before"
    """The process dies; what it was about to do does not happen."""
    KILLED_AFTER = "killed after"
    """It happens, and the process dies before it knows."""
    CONFLICT = "conflict"
    """Another transaction touches an item: not written, try again."""
    THROTTLED = "throttled"
    """Not done, try again."""
    LOST_REPLY = "lost reply"
    """Done, and the answer is lost."""
    LOST_REQUEST = "lost request"
    """Not done, and we cannot tell."""
    NOT_SENT = "not sent"
    """Not a byte left us."""
    BUSY = "busy"
    """429."""
    BLOCKED = "blocked"
    """The account is not allowed to send."""
    UNAVAILABLE = "unavailable"
    """The other side is down."""
    STALE = "stale"
    """An index shows what was true a while ago."""
    RACE = "race"
    """Somebody else runs first."""
    STALLED = "stalled"
    """The process stands still for a while and then goes on."""


#: Which faults make sense where.
COMMIT_FAULTS = (
    Fault.KILLED_BEFORE,
    Fault.KILLED_AFTER,
    Fault.CONFLICT,
    Fault.THROTTLED,
    Fault.LOST_REPLY,
    Fault.RACE,
    Fault.STALLED,
)
READ_FAULTS = (Fault.KILLED_BEFORE, Fault.THROTTLED, Fault.RACE, Fault.STALLED)
INDEX_FAULTS = (*READ_FAULTS, Fault.STALE)
POST_FAULTS = (
    Fault.KILLED_BEFORE,
    Fault.KILLED_AFTER,
    Fault.LOST_REPLY,
    Fault.LOST_REQUEST,
    Fault.NOT_SENT,
    Fault.BUSY,
    Fault.BLOCKED,
    Fault.RACE,
    Fault.STALLED,
)
LIST_FAULTS = (Fault.KILLED_BEFORE, Fault.UNAVAILABLE, Fault.RACE, Fault.STALLED)
RING_FAULTS = (Fault.KILLED_BEFORE, Fault.KILLED_AFTER, Fault.UNAVAILABLE, Fault.LOST_REPLY)


class Faults:
    """Decides what goes wrong, and counts it.

    `chances` is the share of passages at which each fault happens; `race` runs somebody else,
    `longest_stall` is in seconds. `deaths` holds when each running function is ended, the
    innermost last. `passed` counts the passages of each point, `counts` those that went wrong.
    """

    def __init__(
        self,
        clock: HandClock,
        *,
        seed: int = 0,
        chances: Mapping[Fault, float] | None = None,
        longest_stall: float = 20.0,
    ) -> None:
        self.random = random.Random(seed)  # noqa: S311 - a seed, not a secret
        self._clock = clock
        self._chances = dict(chances or {})
        self._longest_stall = longest_stall
        self._arranged: dict[str, deque[Fault]] = defaultdict(deque)
        self.counts: Counter[tuple[str, Fault]] = Counter()
        self.passed: Counter[str] = Counter()
        self.race: Callable[[], object] = lambda: None
        self.deaths: list[datetime] = []

    def arrange(self, point: str, *faults: Fault) -> None:
        """The next passages of the point meet these faults, one each."""
        self._arranged[point].extend(faults)

    def calm(self) -> None:
        """From now on nothing goes wrong any more."""
        self._chances = {}
        self._arranged.clear()

    def meet(self, point: str, possible: Sequence[Fault]) -> Fault | None:
        """What happens at this passage. Dying before, races and stalls are done with here."""
        self.breathe()
        self.passed[point] += 1
        fault = self._draw(point, possible)
        if fault is None:
            return None
        self.counts[point, fault] += 1
        match fault:
            case Fault.KILLED_BEFORE:
                raise Killed(point)
            case Fault.RACE:
                self.race()
            case Fault.STALLED:
                self._clock.forward(seconds=self.random.uniform(0, self._longest_stall))
            case _:
                return fault
        self.breathe()
        return None

    def breathe(self) -> None:
        """A function whose time is over is ended, whatever it is doing."""
        if self.deaths and self._clock.now() >= self.deaths[-1]:
            raise Killed("out of time")

    def _draw(self, point: str, possible: Sequence[Fault]) -> Fault | None:
        if self._arranged[point]:
            return self._arranged[point].popleft()
        if not self._chances:
            return None
        at = self.random.random()
        for fault in possible:
            at -= self._chances.get(fault, 0.0)
            if at < 0:
                return fault
        return None


def label(change: Change) -> str:
    """What a change is about, for the name of its point."""
    if change.documents:
        return change.documents[0].entry.kind
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

    def sid_owner(self, sid: str) -> str | None:
        return self._read(lambda: self._store.sid_owner(sid))

    def paused_until(self, company: str) -> datetime | None:
        return self._read(lambda: self._store.paused_until(company))

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

    def pause(self, company: str, until: datetime, reason: str) -> None:
        self._write("pause", lambda: self._store.pause(company, until, reason))

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


class FaultyMessenger:
    """A Messenger behind an unreliable network."""

    def __init__(self, messenger: Messenger, faults: Faults) -> None:
        self._messenger = messenger
        self._faults = faults

    def send_sms(self, request: SmsRequest, timeout: float) -> ProviderMessage:
        fault = self._faults.meet("post", POST_FAULTS)
        match fault:
            case Fault.LOST_REQUEST:
                raise DeliveryOutcomeUnknown("no answer")
            case Fault.NOT_SENT:
                raise DeliveryNotSent("no connection, nothing was sent")
            case Fault.BUSY:
                raise DeliveryTransient("too many requests", http_status=429, retry_after=2.0)
            case Fault.BLOCKED:
                raise DeliveryBlocked("the account is suspended", provider_code=20003)
            case _:
                message = self._messenger.send_sms(request, timeout)
        if fault is Fault.KILLED_AFTER:
            raise Killed("post")
        if fault is Fault.LOST_REPLY:
            raise DeliveryOutcomeUnknown("no answer")
        return message

    def list_created_since(self, since: datetime) -> Iterator[ProviderMessage]:
        self._meet_list()
        return self._messenger.list_created_since(since)

    def list_to(self, to: str, since: datetime) -> Iterator[ProviderMessage]:
        self._meet_list()
        return self._messenger.list_to(to, since)

    def fetch(self, sid: str) -> ProviderMessage | None:
        self._meet_list()
        return self._messenger.fetch(sid)

    def judge(self, error_code: int | None) -> Verdict:
        return self._messenger.judge(error_code)

    def _meet_list(self) -> None:
        if self._faults.meet("list", LIST_FAULTS) is Fault.UNAVAILABLE:
            raise DeliveryTransient("the list cannot be had")


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


def until(clock: HandClock, seconds: float) -> datetime:
    """The instant so many seconds from now."""
    return clock.now() + timedelta(seconds=seconds)
