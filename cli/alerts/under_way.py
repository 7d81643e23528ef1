"""What is on its way or waits, over all cases: newest first, with why and until when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any

from cli.deployment import Deployment
from ml_connector.domain.cases import Case
from ml_connector.domain.dispatches import Dispatch
from ml_connector.domain.documents import AnyDocument
from ml_connector.domain.instants import to_text
from ml_connector.domain.payments import PAYMENT_PREFIX
from ml_connector.domain.plans import VOICE

from .case_view import zone_of_company
from .finding import name_of
from .words import local, state_of

#: Farther ahead than anything is ever put off.
FAR = timedelta(days=400)


@dataclass(frozen=True, slots=True)
class UnderWay:
    """One thing under way: a dispatch, or the next step of a case of which nothing is out."""

    case: str
    company: str
    what: str
    who: str
    said: str
    at: datetime
    dispatch: str = ""
    state: str = ""
    reason: str = ""
    due_at: datetime | None = None

    def as_json(self) -> dict[str, Any]:
        """For programs; instants are ISO, UTC."""
        return {
            "case": self.case,
            "dispatch": self.dispatch or None,
            "company": self.company,
            "what": self.what,
            "who": self.who,
            "state": self.state,
            "said": self.said,
            "reason": self.reason,
            "due_at": to_text(self.due_at) if self.due_at else None,
            "since": to_text(self.at),
        }


def under_way(
    deployment: Deployment, company: str, most: int, now: datetime
) -> tuple[list[UnderWay], bool]:
    """What is under way, and whether that is all of it. At most `most` of each kind are read.

    Read from an index that may lag by some seconds.
    """
    alerts = deployment.alerts
    due, waiting = alerts.look_due(now + FAR, most), alerts.cases_due(now + FAR, most)
    dispatches = [d for d in alerts.dispatches(due) if not d.state.settled]
    dispatches = [d for d in dispatches if company in ("", d.company)]
    members = {member.case_id for dispatch in dispatches for member in dispatch.members}
    files = {
        case_id: file
        for case_id in dict.fromkeys((*members, *waiting))
        if (file := alerts.case_file(case_id))
    }
    cases = {case_id: file.case for case_id, file in files.items()}
    flow = deployment.flows.current()
    names = _names(deployment, cases.values())
    found = [
        _of_dispatch(dispatch, names, cases, now, zone_of_company(flow, dispatch.company))
        for dispatch in dispatches
    ]
    found += [
        _of_case(case, names, now, zone_of_company(flow, case.company))
        for case in cases.values()
        if case.agenda and case.id not in members and company in ("", case.company)
    ]
    whole = len(due) < most and len(waiting) < most
    return sorted(found, key=lambda one: one.at, reverse=True), whole


def _of_dispatch(
    dispatch: Dispatch,
    names: Mapping[tuple[str, str], AnyDocument],
    cases: Mapping[str, Case],
    now: datetime,
    zone: tzinfo,
) -> UnderWay:
    first = cases.get(dispatch.members[0].case_id) if dispatch.members else None
    what = _what(first, names)
    more = len({member.case_id for member in dispatch.members}) - 1
    return UnderWay(
        case=first.id if first else "",
        company=dispatch.company,
        what=f"{what} and {more} more" if more > 0 else what,
        who=f"{'call' if dispatch.voice else 'text'} to {dispatch.recipient}",
        said=state_of(dispatch, now, zone),
        at=dispatch.created_at,
        dispatch=dispatch.id,
        state=dispatch.state.value,
        reason=dispatch.reason,
        due_at=dispatch.due_at,
    )


def _of_case(
    case: Case, names: Mapping[tuple[str, str], AnyDocument], now: datetime, zone: tzinfo
) -> UnderWay:
    timer = case.agenda[0]
    planned = case.plan[timer.step - 1]
    verb = "call" if planned.step.channel == VOICE else "text"
    who = f"{verb} to {planned.candidates[0] if planned.candidates else 'nobody'}"
    if timer.at > now:
        said = f"waits until {local(timer.at, now, zone)}: step {timer.step} of its plan"
    else:
        said = f"step {timer.step} of its plan begins now"
    return UnderWay(
        case=case.id,
        company=case.company,
        what=_what(case, names),
        who=who,
        said=said,
        at=case.opened_at,
        state="planned",
        reason=f"step {timer.step} of its plan",
        due_at=timer.at,
    )


def _what(case: Case | None, names: Mapping[tuple[str, str], AnyDocument]) -> str:
    if case is None:
        return ""
    return name_of(names.get((case.company, case.document)), case.document)


def _names(deployment: Deployment, cases: Iterable[Case]) -> dict[tuple[str, str], AnyDocument]:
    """The documents of the cases, read together for each company."""
    wanted: dict[str, list[str]] = {}
    for case in cases:
        ids = wanted.setdefault(case.company, [])
        if case.document not in ids:
            ids.append(case.document)
    found: dict[tuple[str, str], AnyDocument] = {}
    for company, ids in wanted.items():
        bills = [one for one in ids if one.startswith("bill#")]
        payments = [one for one in ids if one.startswith(PAYMENT_PREFIX)]
        documents = deployment.documents
        for one in documents.documents(company, bills).values() if bills else ():
            found[company, one.id] = one
        for paid in documents.payments(company, payments).values() if payments else ():
            found[company, paid.id] = paid
    return found
