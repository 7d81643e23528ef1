"""A company whose payments and audit history are watched too: the world of `polling`, extended."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from ml_connector.domain.audit import check
from ml_connector.domain.doubts import HistoryRead, WorkflowStep
from ml_connector.domain.flows import parse
from ml_connector.domain.payments import (
    ClearedRead,
    Payment,
    PaymentDocument,
    PaymentsRead,
    PaymentState,
    payment_document_id,
)
from ml_connector.errors import ConnectorError

from .bills import COMPANY, usd
from .clock import HandClock
from .polling import FLOW, Office

PAYMENT_RULE: dict[str, Any] = {
    "name": "payments",
    "on": ["payment.cleared", "payment.voided", "payment.declined", "payment.uncleared"],
    "approver": "bob",
    "notify": [{"sms": {"to": "approver"}}],
}


def a_payment(
    record_no: str = "12",
    state: PaymentState = PaymentState.CONFIRMED,
    *,
    cleared_on: date | None = None,
    modified: datetime | None = None,
) -> Payment:
    return Payment(
        record_no=record_no,
        number=f"PAY-{record_no}",
        vendor_id="V-100",
        vendor_name="Baker Steel",
        amount=usd("12500.00"),
        state=state,
        state_text=state.value,
        cleared=cleared_on is not None,
        cleared_on=cleared_on,
        modified=modified,
    )


class FakePayments:
    """The PaymentSource port and the hands of those who pay."""

    def __init__(self, clock: HandClock) -> None:
        self._clock = clock
        self.payments: dict[str, Payment] = {}
        self.permitted = True
        self.dates_permitted = True
        self.incomplete: set[str] = set()
        self.quarantined: set[str] = set()
        self.errors: deque[ConnectorError] = deque()
        self.since: list[datetime] = []
        self.swept: list[date] = []
        self.by_key: list[tuple[str, ...]] = []

    # -------------------------------------------------------------------- people at work
    def pay(self, record_no: str = "12", state: PaymentState = PaymentState.CONFIRMED) -> None:
        self.payments[record_no] = a_payment(record_no, state, modified=self._clock.now())

    def move(self, record_no: str, state: PaymentState) -> None:
        self._edit(record_no, state=state, state_text=state.value)

    def clear(self, record_no: str, *, stamp: bool = True, on: date | None = None) -> None:
        day = on or self._clock.now().date()
        self._edit(record_no, stamp=stamp, cleared=True, cleared_on=day)

    def unclear(self, record_no: str, *, stamp: bool = True) -> None:
        self._edit(record_no, stamp=stamp, cleared=False, cleared_on=None)

    def _edit(self, record_no: str, *, stamp: bool = True, **changes: Any) -> None:
        before = self.payments[record_no]
        modified = self._clock.now() if stamp else before.modified
        self.payments[record_no] = replace(before, modified=modified, **changes)

    # -------------------------------------------------------------------------- the port
    def read_payments_changed(self, since: datetime) -> PaymentsRead:
        self.since.append(since)
        self._raise_next()
        if not self.permitted:
            return PaymentsRead(permitted=False, transactions=int(len(self.since) == 1))
        return self._read(
            [p for p in self.payments.values() if p.modified and p.modified >= since], "changed"
        )

    def read_payments_by_key(self, record_numbers: Sequence[str]) -> PaymentsRead:
        self.by_key.append(tuple(record_numbers))
        self._raise_next()
        return self._read([self.payments[x] for x in record_numbers if x in self.payments], "key")

    def read_cleared(self, since: date) -> ClearedRead:
        self.swept.append(since)
        self._raise_next()
        if not self.dates_permitted:
            return ClearedRead(permitted=False, transactions=1)
        cleared = [p for p in self.payments.values() if p.cleared_on and p.cleared_on >= since]
        numbers = frozenset(p.record_no for p in cleared if p.cleared)
        complete = "sweep" not in self.incomplete
        return ClearedRead(numbers - self.quarantined, complete, transactions=1)

    def _read(self, shown: list[Payment], which: str) -> PaymentsRead:
        readable = tuple(p for p in shown if p.record_no not in self.quarantined)
        return PaymentsRead(
            readable,
            which not in self.incomplete,
            transactions=1,
            quarantined=len(shown) - len(readable),
            unknown_states=tuple(p.state_text for p in readable if p.state is PaymentState.UNKNOWN),
        )

    def _raise_next(self) -> None:
        if self.errors:
            raise self.errors.popleft()


class FakeHistory:
    """The HistorySource port: what people did, where it may be read."""

    def __init__(self) -> None:
        self.steps: list[WorkflowStep] = []
        self.permitted = True
        self.asked: list[tuple[str, ...]] = []

    def read_workflow(self, record_numbers: Sequence[str], since: datetime) -> HistoryRead:
        self.asked.append(tuple(record_numbers))
        if not self.permitted:
            return HistoryRead(permitted=False, transactions=1)
        found = (s for s in self.steps if s.record_no in record_numbers and s.at >= since)
        return HistoryRead(tuple(found), transactions=1)


class PayingOffice(Office):
    """`bob` hears of payments; the audit history may be read."""

    def __init__(self, *, baseline: bool = True, **more: Any) -> None:
        super().__init__(baseline=False, **more)
        self.paying = FakePayments(self.clock)
        self.history = FakeHistory()
        self.ports = replace(
            self.ports, payments=lambda _: self.paying, history=lambda _: self.history
        )
        self.with_rules(PAYMENT_RULE)
        if baseline:
            self.poll()

    def with_rules(self, *rules: dict[str, Any]) -> None:
        """These rules before the ones of the world of `polling`."""
        self.flows.flow = parse({**FLOW, "rules": [*rules, *FLOW["rules"]]}, 2)

    def payment(self, record_no: str) -> PaymentDocument:
        return self.tables.payments[COMPANY, payment_document_id(record_no)]

    def payment_story(self, record_no: str) -> list[tuple[str, int, str]]:
        """Kind, round and state of the cases of a payment, the oldest first."""
        name = payment_document_id(record_no)
        found = [case for case in self.tables.cases.values() if case.document == name]
        found.sort(key=lambda case: (case.opened_at, case.round))
        return [(case.kind, case.round, case.state.value) for case in found]

    def texts(self) -> list[str]:
        """What was to be sent, in the order it was made, without reference and how to reply."""
        made = sorted(self.tables.dispatches.values(), key=lambda d: d.created_at)
        said = (dispatch.text.rpartition(" Ref ")[0] for dispatch in made)
        return [text.removesuffix(" Reply 1 = seen.") for text in said]

    def all_chains_hold(self) -> bool:
        links = [
            check(self.tables.chains[d.chain], d.head, d.chain)
            for d in self.tables.payments.values()
        ]
        return super().all_chains_hold() and not any(links)
