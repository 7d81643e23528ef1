"""What the dashboard is made of besides metrics: log lines with figures, and no names.

`alert_took` says how long after the poll saw a bill somebody was told of it, heard, confirmed, or
approved. Reminders and later steps are left out: they come late because the rule says so.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from ml_connector.domain.cases import Case
from ml_connector.domain.dispatches import Dispatch

from .dispatch_files import DispatchFile
from .ports import Telemetry

ALERTED, DELIVERED, CONFIRMED, APPROVED = "1 alert", "2 delivery", "3 confirmation", "4 approval"


def say_took(stage: str, cases: Iterable[Case], now: datetime, telemetry: Telemetry) -> None:
    """How long it took each of these cases to come to this. Stages sort as they follow."""
    for case in cases:
        telemetry.event(
            "alert_took",
            company=case.company,
            case=case.id,
            stage=stage,
            seconds=round((now - case.opened_at).total_seconds(), 1),
        )


def say_dispatch_took(
    stage: str, file: DispatchFile | None, now: datetime, telemetry: Telemetry
) -> None:
    """The same, for the cases of which a dispatch tells first."""
    if file:
        first = {one.case_id for one in file.alerts if one.step <= 1 and one.occurrence <= 1}
        say_took(stage, (case for case in file.cases if case.id in first), now, telemetry)


def say_price(before: Decimal | None, after: Dispatch, telemetry: Telemetry) -> None:
    """What a text or a call cost, once: when it is known first."""
    if after.price is not None and before is None:
        telemetry.event(
            "price_known",
            company=after.company,
            dispatch=after.id,
            channel=after.channel,
            currency=after.price_unit or "?",
            price=float(abs(after.price)),
        )
