"""What a company's gateway was asked: logins, transactions as Sage bills them, concurrency."""

from __future__ import annotations

import threading
from collections import Counter, deque
from dataclasses import dataclass, field

FREE = frozenset({"getAPISession"})
"""Functions that cost no API transaction. Every other function costs one."""
KEPT = 2000


@dataclass(slots=True)
class Tally:
    """Counts since the start or the last reset. Thread-safe."""

    requests: int = 0
    logins: int = 0
    """Logins that succeeded: getAPISession and requests that carry a login."""
    logins_failed: int = 0
    transactions: int = 0
    functions: Counter[str] = field(default_factory=Counter)
    objects: Counter[str] = field(default_factory=Counter)
    """`query APBILL` and the like."""
    refused_busy: int = 0
    in_flight: int = 0
    max_in_flight: int = 0
    by_sender: Counter[str] = field(default_factory=Counter)
    """In flight, per sender id."""
    calls: deque[dict[str, object]] = field(default_factory=lambda: deque(maxlen=KEPT))
    """The last functions, without credentials or data."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def enter(self, sender: str, per_company: int, per_sender: int) -> bool:
        """Take a slot; False when all are taken."""
        with self._lock:
            self.requests += 1
            if self.in_flight >= per_company or self.by_sender[sender] >= per_sender:
                self.refused_busy += 1
                return False
            self.in_flight += 1
            self.by_sender[sender] += 1
            self.max_in_flight = max(self.max_in_flight, self.in_flight)
            return True

    def leave(self, sender: str) -> None:
        """Give the slot back."""
        with self._lock:
            self.in_flight -= 1
            self.by_sender[sender] -= 1

    def ran(self, function: str, subject: str, at: str, rows: int | None, error: str) -> None:
        """A function was executed, well or not."""
        with self._lock:
            self.functions[function] += 1
            if subject:
                self.objects[f"{function} {subject}"] += 1
            cost = 0 if function in FREE else 1
            self.transactions += cost
            self.calls.append(
                {
                    "at": at,
                    "function": function,
                    "object": subject,
                    "rows": rows,
                    "error": error,
                    "transactions": cost,
                }
            )

    def clear(self) -> None:
        """Count from zero; what is in flight stays in flight."""
        with self._lock:
            self.requests = self.logins = self.logins_failed = 0
            self.transactions = self.refused_busy = 0
            self.functions.clear()
            self.objects.clear()
            self.calls.clear()
            self.max_in_flight = self.in_flight

    def as_json(self) -> dict[str, object]:
        """For the admin API."""
        with self._lock:
            return {
                "requests": self.requests,
                "logins": self.logins,
                "logins_failed": self.logins_failed,
                "transactions": self.transactions,
                "queries": self.functions["query"],
                "functions": dict(self.functions),
                "objects": dict(self.objects),
                "refused_busy": self.refused_busy,
                "in_flight": self.in_flight,
                "max_in_flight": self.max_in_flight,
            }
