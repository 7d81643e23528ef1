"""Why nothing is sent just now, and what has to be looked for before anything is."""

from __future__ import annotations

from datetime import datetime

from .frozen import frozen


@frozen
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


@frozen
class Pause:
    """Sends of a company that stand still until then, for Twilio refused them.

    `channel` is the one that was refused; empty where the account was, and with it both. `since` is
    when the refusals began, with nothing let through in between; None where they are over, and for
    a pause of the version before. `probe` is the dispatch that was let through to find out.
    """

    until: datetime
    reason: str = ""
    channel: str = ""
    since: datetime | None = None
    probe: str = ""


@frozen
class Standstill:
    """What holds for the sends of one company: their pauses, and a restore of everybody's."""

    pauses: tuple[Pause, ...] = ()
    restoring: Restoring | None = None

    def restoring_at(self, now: datetime) -> bool:
        """Whether the tables are being put back at this moment."""
        return self.restoring is not None and now < self.restoring.until

    def paused_at(self, now: datetime) -> Pause | None:
        """The pause that lasts longest; None where sends do not stand still."""
        going_on = [pause for pause in self.pauses if pause.until > now]
        return max(going_on, key=lambda pause: pause.until, default=None)

    def in_doubt(self, now: datetime) -> tuple[Pause, ...]:
        """Pauses that ended without anybody having found out whether Twilio takes sends again."""
        return tuple(pause for pause in self.pauses if pause.since and pause.until <= now)

    @property
    def refused_since(self) -> datetime | None:
        """Since when sends are refused, as far as anybody knows; None where they are not."""
        return min((pause.since for pause in self.pauses if pause.since), default=None)

    def wary_since(self, now: datetime) -> datetime | None:
        """From when on something may have been sent that nobody wrote down; None as a rule."""
        restoring = self.restoring
        if restoring is None or restoring.since is None or restoring.wary_until is None:
            return None
        return restoring.since if now < restoring.wary_until else None
