"""Stopping a case: nothing more is sent for it, and the audit says who wanted that and why."""

from __future__ import annotations

from datetime import datetime

from cli.console.failures import Failure
from ml_connector.domain.audit import Json
from ml_connector.domain.cases import CaseState
from ml_connector.domain.unit_of_work import CaseFile, stopped_by_the_end

from .writing import Act


def cancelled(file: CaseFile, by: str, reason: str, now: datetime) -> Act:
    """The end of a case by an operator. Raises Failure where it has ended by itself.

    What waits is suppressed when its turn comes, by the check of its claim; what Twilio has
    already is followed to its end, and a call that nobody took yet is ended.
    """
    case = file.case
    if case.state.ended:
        raise Failure(f"case {case.id} is {case.state.value} already; there is nothing to stop")
    left: list[Json] = [timer.step for timer in case.agenda]
    return Act(
        case.ended(CaseState.CANCELLED, CaseState.CANCELLED.value, now),
        "case.cancelled",
        {
            "by": by,
            "reason": reason,
            "stopped_alerts": stopped_by_the_end(file),
            "steps_left": left,
        },
    )
