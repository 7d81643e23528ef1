"""Faults on request: what goes wrong, with which requests, how often, and how often it did."""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from datetime import datetime

Phase = Literal["connection", "auth", "before", "listing", "after"]

# kind -> when it strikes. `before`: nothing is accepted. `after`: only requests that succeeded,
# so a create that it strikes was accepted, whatever the client saw.
KINDS: dict[str, Phase] = {
    "close_idle": "connection",
    "bad_auth": "auth",
    "suspended": "auth",
    "rate_limited": "before",
    "refuse": "before",
    "error_before": "before",
    "reset_before": "before",
    "accept_late": "before",
    "list_delay": "listing",
    "error_after": "after",
    "reset_after": "after",
    "hold": "after",
}


@dataclass(slots=True)
class Fault:
    """One fault: which requests it matches, how often it strikes, and its numbers.

    `count` is how many strikes are left (None: no end), `skip` how many matching requests pass
    first, `probability` the chance of each strike. `seconds` is the length of a hold, a late
    acceptance, a list delay or an idle time; `retry_after` the header of a 429; `status` the
    HTTP status of an error; `code` Twilio's error code.
    """

    id: str
    kind: str
    method: str = ""
    endpoint: str = ""
    recipient: str = ""
    count: int | None = 1
    skip: int = 0
    probability: float = 1.0
    seconds: float = 0.0
    retry_after: int | None = 1
    status: int = 500
    code: int = 20001
    fired: int = 0

    def matches(self, target: Target) -> bool:
        """Whether a request is of the kind this fault is for; an empty field matches all."""
        return (
            self.method in {"", target.method}
            and self.endpoint in {"", target.endpoint}
            and self.recipient in {"", target.recipient}
        )

    @property
    def spent(self) -> bool:
        """Whether it will not strike again."""
        return self.count is not None and self.count <= 0


@dataclass(frozen=True, slots=True)
class Target:
    """What a fault looks at in a request: `endpoint` is a name such as `messages.create`."""

    method: str
    endpoint: str
    recipient: str


@dataclass(frozen=True, slots=True)
class Firing:
    """One strike."""

    fault: str
    kind: str
    at: datetime
    method: str
    endpoint: str
    recipient: str


@dataclass(slots=True)
class Faults:
    """The faults in force and the record of their strikes."""

    dice: random.Random = field(default_factory=random.Random)
    faults: list[Fault] = field(default_factory=list)
    firings: list[Firing] = field(default_factory=list)
    _ids: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def next_id(self) -> str:
        """Return a name for a new fault."""
        return f"fault-{next(self._ids)}"

    def add(self, fault: Fault) -> Fault:
        """Put a fault in force; earlier ones strike first."""
        self.faults.append(fault)
        return fault

    def remove(self, fault_id: str) -> bool:
        """Lift one fault; false if there is none of that name."""
        before = len(self.faults)
        self.faults = [fault for fault in self.faults if fault.id != fault_id]
        return len(self.faults) < before

    def strike(
        self, phase: Phase, target: Target, now: datetime, *, idle: float | None = None
    ) -> Fault | None:
        """Return the fault that hits this request in this phase, counted, or None.

        `idle` is for how long the connection had been quiet; a fault of the connection strikes
        only from its own `seconds` on.
        """
        for fault in self.faults:
            if KINDS[fault.kind] != phase or fault.spent or not fault.matches(target):
                continue
            if idle is not None and idle < fault.seconds:
                continue
            if fault.skip > 0:
                fault.skip -= 1
                continue
            if self.dice.random() >= fault.probability:
                continue
            self._record(fault, target, now)
            return fault
        return None

    def in_force(self, kind: str) -> bool:
        """Whether a fault of that kind stands, without striking it."""
        return any(fault.kind == kind and not fault.spent for fault in self.faults)

    def _record(self, fault: Fault, target: Target, now: datetime) -> None:
        fault.fired += 1
        if fault.count is not None:
            fault.count -= 1
        self.firings.append(
            Firing(fault.id, fault.kind, now, target.method, target.endpoint, target.recipient),
        )
