"""What a case's audit chain says became of it: the entries that the stored case knows nothing of.

A case that is older than its own chain was restored, or is a copy of before. The chain holds ids
and codes only, but that is enough: which alerts were begun, which dispatches were claimed, under
which SID they were sent, what came after them, how the case ended. Texts and phone numbers are not
in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from .audit import AuditEntry
from .cases import Alert, Case, CaseState, StopReason
from .dispatches import Dispatch, DispatchState
from .frozen import frozen
from .instants import from_text
from .passing_on import not_theirs, passing
from .plans import after_stop, hastened, looked_at, seen_to, snoozed, started
from .unit_of_work import CaseFile

#: Twilio's code for a number that replied STOP.
_OPTED_OUT = 21610
_ID_LENGTH = 26
_SUFFIX = "dispatch."
_ENDS = {f"case.{state.value}": state for state in CaseState if state.ended}
_REASONS = {reason.value: reason for reason in StopReason}


@dataclass(slots=True)
class Told:
    """One dispatch as the chain of one of its cases tells it.

    `alerts` are those of this case that it carries. A claim nobody said more about is *unknown*.
    """

    id: str
    alerts: tuple[str, ...]
    state: DispatchState = DispatchState.WAITING
    attempt: int = 1
    due_at: datetime | None = None
    claimed_at: datetime | None = None
    sid: str = ""
    sent_at: datetime | None = None
    replaces: str = ""
    channel: str = ""
    recipient: str = ""
    error_code: int | None = None


@frozen
class Replayed:
    """The case as its chain leaves it, with its alerts and what is told of their dispatches."""

    case: Case
    alerts: Mapping[str, Alert]
    dispatches: Mapping[str, Told]


def dispatches_in(entries: Iterable[AuditEntry]) -> set[str]:
    """The ids of all dispatches that entries name."""
    found: set[str] = set()
    for entry in entries:
        data: Any = entry.data
        found |= {data.get("dispatch", ""), data.get("by", ""), data.get("newer", "")}
        found |= {one for one in data.get("instead_of", ()) if entry.kind == "dispatch.bundled"}
        found |= {_follower(data)}
        found |= {told.get("dispatch", "") for told in data.get("alerts", ()) if _is_told(told)}
    return {one for one in found if _is_id(one)}


def replay(
    file: CaseFile, stored: Mapping[str, Dispatch], entries: Sequence[AuditEntry]
) -> Replayed:
    """The case after these entries, which follow what is stored of it, in order."""
    work = _Work(file, stored)
    for entry in entries:
        work.take(entry)
    for told in work.dispatches.values():
        if told.state is DispatchState.SENDING:
            told.state = DispatchState.UNKNOWN
    case = work.case
    if passing(CaseFile(case, tuple(work.alerts.values()))):
        case = looked_at(case, entries[-1].at)
    return Replayed(case, work.alerts, work.dispatches)


class _Work:
    """One replay."""

    def __init__(self, file: CaseFile, stored: Mapping[str, Dispatch]) -> None:
        self.case = file.case
        self.alerts = {alert.id: alert for alert in file.alerts}
        self.dispatches: dict[str, Told] = {}
        self._stored = stored

    def take(self, entry: AuditEntry) -> None:
        """What one entry says."""
        data: Any = entry.data
        if entry.kind in ("case.opened", "case.stepped", "case.resent"):
            self._begun(data, entry.at, resent=entry.kind == "case.resent")
        elif entry.kind == "case.fresh_look_asked":
            self.case = replace(self.case, asked_at=entry.at)
        elif entry.kind in ("case.acknowledged", "case.confirmed"):
            state = CaseState(data.get("state", entry.kind.removeprefix("case.")))
            if not state.ended:
                self.case = snoozed(self.case.reached(state), entry.at)
        elif entry.kind in _ENDS:
            self._ended(_ENDS[entry.kind], data, entry.at)
        elif entry.kind == "dispatch.bundled":
            self._bundled(data, entry.at)
        elif entry.kind.startswith(_SUFFIX) and _is_id(data.get("dispatch", "")):
            self._step(entry.kind.removeprefix(_SUFFIX), data, entry.at)

    # ----------------------------------------------------------------------------- the case
    def _ended(self, state: CaseState, data: Any, at: datetime) -> None:  # noqa: ANN401 - JSON
        self.case = self.case.ended(state, str(data.get("because", state.value)), at)

    def _begun(self, data: Any, at: datetime, *, resent: bool) -> None:  # noqa: ANN401 - JSON
        told = [one for one in data.get("alerts", ()) if isinstance(one, Mapping)]
        left = [one for one in data.get("left_out", ()) if isinstance(one, Mapping)]
        for one in told:
            self._begun_for(one, at)
        for name in data.get("instead_of", ()):
            if name in self.alerts:
                # What stopped it stands nowhere in the entry: only that somebody else was told.
                stopped = self.alerts[name].stopped(StopReason.EXHAUSTED)
                self.alerts[name] = replace(stopped, passed_on=True)
        if resent:
            return
        named = [one for one in (*told, *left) if "occurrence" in one]
        gone = {(int(one["step"]), int(one["occurrence"])) for one in named}
        case = self.case
        agenda = tuple(t for t in case.agenda if (t.step, t.occurrence) not in gone)
        position = max([case.position, *(step for step, _ in gone)])
        case = replace(case, agenda=agenda, position=position)
        for one in left:
            if int(one["occurrence"]) == 1:
                case = started(case, int(one["step"]), 1, at)
        self.case = case if case.state.ended else seen_to(case)

    def _begun_for(self, told: Mapping[str, Any], at: datetime) -> None:
        """One person who was to be told one step; or nobody, where nobody was left."""
        step = int(told.get("step", 0))
        stop = _REASONS.get(told.get("stopped", ""))
        if not _is_told(told) or stop is StopReason.NO_CHANNEL:
            self.case = hastened(self.case, step, at)
        if not _is_told(told):
            return
        if told["alert"] not in self.alerts:
            self.alerts[told["alert"]] = Alert(
                id=told["alert"],
                case_id=self.case.id,
                company=self.case.company,
                step=step,
                occurrence=int(told["occurrence"]),
                recipient=told["recipient"],
                channel=told["channel"],
                created_at=at,
                dispatch=told.get("dispatch", ""),
                stop_reason=stop,
                passed_on=stop is StopReason.NO_CHANNEL,
            )
        if _is_id(told.get("dispatch", "")):
            self._told(told["dispatch"], (told["alert"],), at)

    # ---------------------------------------------------------------------- the dispatches
    def _told(self, name: str, alerts: tuple[str, ...], at: datetime) -> Told:
        """What is told of a dispatch so far; begun with what is stored of it."""
        known = self.dispatches.get(name)
        if known is None:
            stored = self._stored.get(name)
            carried = {one.alert_id for one in stored.members} if stored else set()
            own = (one.id for one in self.alerts.values() if one.dispatch == name)
            alerts = tuple(dict.fromkeys((*alerts, *(a for a in self.alerts if a in carried))))
            known = Told(name, alerts or tuple(own), due_at=at)
            if stored:
                known.state, known.attempt = stored.state, stored.attempt
                known.claimed_at, known.sid = stored.claimed_at, stored.sid
                known.sent_at, known.due_at = stored.sent_at, stored.due_at
            self.dispatches[name] = known
        first = next((self.alerts[one] for one in known.alerts if one in self.alerts), None)
        if first and not known.channel:
            known.channel, known.recipient = first.channel, first.recipient
        return known

    def _bundled(self, data: Any, at: datetime) -> None:  # noqa: ANN401 - JSON
        old = [one for one in data.get("instead_of", ()) if _is_id(one)]
        carried: list[str] = []
        for name in old:
            told = self._told(name, (), at)
            told.state = DispatchState.NOT_SENT
            carried += told.alerts
        self._told(data["dispatch"], tuple(dict.fromkeys(carried)), at)
        self._point(carried, data["dispatch"])

    def _step(self, kind: str, data: Any, at: datetime) -> None:  # noqa: ANN401 - JSON
        told = self._told(data["dispatch"], (), at)
        told.state = DispatchState(data.get("state", told.state))
        told.attempt = int(data.get("attempt", told.attempt))
        if isinstance(data.get("due_at"), str):
            told.due_at = from_text(data["due_at"])
        if kind == "claimed":
            told.claimed_at = at
        if kind in ("sent", "adopted"):
            self._sent(told, data, at)
        if isinstance(data.get("error_code"), int):
            told.error_code = data["error_code"]
        if kind == "superseded" and _is_id(data.get("by", "")):
            self._point(told.alerts, data["by"])
        if kind == "confirmed":
            self.case = self.case.reached(CaseState.CONFIRMED)
        self._followed(told, kind, data, at)
        stop = self._stop(kind, data)
        if stop:
            self._stopped(told.alerts, stop, at)
        if kind == "suppressed" and stop is StopReason.EXPIRED:
            self.case = self.case.ended(CaseState.EXPIRED, "expired", at)

    def _sent(self, told: Told, data: Any, at: datetime) -> None:  # noqa: ANN401 - JSON
        told.sid, told.sent_at = str(data.get("sid", "")), at
        told.claimed_at = told.claimed_at or at
        for alert in self._members(told.alerts):
            self.case = started(self.case, alert.step, alert.occurrence, at)
        newer = self.dispatches.get(str(data.get("newer", "")))
        if newer and newer.state is DispatchState.WAITING:
            newer.state = DispatchState.NOT_SENT
            self._point(told.alerts, told.id)

    def _followed(self, told: Told, kind: str, data: Any, at: datetime) -> None:  # noqa: ANN401
        name = _follower(data)
        if not name:
            return
        unwanted = set(data.get("unwanted", ()))
        alerts = tuple(one for one in told.alerts if one not in unwanted)
        for alert in self._members(tuple(unwanted & set(told.alerts))):
            self.alerts[alert.id] = alert.stopped(StopReason.NEEDLESS)
        fresh = name not in self.dispatches and name not in self._stored
        follower = self._told(name, alerts, at)
        if fresh:
            free = kind in ("not_sent", "superseded")
            follower.attempt = told.attempt + (0 if free else 1)
            follower.replaces = told.id if kind == "not_sent" else ""
            due = data.get("next_due_at")
            follower.due_at = from_text(due) if isinstance(due, str) and due else at
        self._point(alerts, name)

    def _stop(self, kind: str, data: Any) -> StopReason | None:  # noqa: ANN401 - JSON
        if kind == "refused":
            opted_out = data.get("error_code") == _OPTED_OUT
            return StopReason.OPTED_OUT if opted_out else StopReason.UNREACHABLE
        if kind == "declined":
            return StopReason.DECLINED
        if kind == "suppressed":
            return _REASONS.get(str(data.get("reason", "")), StopReason.NEEDLESS)
        if data.get("next") == "stopped":
            return StopReason.EXHAUSTED
        if data.get("next") == "no further call":
            on = self.case.agenda or self.case.position < len(self.case.plan)
            return StopReason.UNANSWERED if on else StopReason.EXHAUSTED
        return None

    def _stopped(self, alerts: tuple[str, ...], reason: StopReason, at: datetime) -> None:
        for alert in self._members(alerts):
            # Where a run broke off, alerts are as they will be, and the case is not.
            if alert.stop_reason in (None, reason):
                others = (one for name, one in self.alerts.items() if name != alert.id)
                said_no = not_theirs(CaseFile(self.case, tuple(others)))
                self.alerts[alert.id] = alert.stopped(reason)
                self.case = after_stop(
                    self.case, alert, reason, at, said_before=alert.recipient in said_no
                )

    def _members(self, alerts: tuple[str, ...]) -> list[Alert]:
        return [self.alerts[name] for name in alerts if name in self.alerts]

    def _point(self, alerts: Iterable[str], dispatch: str) -> None:
        for name in alerts:
            if name in self.alerts:
                self.alerts[name] = replace(self.alerts[name], dispatch=dispatch)


def _is_told(told: object) -> bool:
    return isinstance(told, Mapping) and _is_id(str(told.get("alert", "")))


def _is_id(text: object) -> bool:
    """Whether it is an id of ours and not a word in the place of one."""
    return isinstance(text, str) and len(text) == _ID_LENGTH and text.isalnum()


def _follower(data: Any) -> str:  # noqa: ANN401 - JSON
    name = data.get("next", "")
    return name if _is_id(name) else ""
