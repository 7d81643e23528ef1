"""What one company may spend in a day, counted in messages.

A text counts its segments, a call twice: about what either costs. What is over the cap waits for
the company's next morning and goes out together with the rest then; nothing is dropped. Texts about
payments, on which nobody has to act, get half of it at most: the other half is kept for bills and
for what is urgent.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta, tzinfo

from .frozen import frozen
from .unit_of_work import Counter

#: Messages a day where the flow says nothing. At a cent each, ten dollars.
USUAL_CAP = 1_000
#: What a flow may say. Less would keep the longest text from ever going out.
LEAST_CAP, MOST_CAP = 10, 1_000_000
CALL_WEIGHT = 2

#: Why a dispatch waits, in the audit and in what operators see.
OVER_CAP = "daily cap"
_CAP, _ALARM = "cap", "cap-alarm"
_PAYMENTS = "payments"
_DAY = timedelta(days=1)


@frozen
class DayCap:
    """The cap of one company: `limit` messages on each day of its `zone`.

    What is put off waits until `opens` of the next day, counted from midnight on that wall.
    """

    company: str
    limit: int
    zone: tzinfo
    opens: timedelta

    def counters(self, weight: int, now: datetime, *, minor: bool) -> tuple[Counter, ...]:
        """The counters that something sent now counts on; `minor` has half the cap at most."""
        counted = [Counter(self._key(_CAP, now), self.limit, self._expiry(now), amount=weight)]
        if minor:
            key = f"{self._key(_CAP, now)}#{_PAYMENTS}"
            counted.append(Counter(key, self.limit // 2, self._expiry(now), amount=weight))
        return tuple(counted)

    def alarm(self, now: datetime) -> Counter:
        """Refused once somebody has raised the day's alarm."""
        return Counter(self._key(_ALARM, now), 1, self._expiry(now))

    def next_start(self, now: datetime) -> datetime:
        """When the company's next day begins."""
        return self._tomorrow(now, self.opens)

    def _expiry(self, now: datetime) -> datetime:
        return self._tomorrow(now, timedelta(0)) + _DAY

    def _tomorrow(self, now: datetime, after_midnight: timedelta) -> datetime:
        """An hour that the zone leaves out is taken to be the one after it."""
        day = now.astimezone(self.zone).date() + _DAY
        wall = datetime.combine(day, time.min) + after_midnight
        return wall.replace(tzinfo=self.zone).astimezone(UTC)

    def _key(self, kind: str, now: datetime) -> str:
        return f"{kind}#{self.company}#{now.astimezone(self.zone).date().isoformat()}"


def refused(failed: Iterable[str]) -> tuple[str, ...]:
    """Those of the refused parts of a change that are a cap's."""
    return tuple(name for name in failed if name.startswith(f"counter:{_CAP}#"))


def spent(failed: Iterable[str]) -> bool:
    """Whether the whole cap is used up, and not only the payments' half of it."""
    return any(not name.endswith(f"#{_PAYMENTS}") for name in refused(failed))
