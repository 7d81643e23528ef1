"""Where a deployment stands: what `status` shows, gathered and judged."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from cli.deployment import Deployment
from ml_connector.domain.dispatches import Dispatch, DispatchState
from ml_connector.domain.documents import CompanyState, Document
from ml_connector.domain.flows import Flow
from ml_connector.domain.instants import to_text
from ml_connector.domain.money import Money
from ml_connector.store.models import DispatchItem
from ml_connector.store.transaction import translated

#: How far back failures are counted.
LOOK_BACK = timedelta(hours=24)
#: A company not read for this long, or a text waiting this long past its time, wants a look. A
#: little more than the longest time between two polls.
LATE = timedelta(minutes=20)
#: Farther ahead than anything is ever put off.
_FAR = timedelta(days=400)
#: The most unsettled dispatches looked at; beyond it counts are at least that many.
MOST_IN_FLIGHT = 2_000

_FAILED = frozenset({DispatchState.FAILED, DispatchState.UNDELIVERED})
_QUEUES = {
    "alerts": "AlertsQueueUrl",
    "alerts dead letters": "AlertsDlqUrl",
    "schedule dead letters": "ScheduleDlqUrl",
    "poll dead letters": "PollDlqUrl",
}


@dataclass(frozen=True, slots=True)
class CompanyStanding:
    """One company of the flow."""

    key: str
    name: str
    state: CompanyState
    waiting: int
    sums: tuple[Money, ...]
    oldest: datetime | None
    """When the bill that waits longest was first seen to wait."""
    paused_until: datetime | None

    def as_json(self) -> dict[str, Any]:
        """For programs; instants are ISO, UTC."""
        return {
            "company": self.key,
            "name": self.name,
            "last_success": _said(self.state.poll_succeeded_at),
            "last_start": _said(self.state.poll_started_at),
            "last_error": self.state.last_error,
            "baseline_done": self.state.baseline_done,
            "waiting": self.waiting,
            "sums": [money.canonical() for money in self.sums],
            "waiting_since": _said(self.oldest),
            "paused_until": _said(self.paused_until),
        }


@dataclass(frozen=True, slots=True)
class Standing:
    """All of it. `look_at` names what somebody should look at, most pressing first."""

    flow_version: int | None
    companies: tuple[CompanyStanding, ...]
    in_flight: dict[str, int]
    failed: int
    queues: dict[str, int]
    look_at: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "flow_version": self.flow_version,
            "companies": [company.as_json() for company in self.companies],
            "in_flight": self.in_flight,
            "failed_in_24_hours": self.failed,
            "queues": self.queues,
            "look_at": list(self.look_at),
        }


def gather(deployment: Deployment, now: datetime) -> Standing:
    """Look at everything once. Raises StoreError and what botocore raises."""
    flow = deployment.flows.current()
    companies = tuple(_companies(deployment, flow))
    found = deployment.alerts.dispatches(deployment.alerts.look_due(now + _FAR, MOST_IN_FLIGHT))
    unsettled = [dispatch for dispatch in found if not dispatch.state.settled]
    queues = {name: _depth(deployment, output) for name, output in _QUEUES.items()}
    return Standing(
        flow_version=flow.version if flow else None,
        companies=companies,
        in_flight=dict(Counter(dispatch.state.value for dispatch in unsettled)),
        failed=_failed_since(now - LOOK_BACK),
        queues=queues,
        look_at=(
            *_about_flow(flow),
            *_about_queues(queues),
            *(line for company in companies for line in _about(company, now)),
            *_about_texts(unsettled, now),
        ),
    )


def _companies(deployment: Deployment, flow: Flow | None) -> Iterable[CompanyStanding]:
    for company in flow.companies if flow else ():
        waiting = deployment.documents.waiting(company.key)
        pause = deployment.alerts.paused_until(company.key)
        since = [document.open_since for document in waiting if document.open_since]
        yield CompanyStanding(
            key=company.key,
            name=company.name,
            state=deployment.documents.state(company.key),
            waiting=len(waiting),
            sums=_sums(waiting),
            oldest=min(since, default=None),
            paused_until=pause,
        )


def _sums(waiting: Iterable[Document]) -> tuple[Money, ...]:
    totals: defaultdict[str, Decimal] = defaultdict(Decimal)
    for document in waiting:
        totals[document.amount.currency] += document.amount.amount
    return tuple(Money(amount, currency) for currency, amount in sorted(totals.items()))


def _failed_since(since: datetime) -> int:
    """How many texts failed. Reads the whole table: history has no index, and is small."""
    text = to_text(since)
    made_since = (DispatchItem.sk == "dispatch") & (DispatchItem.created_at >= text)
    with translated():
        rows = DispatchItem.scan(made_since, attributes_to_get=["pk", "sk", "state"])
        return sum(row.state in _FAILED for row in rows)


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


def _about_queues(queues: dict[str, int]) -> Iterable[str]:
    for name, depth in queues.items():
        if depth and name.endswith("dead letters"):
            yield f"{name}: {depth} message(s) nobody could handle; the function's log says why"


def _about(company: CompanyStanding, now: datetime) -> Iterable[str]:
    state = company.state
    if state.poll_succeeded_at is None:
        yield f"{company.key}: never read completely; run `ml-connector ping`"
    elif now - state.poll_succeeded_at > LATE:
        yield f"{company.key}: not read for {ago(state.poll_succeeded_at, now)}"
    if state.last_error:
        yield f"{company.key}: the last poll ended with {state.last_error}; run `ml-connector ping`"
    if company.paused_until and company.paused_until > now:
        yield (
            f"{company.key}: texts stand still until {company.paused_until:%H:%M} UTC, for Twilio "
            "refused the account or the sender"
        )


def _about_texts(unsettled: Iterable[Dispatch], now: datetime) -> Iterable[str]:
    late = [d for d in unsettled if d.state is DispatchState.WAITING and now - d.due_at > LATE]
    if late:
        yield f"{len(late)} text(s) wait although they are due; the send function's log says why"
    lost = sum(dispatch.state is DispatchState.UNKNOWN for dispatch in unsettled)
    if lost:
        yield f"{lost} text(s) of which only Twilio's lists can tell whether they were accepted"


def ago(then: datetime, now: datetime) -> str:
    """The time since then in its largest unit."""
    seconds = max(0, int((now - then).total_seconds()))
    for name, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length:
            return f"{seconds // length} {name}"
    return f"{seconds} s"


def _said(moment: datetime | None) -> str | None:
    return to_text(moment) if moment else None
