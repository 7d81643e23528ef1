"""Amounts with their currency."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

_LEAST_DECIMALS = 2


@dataclass(frozen=True, slots=True)
class Money:
    """An exact amount in one currency (ISO 4217 code, upper case)."""

    amount: Decimal
    currency: str

    def __str__(self) -> str:
        """`USD 12,500.00`; more decimals where the amount has them, for nothing is rounded."""
        decimals = len(self._plain().partition(".")[2])
        return f"{self.currency} {self.amount:,.{max(decimals, _LEAST_DECIMALS)}f}"

    def canonical(self) -> str:
        """One spelling per value, for hashes and for the store: `USD 12500` never `12500.00`."""
        return f"{self.currency} {self._plain()}"

    def _plain(self) -> str:
        # As text: Decimal.normalize would round to the precision of whoever asks.
        text = f"{self.amount:f}" if self.amount else "0"
        return text.rstrip("0").rstrip(".") if "." in text else text
