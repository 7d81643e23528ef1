"""The days a command is about, in somebody's time zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from cli.console.failures import Misused

From: TypeAlias = Annotated[
    str, typer.Option("--from", help="First day, such as 2026-11-01.", show_default=False)
]
To: TypeAlias = Annotated[
    str, typer.Option("--to", help="Last day, included.", show_default="today")
]
Zone: TypeAlias = Annotated[str, typer.Option("--zone", help="IANA time zone the days are in.")]


@dataclass(frozen=True, slots=True)
class Period:
    """From the beginning of `first` to the end of `last`."""

    first: date
    last: date
    zone: ZoneInfo

    @property
    def start(self) -> datetime:
        """Its first instant, UTC."""
        return datetime.combine(self.first, time(), self.zone).astimezone(UTC)

    @property
    def end(self) -> datetime:
        """The first instant after it, UTC."""
        after = self.last + timedelta(days=1)
        return datetime.combine(after, time(), self.zone).astimezone(UTC)

    @property
    def text(self) -> str:
        """For people."""
        return f"{self.first} to {self.last} ({self.zone.key})"


def period_of(first: str, last: str, zone: str) -> Period:
    """The period that options name; an empty `last` is today. Raises Misused."""
    try:
        where = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise Misused(f"--zone {zone!r} is no IANA time zone such as America/Chicago") from error
    begin = _day("--from", first)
    end = _day("--to", last) if last else datetime.now(where).date()
    if end < begin and not last:
        raise Misused(f"--from {begin} is later than today, {end} in {where.key}")
    if end < begin:
        raise Misused(f"--to {end} is before --from {begin}")
    return Period(begin, end, where)


def _day(option: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Misused(f"{option} {text!r} is no day such as 2026-11-01") from error
