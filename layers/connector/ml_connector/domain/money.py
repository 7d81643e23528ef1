"""Amounts with their currency."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from .frozen import frozen

#: Currencies by how many decimals they have where that is not two (ISO 4217, minor units).
_BY_DECIMALS: Mapping[int, str] = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
_DECIMALS = {code: count for count, codes in _BY_DECIMALS.items() for code in codes.split()}
_USUAL_DECIMALS = 2


@frozen
class Money:
    """An exact amount in one currency (ISO 4217 code, upper case)."""

    amount: Decimal
    currency: str

    def __str__(self) -> str:
        """`USD 12,500.00`, `JPY 12,500`: as many decimals as the currency has.

        More where the amount has them, for nothing is rounded.
        """
        least = _DECIMALS.get(self.currency, _USUAL_DECIMALS)
        decimals = len(self._plain().partition(".")[2])
        # There is no such thing as a negative zero of money.
        return f"{self.currency} {self.amount or Decimal(0):,.{max(decimals, least)}f}"

    def canonical(self) -> str:
        """One spelling per value, for hashes and for the store: `USD 12500` never `12500.00`."""
        return f"{self.currency} {self._plain()}"

    def _plain(self) -> str:
        # As text: Decimal.normalize would round to the precision of whoever asks.
        text = f"{self.amount:f}" if self.amount else "0"
        return text.rstrip("0").rstrip(".") if "." in text else text
