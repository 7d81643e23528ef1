"""Starting a step again for somebody else, in place of whoever was not told or said not mine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ml_connector.domain.hours import zone_named
from ml_connector.domain.passing_on import not_theirs, passing
from ml_connector.domain.people import is_away
from ml_connector.domain.planning import NOBODY_ELSE, NOT_THEIRS, Start
from ml_connector.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ml_connector.domain.cases import Alert, Case
    from ml_connector.domain.flows import Flow
    from ml_connector.domain.unit_of_work import CaseFile

    from .ports import Telemetry
    from .steps import DispatchPorts

#: So many alerts are passed on in one transaction, which takes a hundred parts: each is three, and
#: the steps that are due with them take what is left. The rest follows at the next look.
MOST_AT_ONCE = 12

Pairs = tuple[tuple[str, str], ...]


def passed_now(file: CaseFile) -> list[Alert]:
    """The alerts that are passed on at this look."""
    return passing(file)[:MOST_AT_ONCE]


def more_to_pass_on(file: CaseFile, changed: Iterable[Alert]) -> bool:
    """Whether there is more to pass on once these alerts, new ones among them, are written."""
    alerts = {alert.id: alert for alert in (*file.alerts, *changed)}
    return bool(passing(replace(file, alerts=tuple(alerts.values()))))


def instead(alert: Alert, file: CaseFile) -> Start:
    """Another start of the alert's step, past everybody and everything that was tried."""
    tried = frozenset(
        (other.recipient, other.channel)
        for other in file.alerts
        if (other.step, other.occurrence) == (alert.step, alert.occurrence)
    )
    return Start(alert.step, alert.occurrence, tried)


def minding(
    starts: Sequence[Start], file: CaseFile, ports: DispatchPorts, now: datetime
) -> list[Start]:
    """The starts, past those who said that the case is not theirs.

    Then whoever stands over them may be told too: their managers, who leads accounts payable and
    who is told in the end. Raises StoreUnavailable.
    """
    said_no = not_theirs(file)
    if not said_no or not starts:
        return list(starts)
    others = _others(said_no, file, ports, now)
    return [replace(start, not_theirs=said_no, others=others) for start in starts]


def say_nobody_else(case: Case, data: Mapping[str, Any], telemetry: Telemetry) -> None:
    """Say loudly, of what was just written, that nobody is left for what somebody handed back.

    Where nobody said so, it was told as each of them turned out not to be reached.
    """
    for told in data.get("alerts", ()):
        reasons = [one.get("reason") for one in told.get("passed_over", ())]
        if told.get("stopped") == NOBODY_ELSE and NOT_THEIRS in reasons:
            telemetry.error(
                "nobody_else_to_tell",
                company=case.company,
                case=case.id,
                step=told.get("step"),
                fix="find out whose bill it is, and name them, an AP lead or a default approver "
                "in the flow",
            )
            telemetry.count("AlertsFailed")


def _others(said_no: frozenset[str], file: CaseFile, ports: DispatchPorts, now: datetime) -> Pairs:
    today = now.astimezone(zone_named(file.case.zone) or UTC).date()

    def in_person(pairs: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
        for who, why in pairs:
            person = ports.approvers.approver(who)
            if person and person.substitute and is_away(person, today):
                yield person.substitute, f"substitute of {who}"
            yield who, why

    def over() -> Iterator[tuple[str, str]]:
        for who in sorted(said_no):
            person = ports.approvers.approver(who)
            if person and person.manager:
                yield person.manager, f"manager of {who}"
        flow = _flow(ports)
        if flow:
            yield from flow.leads(file.case.company)
            yield from flow.defaults(file.case.company)

    found: dict[str, str] = {}
    for who, why in in_person(over()):
        found.setdefault(who, why)
    return tuple(found.items())


def _flow(ports: DispatchPorts) -> Flow | None:
    try:
        return ports.flows.current() if ports.flows else None
    except ConfigurationError:
        return None
