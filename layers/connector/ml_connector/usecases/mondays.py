"""For which companies it is time to write the week's summary: Mondays, from eight on their wall."""

from __future__ import annotations

from ml_connector.domain.cases import CaseState
from ml_connector.domain.summaries import summary_id, week_before

from .days import zone_of
from .ports import PollPorts

#: The hour from which on it is written; whatever failed is tried until Monday is over.
FROM_HOUR = 8
#: Tries that were refused; what came of the last of them is left at that.
MOST_TRIES = 5
#: Weekdays, UTC, on which it is Monday somewhere.
_MONDAY_SOMEWHERE = (6, 0, 1)


def companies_to_summarise(ports: PollPorts) -> list[str]:
    """The companies whose summary of last week nobody began yet. Reads next to nothing otherwise.

    Raises StoreUnavailable.
    """
    now = ports.clock.now()
    if now.weekday() not in _MONDAY_SOMEWHERE:
        return []
    flow = ports.flows.current()
    due: list[str] = []
    for company in flow.companies if flow else ():
        wall = zone_of(company.zone, company.key, ports.telemetry)
        local = now.astimezone(wall)
        if local.weekday() != 0 or local.hour < FROM_HOUR:
            continue
        if not ports.documents.state(company.key).baseline_done:
            continue
        if next_try(company.key, ports):
            due.append(company.key)
    return due


def next_try(company: str, ports: PollPorts) -> int:
    """Which try of last week's summary comes next, from 1; 0 where none does.

    Only one that was certainly not published is followed by another.
    """
    flow = ports.flows.current()
    found = flow.company(company) if flow else None
    if found is None:
        return 0
    wall = zone_of(found.zone, company, ports.telemetry)
    week = week_before(ports.clock.now(), wall)
    for attempt in range(1, MOST_TRIES + 1):
        file = ports.alerts.case_file(summary_id(company, week, attempt))
        if file is None:
            return attempt
        if file.case.state is not CaseState.CANCELLED:
            return 0
    return 0
