"""Waiting bills somebody has to hear of once more: edited without a trace, or overdue."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta, tzinfo

from ml_connector.domain.documents import Document
from ml_connector.domain.doubts import overdue, reminded, settled
from ml_connector.domain.events import Sighting
from ml_connector.domain.stamps import since

from .ports import HistorySource, Telemetry


def settle(
    doubtful: list[Sighting[Document]],
    known: Mapping[str, Document],
    source: HistorySource,
    today: date,
    shift: timedelta,
    told: Callable[[Sighting[Document]], bool],
) -> tuple[list[Sighting[Document]], int]:
    """What doubtful sightings mean, and the transactions it took to find out: one for all.

    `today` is the company's, `shift` as in `seen_again`, and `told` says whether anybody is told of
    a sighting as it is.
    """
    seen = [since(at, shift) for one in doubtful if (at := known[one.document.id].modified)]
    numbers = [sighting.document.record_no for sighting in doubtful]
    history = source.read_workflow(numbers, min(seen))
    if not history.permitted:
        found = [reminded(one, today, told=told(one)) for one in doubtful]
    else:
        found = [settled(known[one.document.id], one, history.steps, shift) for one in doubtful]
    return found, history.transactions


def overdue_since_yesterday(
    documents: Iterable[Document], now: datetime, zone: tzinfo
) -> Iterator[Sighting[Document]]:
    """The waiting bills that are past their due date and were not said to be so today."""
    today = now.astimezone(zone).date()
    for document in documents:
        first_seen = document.first_seen.astimezone(zone).date()
        sighting = overdue(document, today, first_seen)
        if sighting:
            yield sighting


def zone_of(name: str, company: str, telemetry: Telemetry) -> tzinfo:
    """The company's zone; UTC, with a warning, where the machine does not know it."""
    from zoneinfo import ZoneInfo  # noqa: PLC0415 - an idle poll has no use for it

    try:
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError):
        telemetry.warning("zone_unknown", company=company, fix="name an IANA zone in the flow")
        return UTC
