"""Days and instants as attributes have them."""

from __future__ import annotations

from datetime import UTC, date, datetime

from ml_connector.domain.instants import from_text, to_text


def instant_of(text: str | None) -> datetime | None:
    """The instant an optional attribute holds."""
    return from_text(text) if text else None


def text_of(instant: datetime | None) -> str | None:
    """An optional instant as an attribute; None removes it."""
    return to_text(instant) if instant else None


def day_of(text: str | None) -> date | None:
    """The day an optional attribute holds."""
    return date.fromisoformat(text) if text else None


def text_of_day(day: date | None) -> str | None:
    """An optional day as an attribute; None removes it."""
    return day.isoformat() if day else None


def epoch(instant: datetime) -> int:
    """Seconds since 1970, for TTL attributes."""
    return int(instant.astimezone(UTC).timestamp())
