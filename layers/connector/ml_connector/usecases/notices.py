"""Who leads accounts payable, and what they are told about the people they rely on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ml_connector.domain.frozen import frozen
from ml_connector.domain.instants import seconds
from ml_connector.domain.notices import Frame, Notice, opt_out_notice
from ml_connector.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from ml_connector.domain.approvers import Approver
    from ml_connector.domain.flows import Flow
    from ml_connector.settings import Timings

    from .ports import ApproverStore
    from .steps import DispatchPorts


@frozen
class _Lead:
    """Somebody to be told, and the company whose name their text begins with."""

    person: Approver
    company: str
    company_name: str
    zone: str


def opt_out_notices(
    person: Approver, cause: str, heard: frozenset[str], ports: DispatchPorts, now: datetime
) -> tuple[Notice, ...]:
    """One text to everybody who leads accounts payable: this person gets no more texts.

    `person` is as they are from now on, `cause` names the opt-out. Of each company the first is
    told who can be texted: its lead, the flow's, then who is told by default; nobody of those that
    were `heard` to want no texts. Empty where there is nobody. Raises StoreUnavailable.
    """
    flow = _flow(ports)
    if flow is None:
        return ()
    return tuple(
        opt_out_notice(
            person,
            lead.person,
            frame_of(
                company=lead.company,
                company_name=lead.company_name,
                zone=lead.zone,
                flow_version=flow.version,
                cause=cause,
                now=now,
                timings=ports.timings,
            ),
        )
        for lead in _leads(flow, heard, ports.approvers)
    )


def frame_of(
    *,
    company: str,
    company_name: str,
    zone: str,
    flow_version: int,
    cause: str,
    now: datetime,
    timings: Timings,
) -> Frame:
    """The frame of a notice that lives as long as any case."""
    return Frame(
        company=company,
        company_name=company_name,
        zone=zone,
        flow_version=flow_version,
        cause=cause,
        now=now,
        expires_at=now + seconds(timings.case_lifetime),
        validity_seconds=int(timings.validity),
    )


def _flow(ports: DispatchPorts) -> Flow | None:
    """The flow in force. One that cannot be understood must not keep a STOP from being heard."""
    try:
        return ports.flows.current() if ports.flows else None
    except ConfigurationError as error:
        ports.telemetry.warning("flow_unreadable", reason=error.safe_message)
        return None


def _leads(flow: Flow, but_not: frozenset[str], approvers: ApproverStore) -> Iterator[_Lead]:
    """Whom each company has for this, everybody once."""
    told: set[str] = set()
    for company in flow.companies:
        ids = [who for who, _ in (*flow.leads(company.key), *flow.defaults(company.key))]
        known = (approvers.approver(who) for who in dict.fromkeys(ids) if who not in but_not)
        lead = next((one for one in known if one and one.textable), None)
        if lead and lead.id not in told:
            told.add(lead.id)
            yield _Lead(lead, company.key, company.name, company.zone)
