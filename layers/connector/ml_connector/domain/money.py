"""Amounts with their currency."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Money:
    """An exact amount in one currency (ISO 4217 code, upper case)."""

    amount: Decimal
    currency: str

    def __str__(self) -> str:
        return f"{self.currency} {self.amount:,.2f}"

    def canonical(self) -> str:
        """One spelling per value, for hashes and for the store: `USD 12500` never `12500.00`."""
        normal = self.amount.normalize()
        return f"{self.currency} {normal:f}"
