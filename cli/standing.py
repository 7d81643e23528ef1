"""Where a deployment stands: what `status` shows, gathered and judged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cli.alerts.companies import LATE, CompanyStanding, companies_of
from cli.alerts.lately import Lately, lately
from cli.alerts.progress import Advance
from cli.alerts.under_way import FAR
from cli.alerts.words import ago, local
from cli.deployment import Deployment
from cli.holidays import running_out
from cli.people_damaged import damaged
from ml_connector.domain.dispatches import Dispatch, DispatchState
from ml_connector.domain.flows import Flow
from ml_connector.domain.plans import SMS, VOICE
from ml_connector.usecases.absent import VANISHED

#: The most unsettled dispatches looked at; beyond it counts are at least that many.
MOST_IN_FLIGHT = 2_000

_QUEUES = {
    "alerts": "AlertsQueueUrl",
    "alerts dead letters": "AlertsDlqUrl",
    "schedule dead letters": "ScheduleDlqUrl",
    "poll dead letters": "PollDlqUrl",
}

_STANDING_STILL = {"": "texts and calls", SMS: "texts", VOICE: "calls"}


@dataclass(frozen=True, slots=True)
class Standing:
    """All of it. `look_at` names what somebody should look at, most pressing first."""

    flow_version: int | None
    companies: tuple[CompanyStanding, ...]
    in_flight: dict[str, int]
    lately: Lately
    queues: dict[str, int]
    look_at: tuple[str, ...]

    def as_json(self, now: datetime) -> dict[str, Any]:
        """For programs."""
        return {
            "flow_version": self.flow_version,
            "companies": [company.as_json(now) for company in self.companies],
            "in_flight": self.in_flight,
            "failed_in_24_hours": self.lately.failed,
            "today": self.lately.as_json(),
            "history_read_whole": self.lately.whole,
            "queues": self.queues,
            "look_at": list(self.look_at),
        }


def gather(deployment: Deployment, now: datetime, advance: Advance) -> Standing:
    """Look at everything once. `advance` is told how much of the history is read.

    Raises StoreError and what botocore raises.
    """
    flow = deployment.flows.current()
    companies = tuple(companies_of(deployment, flow, now))
    found = deployment.alerts.dispatches(deployment.alerts.look_due(now + FAR, MOST_IN_FLIGHT))
    unsettled = [dispatch for dispatch in found if not dispatch.state.settled]
    queues = {name: _depth(deployment, output) for name, output in _QUEUES.items()}
    zones = {company.key: company.zone for company in companies}
    return Standing(
        flow_version=flow.version if flow else None,
        companies=companies,
        in_flight=dict(Counter(dispatch.state.value for dispatch in unsettled)),
        lately=lately(deployment, zones, now, advance),
        queues=queues,
        look_at=(
            *_about_flow(flow),
            *_about_holidays(deployment, flow, now),
            *map(str, damaged(deployment)),
            *_about_queues(queues),
            *(line for company in companies for line in _about(company, now)),
            *_about_dispatches(unsettled, now),
        ),
    )


def _depth(deployment: Deployment, output: str) -> int:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = deployment.client("sqs").get_queue_attributes(
        QueueUrl=deployment.output(output), AttributeNames=names
    )
    return sum(int(found["Attributes"].get(name, 0)) for name in names)


# ------------------------------------------------------------------------------ judging
def _about_flow(flow: Flow | None) -> Iterable[str]:
    if flow is None:
        yield "no flow is published, so nobody is told: run `ml-connector flow push`"


def _about_holidays(deployment: Deployment, flow: Flow | None, now: datetime) -> Iterable[str]:
    return running_out(flow, deployment.approvers.everybody(), now.date()) if flow else ()


def _about_queues(queues: dict[str, int]) -> Iterable[str]:
    for name, depth in queues.items():
        if depth and name.endswith("dead letters"):
            yield (
                f"{name}: {depth} message(s) nobody could handle; the function's log says why, "
                "`ml-connector redrive` shows them"
            )


def _about(company: CompanyStanding, now: datetime) -> Iterable[str]:
    state = company.state
    if state.poll_succeeded_at is None:
        yield f"{company.key}: never read completely; run `ml-connector ping`"
    elif company.late(now):
        yield f"{company.key}: not read for {ago(state.poll_succeeded_at, now)}"
    if state.last_error and not company.calendar.maintenance_at(now):
        then = f"alerts gone --company {company.key}" if state.last_error == VANISHED else "ping"
        yield (
            f"{company.key}: the last poll ended with {state.last_error}; run `ml-connector {then}`"
        )
    for pause in company.paused(now):
        what = _STANDING_STILL.get(pause.channel, pause.channel)
        since = f" since {local(pause.since, now, company.zone)}" if pause.since else ""
        yield (
            f"{company.key}: {what} stand still until {local(pause.until, now, company.zone)}, for "
            f"Twilio refuses them{since}: {pause.reason}"
        )


def _about_dispatches(unsettled: Iterable[Dispatch], now: datetime) -> Iterable[str]:
    late = [d for d in unsettled if d.state is DispatchState.WAITING and now - d.due_at > LATE]
    if late:
        yield f"{len(late)} alert(s) wait although they are due; the send function's log says why"
    lost = sum(dispatch.state is DispatchState.UNKNOWN for dispatch in unsettled)
    if lost:
        yield f"{lost} alert(s) of which only Twilio's lists can tell whether they were accepted"
