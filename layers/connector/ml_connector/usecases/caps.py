"""Keeping to what a company may spend in a day: counted with the claim, put off when it is used up.

Caps are those of the flow in force, not of the one a case was opened under: whoever raises a cap
means today's texts.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from ml_connector.domain import dispatches as d
from ml_connector.domain.calendars import Calendar
from ml_connector.domain.caps import (
    CALL_WEIGHT,
    OVER_CAP,
    USUAL_CAP,
    DayCap,
    spent,
)
from ml_connector.domain.dispatches import Dispatch, DispatchState
from ml_connector.domain.gsm7 import segments
from ml_connector.domain.hours import zone_named
from ml_connector.domain.instants import to_text
from ml_connector.domain.plans import step_of
from ml_connector.domain.unit_of_work import Counter
from ml_connector.errors import StoreConflict

from .dispatch_files import DispatchFile, Step
from .steps import DispatchPorts, take


def counted(file: DispatchFile, ports: DispatchPorts, now: datetime) -> tuple[Counter, ...]:
    """The counters of the company's day, for what is sent now. Raises StoreUnavailable."""
    cap = _cap(file.dispatch.company, ports)
    return cap.counters(_weight(file.dispatch), now, minor=_minor(file)) if cap else ()


def given_back(
    file: DispatchFile, ports: DispatchPorts, claimed_at: datetime
) -> tuple[Counter, ...]:
    """The same counters for what was counted when it was claimed, and was not sent."""
    return tuple(replace(one, back=True) for one in counted(file, ports, claimed_at))


def put_off(
    dispatch_id: str,
    failed: tuple[str, ...],
    ports: DispatchPorts,
    claimed_at: datetime,
    until: datetime,
) -> None:
    """Defer a dispatch to the company's next day; the first of a day says so, loudly.

    `failed` are the refused counters. Where only the payments' half is used up nobody is alarmed:
    that is what it is for. Raises as `take`.
    """

    def deferred(file: DispatchFile, *, alarm: bool) -> Step | None:
        dispatch, cap = file.dispatch, _cap(file.dispatch.company, ports)
        if dispatch.state is not DispatchState.WAITING or cap is None:
            return None
        end = cap.next_start(claimed_at)
        after = d.defer(dispatch, until=end, look_at=end, reason=OVER_CAP)
        data = {"reason": OVER_CAP, "due_at": to_text(end)}
        counters = (cap.alarm(claimed_at),) if alarm else ()
        return Step(after, "dispatch.deferred", data, counters=counters)

    step = None
    if spent(failed):
        try:
            step = take(dispatch_id, lambda file, _: deferred(file, alarm=True), ports, until)
        except StoreConflict as error:
            if not all(name.startswith("counter:") for name in error.failed):
                raise
        if step:
            ports.telemetry.error(
                "daily_cap_reached",
                company=step.after.company,
                fix="look at what is sent, then raise the company's cap_per_day in the flow",
            )
            ports.telemetry.count("SendsBlocked")
    if step is None:
        take(dispatch_id, lambda file, _: deferred(file, alarm=False), ports, until)


def _cap(company: str, ports: DispatchPorts) -> DayCap | None:
    """The company's cap; the usual one where no flow is in force that knows the company."""
    if ports.flows is None:
        return None
    flow = ports.flows.current()
    known = flow.company(company) if flow else None
    if known is None:
        return DayCap(company, USUAL_CAP, UTC, Calendar().opens)
    return DayCap(company, known.cap_per_day, zone_named(known.zone) or UTC, known.calendar.opens)


def _weight(dispatch: Dispatch) -> int:
    return CALL_WEIGHT if dispatch.voice else max(1, segments(dispatch.text).parts)


def _minor(file: DispatchFile) -> bool:
    """Whether it is about payments alone, and nothing of it is urgent."""
    cases = {case.id: case for case in file.cases}
    return all(case.kind.startswith("payment.") for case in cases.values()) and not any(
        step_of(cases[alert.case_id], alert).urgent for alert in file.alerts
    )
