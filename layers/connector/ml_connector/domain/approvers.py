"""The people who are told."""

from __future__ import annotations

from dataclasses import dataclass

from .phone import is_e164


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
        return not self.obstacle

    @property
    def obstacle(self) -> str:
        """Why no SMS may be sent, in words without the number; empty where one may."""
        obstacles = (
            (not self.active, "not active"),
            (self.opted_out, "opted out"),
            (not self.phone, "no phone number"),
            (not is_e164(self.phone), "not a phone number in E.164"),
            # Without one, the audit could not say which number was texted.
            (not self.salt, "no salt for the audit's fingerprints"),
        )
        return next((words for stands, words in obstacles if stands), "")
