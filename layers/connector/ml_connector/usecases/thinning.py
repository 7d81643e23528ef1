"""A bundle some of whose bills were handled while it waited: another, of those that are left.

The text of a dispatch never changes. So one that names a bill nobody has to hear of any more is
settled as not sent, and in the same transaction another takes its place.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from ml_connector.domain import dispatches as d
from ml_connector.domain.audit import Json, entry_after
from ml_connector.domain.cases import Alert, Case, CaseState, StopReason
from ml_connector.domain.dispatches import Dispatch, DispatchState
from ml_connector.domain.instants import seconds
from ml_connector.domain.plans import after_stop
from ml_connector.domain.unit_of_work import CaseWrite, Change

from .deciding import decide_and_write
from .dispatch_files import DispatchFile, load
from .following import follow
from .steps import DispatchPorts


def thinned(file: DispatchFile) -> bool:
    """Whether some of what a bundle says is of no use any more."""
    members = file.dispatch.members
    return len(members) > 1 and len(file.open_members) < len(members)


def thin_out(bundle: str, ports: DispatchPorts, until: datetime) -> Dispatch | None:
    """Put a dispatch of the members still open in the place of a bundle that waits, by its id.

    None where nobody is left, or where it no longer waits. The plans of those left out go on where
    they have something in store. Raises StoreConflict when others were first again and again,
    StoreUnavailable when DynamoDB does not answer until `until`.
    """

    def decided() -> Change | None:
        file, now = load(ports.alerts, bundle), ports.clock.now()
        waits = file.dispatch.state is DispatchState.WAITING and file.dispatch.due_at <= now
        return _change(file, ports, now) if waits and thinned(file) else None

    def stored_write_id(_: Change) -> str | None:
        stored = ports.alerts.dispatch(bundle)
        return stored.write_id if stored else None

    change = decide_and_write(decided, stored_write_id, ports, until)
    if change is None:
        return None
    settled, *follower = change.dispatches
    ports.telemetry.event("alert_silenced", dispatch=bundle, reason=settled.reason)
    return follower[0] if follower else None


def _change(file: DispatchFile, ports: DispatchPorts, now: datetime) -> Change:
    before, wanted = file.dispatch, {member.alert_id for member in file.open_members}
    follower: Dispatch | None = None
    if wanted:
        follower = follow(file, before, ports, now, seconds(0), replaces=before.replaces)
    reason = f"superseded by {follower.id}" if follower else "nobody wants any of it"
    settled = replace(d.settle_not_sent(before, reason=reason), version=before.version + 1)
    alerts: list[Alert] = []
    entries: list[CaseWrite] = []
    for each in file.files:
        case, left_out = each.case, dict[str, Json]()
        for alert in (one for one in file.alerts if one.case_id == case.id):
            after = replace(alert, dispatch=follower.id) if follower else alert
            if alert.id not in wanted:
                why = alert.stop_reason or _ENDED.get(each.case.state, StopReason.NEEDLESS)
                left_out[alert.id] = why.value
                case = _without(case, alert, why, now)
                after = after.stopped(why)
            alerts += [replace(after, version=alert.version + 1)] if after != alert else []
        data: dict[str, Json] = {
            "dispatch": settled.id,
            "state": settled.state.value,
            "next": follower.id if follower else "",
            "left_out": left_out,
        }
        entry = entry_after(case.head, case.chain, now, "dispatch.superseded", data)
        entries.append(CaseWrite(case, entry))
    return Change(
        write_id=ports.new_id(),
        dispatches=(settled, follower) if follower else (settled,),
        alerts=tuple(alerts),
        cases=tuple(entries),
    )


def _without(case: Case, alert: Alert, why: StopReason, now: datetime) -> Case:
    """The case without this alert: its plan may have more in store."""
    return case if alert.stop_reason else after_stop(case, alert, why, now)


_ENDED = {
    CaseState.HANDLED: StopReason.HANDLED,
    CaseState.EXPIRED: StopReason.EXPIRED,
    CaseState.CANCELLED: StopReason.CANCELLED,
}
