"""Instants as text: UTC, microseconds, one fixed width, so that text order is time order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


def to_text(instant: datetime) -> str:
    """`2026-11-22T09:30:00.000000Z`; the instant must be aware."""
    if instant.tzinfo is None:
        raise ValueError("a naive datetime has no place on the time line")
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def from_text(text: str) -> datetime:
    """The instant `to_text` wrote."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)


def to_millis(instant: datetime) -> int:
    """Milliseconds since 1970, rounded down."""
    return int(instant.timestamp() * 1000)


def seconds(amount: float) -> timedelta:
    """A duration; shorter to read at the call."""
    return timedelta(seconds=amount)
