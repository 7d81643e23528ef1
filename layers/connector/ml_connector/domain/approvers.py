"""The people who are told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from .phone import is_e164

#: What Lookup may say a number is; an empty text says nobody looked.
LANDLINE = "landline"


@dataclass(frozen=True, slots=True)
class Approver:
    """One person. `phone` is E.164 or empty; `salt` keys the fingerprints the audit holds.

    The salt lives only in this row: erase the row, and no fingerprint can be tied to a number.
    `user` is the login in Intacct, `cost_centres` department ids whose bills are theirs. `channels`
    are what they may be reached by. `manager` and `substitute` are other people's ids; the
    substitute stands in from `away_from` until the end of `away_until` (None: until further
    notice). `verified_at` is when the number was proven to be theirs, `line_type` what Lookup says
    of it. A person who replied STOP is `opted_out` of texts; `calls_when_opted_out` says whether
    they may still be called.
    """

    id: str
    name: str
    phone: str
    salt: str
    active: bool = True
    opted_out: bool = False
    user: str = ""
    cost_centres: tuple[str, ...] = ()
    channels: tuple[str, ...] = ("sms", "voice")
    language: str = "en"
    zone: str = ""
    manager: str = ""
    substitute: str = ""
    away_from: date | None = None
    away_until: date | None = None
    verified_at: datetime | None = None
    line_type: str = ""
    consent_on: date | None = None
    consent_source: str = ""
    calls_when_opted_out: bool = False
    version: int = 1

    @property
    def textable(self) -> bool:
        """Whether an SMS may be sent."""
        return not self.obstacle

    @property
    def obstacle(self) -> str:
        """Why no SMS may be sent, in words without the number; empty where one may."""
        return self.obstacle_to("sms")

    def obstacle_to(self, channel: str) -> str:
        """Why this channel may not be used, in words without the number; empty where it may."""
        obstacles = (
            (not self.active, "not active"),
            (not self.phone, "no phone number"),
            (not is_e164(self.phone), "not a phone number in E.164"),
            # Without one, the audit could not say which number was texted.
            (not self.salt, "no salt for the audit's fingerprints"),
            (channel not in self.channels, f"{channel} is not among the person's channels"),
            (channel == "sms" and self.opted_out, "opted out"),
            (channel == "sms" and self.line_type == LANDLINE, "a landline takes no texts"),
            (
                channel == "voice" and self.opted_out and not self.calls_when_opted_out,
                "opted out",
            ),
        )
        return next((words for stands, words in obstacles if stands), "")
