"""Why nothing is sent just now, and what has to be looked for before anything is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Restoring:
    """What a restore of tables leaves with the functions.

    Nothing is polled, sent or looked after before `until`: half a case must not be taken for a
    whole one. With `since`, the audit went back to that instant as well: what was sent between
    then and `until` nobody wrote down, so the provider's list is asked before anything is sent,
    for as long as `wary_until`.
    """

    until: datetime
    reason: str
    since: datetime | None = None
    wary_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Standstill:
    """What holds for the sends of one company: a pause of theirs, and a restore of everybody's."""

    paused_until: datetime | None = None
    restoring: Restoring | None = None

    def restoring_at(self, now: datetime) -> bool:
        """Whether the tables are being put back at this moment."""
        return self.restoring is not None and now < self.restoring.until

    def paused_at(self, now: datetime) -> datetime | None:
        """Until when the company's sends stand still; None where they do not."""
        return self.paused_until if self.paused_until and self.paused_until > now else None

    def wary_since(self, now: datetime) -> datetime | None:
        """From when on something may have been sent that nobody wrote down; None as a rule."""
        restoring = self.restoring
        if restoring is None or restoring.since is None or restoring.wary_until is None:
            return None
        return restoring.since if now < restoring.wary_until else None
