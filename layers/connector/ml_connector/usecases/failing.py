"""Telling somebody that nothing is read from Intacct any more, once for each silence.

The person on call has their alarm; this is for whoever would otherwise take silence for no bills.
What is put off, over night for instance, is ended by the next good poll.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from ml_connector.domain.audit import entry_after
from ml_connector.domain.cases import CaseState, StopReason
from ml_connector.domain.instants import seconds
from ml_connector.domain.notices import failing_id, failing_notice
from ml_connector.domain.unit_of_work import CaseWrite, Change
from ml_connector.errors import StoreConflict, StoreError

from .commit import commit
from .days import zone_of
from .notices import frame_of

if TYPE_CHECKING:
    from ml_connector.domain.approvers import Approver
    from ml_connector.domain.flows import Flow, FlowCompany

    from .ports import PollPorts

#: The least that is left of a function's time for this.
_PATIENCE = timedelta(seconds=5)
#: Why the case ended, in the audit.
READ_AGAIN = "poll.succeeded"


def tell(flow: Flow, company: FlowCompany, since: datetime, ports: PollPorts) -> None:
    """Open the case of this silence, where the flow names somebody for it and none is open.

    The status check rings for it. What cannot be written now is by a later tick.
    """
    if not company.poll_failing:
        return
    try:
        if ports.alerts.case_file(failing_id(company.key, since)):
            return
        person = _reader(flow, company, ports)
        if person is None:
            ports.telemetry.error(
                "approver_unreachable",
                approver=company.poll_failing,
                fix="give the approver a phone number, or name another in the flow",
            )
            return
        now = ports.clock.now()
        frame = frame_of(
            company=company.key,
            company_name=company.name,
            zone=company.zone,
            flow_version=flow.version,
            cause="",
            now=now,
            timings=ports.timings,
        )
        wall = zone_of(company.zone, company.key, ports.telemetry)
        notice = failing_notice(since, wall, person, frame)
        change = Change(
            ports.new_id(),
            cases=(notice.case,),
            alerts=(notice.alert,),
            dispatches=(notice.dispatch,),
        )
        _write(change, notice.case.case.id, ports, now + _PATIENCE)
    except StoreConflict:
        # Another tick was first.
        return
    except StoreError as error:
        ports.telemetry.warning(
            "failing_not_told", company=company.key, code=error.code, reason=error.safe_message
        )


def over(company: FlowCompany, since: datetime | None, ports: PollPorts, until: datetime) -> None:
    """End the case of a silence that began then: a poll succeeded.

    Raises nothing of ours: the text it would have kept back is late news and no harm.
    """
    if not company.poll_failing or since is None:
        return
    now = ports.clock.now()
    if now - since <= seconds(ports.timings.poll_stale):
        return
    try:
        file = ports.alerts.case_file(failing_id(company.key, since))
        if file is None or file.case.state.ended:
            return
        case = file.case.ended(CaseState.HANDLED, READ_AGAIN, now)
        stopped = tuple(
            replace(alert.stopped(StopReason.HANDLED), version=alert.version + 1)
            for alert in file.alerts
            if alert.stop_reason is None
        )
        data = {"because": READ_AGAIN, "stopped_alerts": [alert.id for alert in stopped]}
        entry = entry_after(case.head, case.chain, now, "case.handled", data)
        change = Change(ports.new_id(), cases=(CaseWrite(case, entry),), alerts=stopped)
        _write(change, case.id, ports, min(until, now + _PATIENCE))
    except StoreError as error:
        ports.telemetry.warning(
            "failing_not_ended", company=company.key, code=error.code, reason=error.safe_message
        )


def _reader(flow: Flow, company: FlowCompany, ports: PollPorts) -> Approver | None:
    """Who is named for it; where they cannot be texted, whoever leads, then the default."""
    others = (who for who, _ in (*flow.leads(company.key), *flow.defaults(company.key)))
    known = (ports.approvers.approver(who) for who in (company.poll_failing, *others))
    return next((one for one in known if one and one.textable), None)


def _write(change: Change, case_id: str, ports: PollPorts, until: datetime) -> None:
    def stored_write_id() -> str | None:
        file = ports.alerts.case_file(case_id)
        return file.case.write_id if file else None

    commit(
        ports.alerts,
        change,
        stored_write_id=stored_write_id,
        clock=ports.clock,
        until=until,
        sleep=ports.sleep,
    )
