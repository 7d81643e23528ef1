"""The daily list: what still waits for one person, in one text a day.

A list is a case of its own, about no single document. Its id is made of company, person and day, so
that whoever makes it again finds it. It remembers which bills it lists, for they are looked at once
more before it is sent: what was handled meanwhile is not on it, and a list of nothing is no text.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import TYPE_CHECKING

from .audit import ChainHead, Json, entry_after
from .cases import DAILY_LIST, Alert, Case, CaseState, Listed, StopReason, case_chain
from .daily_list_text import Line, daily_list_sms
from .digests import KIND as DIGEST
from .dispatches import Dispatch, DispatchState
from .events import EventKind
from .frozen import frozen
from .listed import list_id
from .messages import Detail
from .one_text import one_alert, one_text, told
from .passing_on import not_theirs
from .planning import Opening
from .plans import step_of
from .unit_of_work import CaseWrite
from .wording import spoken_language

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from .approvers import Approver
    from .documents import Document
    from .planning import PlanTimes
    from .unit_of_work import CaseFile

#: The oldest so many of a person's bills are on a list; the audit says how many are not.
MOST_LISTED = 1_000

#: What tells somebody that a bill waits; the others tell that something else is the matter.
WAITS = frozenset(
    {
        EventKind.SUBMITTED.value,
        EventKind.PARTIALLY_APPROVED.value,
        EventKind.CHANGED.value,
        EventKind.REMINDER.value,
        EventKind.OVERDUE.value,
        DIGEST,
    }
)
#: Whoever was told and said that it is not theirs, or was never reached, has nothing waiting.
_NOT_THEIRS = frozenset(
    {
        StopReason.NO_CHANNEL,
        StopReason.OPTED_OUT,
        StopReason.UNREACHABLE,
        StopReason.EXHAUSTED,
        StopReason.NEEDLESS,
        StopReason.DECLINED,
        StopReason.CANCELLED,
    }
)
#: Twilio had it, and it is known not to have arrived.
_FAILED = (DispatchState.UNDELIVERED, DispatchState.FAILED)
_SENTENCE = "Once a day whoever was told of a bill is told that it still waits."


@frozen
class Waiting:
    """A bill that waits for one person, by the case they were told it in, and when they were."""

    document: Document
    case_id: str
    detail: Detail
    told_at: datetime

    @property
    def since(self) -> datetime:
        """Since when it waits at least."""
        seen = self.document.open_since or self.document.first_seen
        return min(seen, self.document.modified or seen)


@frozen
class Frame:
    """What is the same for all lists made together. `zone` is the company's, by its name and as
    such; `at` the hour as people write it."""

    company: str
    company_name: str
    zone_name: str
    at: str
    flow_version: int
    now: datetime
    times: PlanTimes


def told_of(
    file: CaseFile, dispatches: Mapping[str, Dispatch]
) -> dict[str, tuple[Alert, datetime]]:
    """Whom a case told that a bill waits, and when last: by approver id.

    `dispatches` are those its alerts point to. Empty for a case that is handled or cancelled; one
    that expired has nothing more to send, but its bill waits.
    """
    if file.case.kind not in WAITS:
        return {}
    if file.case.state in (CaseState.HANDLED, CaseState.CANCELLED):
        return {}
    found: dict[str, tuple[Alert, datetime]] = {}
    said_no = not_theirs(file)
    for alert in file.alerts:
        dispatch = dispatches.get(alert.dispatch)
        if dispatch is None or not dispatch.sid or dispatch.state in _FAILED:
            continue
        if alert.stop_reason in _NOT_THEIRS or alert.recipient in said_no:
            continue
        at = dispatch.sent_at or dispatch.created_at
        if alert.recipient not in found or found[alert.recipient][1] < at:
            found[alert.recipient] = (alert, at)
    return found


def waiting_of(document: Document, file: CaseFile, alert: Alert, told_at: datetime) -> Waiting:
    """A bill as it waits for whom the alert told. A digest named no vendors, and nor does this."""
    detail = "amount_only" if file.case.kind == DIGEST else step_of(file.case, alert).detail
    return Waiting(document, file.case.id, detail, told_at)


def needless(bills: Sequence[Waiting], now: datetime, lately: timedelta) -> bool:
    """Whether a list of these would only repeat what was told so lately."""
    return all(now - each.told_at < lately for each in bills)


def daily_list(
    person: Approver, day: date, wall: tzinfo, bills: Iterable[Waiting], frame: Frame
) -> Opening:
    """One person's list. `wall` is the zone their day is of; it expires with that day."""
    oldest_first = sorted(bills, key=lambda each: (each.since, each.document.id))
    shown, left_out = oldest_first[:MOST_LISTED], oldest_first[MOST_LISTED:]
    case_id = list_id(frame.company, person.id, day)
    alert = one_alert(case_id, frame.company, person.id, frame.now)
    case = Case(
        id=case_id,
        company=frame.company,
        document=f"list#{person.id}",
        kind=DAILY_LIST,
        round=1,
        state=CaseState.OPEN,
        opened_at=frame.now,
        expires_at=_end_of(day, wall),
        rule="daily_list",
        flow_version=frame.flow_version,
        head=ChainHead(),
        company_name=frame.company_name,
        zone=frame.zone_name,
        listed=tuple(Listed(x.document.id, x.case_id, x.detail) for x in shown),
    )

    def said(reference: str) -> str:
        return list_text(case, {x.document.id: x.document for x in shown}, person, wall, reference)

    dispatch = one_text(
        alert,
        said,
        now=frame.now,
        validity_seconds=frame.times.validity_seconds,
        look_at=frame.now + frame.times.ring_again,
    )
    alert = replace(alert, dispatch=dispatch.id)
    data: dict[str, Json] = {
        "company": frame.company,
        "document": case.document,
        "event": DAILY_LIST,
        "day": day.isoformat(),
        "at": frame.at,
        "flow_version": frame.flow_version,
        "sentence": _SENTENCE,
        "bills": len(shown),
        "documents": [each.document.id for each in shown],
        "left_out": _left_out(left_out),
        "alerts": [told(alert, person)],
    }
    entry = entry_after(ChainHead(), case_chain(case_id), frame.now, "case.opened", data)
    return Opening(CaseWrite(case, entry), (alert,), (dispatch,))


def list_text(
    case: Case,
    documents: Mapping[str, Document],
    person: Approver,
    wall: tzinfo,
    reference: str,
) -> str:
    """The text of a list, about those of its bills that are given."""
    lines = [
        Line(documents[each.document], each.detail, _since(documents[each.document], wall))
        for each in case.listed
        if each.document in documents
    ]
    today = case.opened_at.astimezone(wall).date()
    tag = spoken_language(person.language)
    return daily_list_sms(case.company_name, lines, today, reference, tag)


def _since(document: Document, wall: tzinfo) -> date:
    return Waiting(document, "", "full", document.first_seen).since.astimezone(wall).date()


def _end_of(day: date, wall: tzinfo) -> datetime:
    """When the day after begins on that wall."""
    return datetime.combine(day + timedelta(days=1), time(), wall).astimezone(UTC)


def _left_out(bills: Sequence[Waiting]) -> Json:
    if not bills:
        return {}
    ids = "\n".join(each.document.id for each in bills)
    return {"count": len(bills), "sha256": hashlib.sha256(ids.encode()).hexdigest()}
