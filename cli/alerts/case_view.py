"""Everything about one case that somebody on call wants to see at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from cli.deployment import Deployment
from ml_connector.domain.approvers import Approver
from ml_connector.domain.audit import AuditEntry
from ml_connector.domain.cases import Alert, stop_of
from ml_connector.domain.dispatches import Dispatch
from ml_connector.domain.documents import AnyDocument
from ml_connector.domain.flows import Flow
from ml_connector.domain.instants import to_text
from ml_connector.domain.phone import mask
from ml_connector.domain.plans import tries_of
from ml_connector.domain.unit_of_work import CaseFile

from .finding import Finder, name_of
from .insights import LogQuery, log_query
from .listed import OnList, lists_with
from .plan_words import plan_lines
from .trail import entries_of
from .words import CASE, STOP, state_of, zone_named


@dataclass(frozen=True, slots=True)
class CaseView:
    """A case with all that belongs to it. `dispatches` are in the order they were made."""

    file: CaseFile
    document: AnyDocument | None
    history: tuple[AuditEntry, ...]
    dispatches: tuple[Dispatch, ...]
    people: Mapping[str, Approver]
    zone: tzinfo
    stack: str
    now: datetime
    lists: tuple[OnList, ...] = ()

    @property
    def what(self) -> str:
        """The bill in words; what the case is about where there is no bill."""
        return name_of(self.document, self.file.case.document)

    @property
    def plan(self) -> list[str]:
        """The plan in sentences."""
        return plan_lines(self.file, self.history, self.now, self.zone)

    @property
    def state(self) -> str:
        """Where the case stands, in a sentence."""
        return CASE[self.file.case.state]

    @property
    def logs(self) -> LogQuery:
        """The query for its log lines; what was made last is named first."""
        newest = [dispatch.id for dispatch in reversed(self.dispatches)]
        return log_query(self.stack, self.file.case.id, newest)

    def of_alert(self, alert: Alert) -> list[Dispatch]:
        """The dispatches that carried an alert."""
        return [d for d in self.dispatches if any(m.alert_id == alert.id for m in d.members)]

    def number(self, dispatch: Dispatch) -> str:
        """Where it went, or is to go, masked; empty where the person has no number."""
        person = self.people.get(dispatch.recipient)
        number = dispatch.to or (person.phone if person else "")
        return mask(number) if number else ""

    def attempt(self, alert: Alert, dispatch: Dispatch) -> str:
        """`2 of 5`: which try of how many."""
        return f"{dispatch.attempt} of {tries_of(self.file.case, alert)}"

    def as_json(self) -> dict[str, Any]:
        """For programs; instants are ISO, UTC."""
        case, logs = self.file.case, self.logs
        return {
            "case": case.id,
            "company": case.company,
            "document": case.document,
            "what": self.what,
            "amount": self.document.amount.canonical() if self.document else None,
            "event": case.kind,
            "round": case.round,
            "state": case.state.value,
            "said": self.state,
            "rule": case.rule,
            "flow_version": case.flow_version,
            "opened_at": to_text(case.opened_at),
            "expires_at": to_text(case.expires_at),
            "ended_at": to_text(case.ended_at) if case.ended_at else None,
            "end_reason": case.end_reason,
            "plan": self.plan,
            "agenda": [
                {"step": t.step, "occurrence": t.occurrence, "at": to_text(t.at)}
                for t in case.agenda
            ],
            "alerts": [self._alert_json(alert) for alert in self.file.alerts],
            "listed": [one.document for one in case.listed],
            "daily_lists": [one.as_json() for one in self.lists],
            "history": [
                {"seq": entry.seq, "at": to_text(entry.at), "kind": entry.kind}
                for entry in self.history
            ],
            "logs": {"groups": list(logs.groups), "query": logs.query},
        }

    def _alert_json(self, alert: Alert) -> dict[str, Any]:
        stop = stop_of(self.file.case, alert)
        return {
            "alert": alert.id,
            "step": alert.step,
            "occurrence": alert.occurrence,
            "recipient": alert.recipient,
            "channel": alert.channel,
            "stopped": stop.value if stop else None,
            "stopped_because": STOP[stop] if stop else None,
            "dispatches": [self._dispatch_json(alert, d) for d in self.of_alert(alert)],
        }

    def _dispatch_json(self, alert: Alert, dispatch: Dispatch) -> dict[str, Any]:
        return {
            "dispatch": dispatch.id,
            "state": dispatch.state.value,
            "said": state_of(dispatch, self.now, self.zone),
            "reason": dispatch.reason,
            "due_at": to_text(dispatch.due_at),
            "sent_at": to_text(dispatch.sent_at) if dispatch.sent_at else None,
            "provider_id": dispatch.sid,
            "provider_status": (
                dispatch.provider_status.value if dispatch.provider_status else None
            ),
            "error_code": dispatch.error_code,
            "number": self.number(dispatch),
            "reference": dispatch.reference,
            "attempt": dispatch.attempt,
            "tries": tries_of(self.file.case, alert),
            "price": str(dispatch.price) if dispatch.price is not None else None,
            "price_unit": dispatch.price_unit,
        }


def view_of(
    deployment: Deployment, finder: Finder, file: CaseFile, flow: Flow | None, now: datetime
) -> CaseView:
    """Read all that belongs to a case. Raises StoreError, and Failure for an unreadable entry."""
    history = tuple(entries_of(deployment, file.case.chain))
    found = deployment.alerts.dispatches(sorted(_dispatch_ids(file, history)))
    names = {dispatch.recipient for dispatch in found} | {alert.recipient for alert in file.alerts}
    people = {name: person for name in names if (person := deployment.approvers.approver(name))}
    return CaseView(
        file=file,
        document=finder.document(file),
        history=history,
        dispatches=tuple(sorted(found, key=lambda d: (d.created_at, d.sequence, d.id))),
        people=people,
        zone=zone_of_company(flow, file.case.company),
        stack=deployment.target.stack_name,
        now=now,
        lists=lists_with(deployment, file, people, now),
    )


def zone_of_company(flow: Flow | None, company: str) -> tzinfo:
    """The clock a company goes by; UTC for one the flow no longer names."""
    names = [one.zone for one in flow.companies if one.key == company] if flow else []
    return zone_named(names[0] if names else "")


def _dispatch_ids(file: CaseFile, history: Iterable[AuditEntry]) -> set[str]:
    """Every dispatch the case ever had: its alerts know the newest, its audit all of them."""
    ids = {alert.dispatch for alert in file.alerts}
    for entry in history:
        ids.add(str(entry.data.get("dispatch", "")))
        told = entry.data.get("alerts")
        for one in told if isinstance(told, Sequence) else ():
            if isinstance(one, Mapping):
                ids.add(str(one.get("dispatch", "")))
    return ids - {""}
