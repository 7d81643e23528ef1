"""Whom else a case has to be told to: in place of somebody who cannot be, or says it is not theirs.

Whoever pressed 2 has answered for the whole case: nothing more of it begins for them. The next step
of the plan begins at once; where none is to come, and none began for somebody else since, their
alert is passed on as one that could not be delivered is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .cases import Alert, StopReason
from .plans import needless, to_come

if TYPE_CHECKING:
    from .unit_of_work import CaseFile

#: What stopped an alert of somebody who is told all the same, or no longer needs to be.
_STANDS = (None, StopReason.NEEDLESS)


def passing(file: CaseFile) -> list[Alert]:
    """The alerts for which somebody else, or another channel, is to be tried now."""
    return [alert for alert in file.alerts if _to_pass_on(file, alert)]


def not_theirs(file: CaseFile) -> frozenset[str]:
    """The ids of those who said that it is not theirs."""
    return frozenset(
        alert.recipient for alert in file.alerts if alert.stop_reason is StopReason.DECLINED
    )


def _to_pass_on(file: CaseFile, alert: Alert) -> bool:
    case, reason = file.case, alert.stop_reason
    if reason is None or alert.passed_on or case.state.ended or not case.plan:
        return False
    if needless(case, alert):
        return False
    if reason is StopReason.DECLINED:
        return not to_come(case, alert.step) and not _told_since(file, alert)
    return reason.passes_on


def _told_since(file: CaseFile, declined: Alert) -> bool:
    """Whether a later step began for somebody else after that call was made."""
    others = not_theirs(file)
    return any(
        alert.step > declined.step
        and alert.created_at > declined.created_at
        and alert.recipient not in others
        and alert.stop_reason in _STANDS
        for alert in file.alerts
    )
