"""One text to one person, in a case of its own: a notice, a digest, a daily list.

Such a case has one step, one alert and, where the person can be texted, one dispatch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .cases import Alert
from .dispatches import Dispatch, Member
from .ids import alert_id, dispatch_id
from .messages import reference_code
from .phone import fingerprint
from .plans import SMS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from .approvers import Approver
    from .audit import Json


def one_alert(case_id: str, company: str, recipient: str, now: datetime) -> Alert:
    """The alert of such a case; it points to no dispatch yet."""
    return Alert(
        id=alert_id(case_id, 1, 1, recipient),
        case_id=case_id,
        company=company,
        step=1,
        occurrence=1,
        recipient=recipient,
        channel=SMS,
        created_at=now,
    )


def one_text(
    alert: Alert,
    said: Callable[[str], str],
    *,
    now: datetime,
    validity_seconds: int,
    look_at: datetime,
) -> Dispatch:
    """The text for that alert, due at once; `said` makes it from its reference code."""
    new_id = dispatch_id(alert.id, 1)
    reference = reference_code(new_id)
    return Dispatch(
        id=new_id,
        company=alert.company,
        channel=alert.channel,
        recipient=alert.recipient,
        members=(Member(alert.case_id, alert.id),),
        text=said(reference),
        reference=reference,
        validity_seconds=validity_seconds,
        created_at=now,
        due_at=now,
        look_at=look_at,
    )


def told(alert: Alert, person: Approver | None) -> Mapping[str, Json]:
    """What the audit says of that alert; the number as a keyed fingerprint."""
    return {
        "alert": alert.id,
        "step": alert.step,
        "channel": alert.channel,
        "recipient": alert.recipient,
        "number": fingerprint(person.salt, person.phone) if person else "",
        "dispatch": alert.dispatch,
        "stopped": alert.stop_reason.value if alert.stop_reason else "",
    }
