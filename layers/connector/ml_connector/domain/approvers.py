"""The people who are told."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Approver:
    """One person. `phone` is E.164 or empty; `salt` keys the fingerprints the audit holds.

    The salt lives only in this row: erase the row, and no fingerprint can be tied to a number.
    """

    id: str
    name: str
    phone: str
    salt: str
    active: bool = True
    opted_out: bool = False

    @property
    def textable(self) -> bool:
        """Whether an SMS may be sent."""
        return self.active and not self.opted_out and bool(self.phone)
