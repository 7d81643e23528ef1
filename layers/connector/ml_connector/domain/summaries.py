"""The figures of one company's week, out of what is stored: who was told, how long it took, what
it cost, and what still waits.

Bills are approved in Intacct; when, is known as exactly as polls are close together. Time counts
from the poll that saw a bill until the one that saw it approved, as in `audit report`, which counts
out of the audit trail instead and without bounds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from enum import StrEnum
from statistics import median

from .cases import Case, CaseState
from .dispatches import Dispatch, DispatchState
from .documents import Document
from .events import EventKind
from .frozen import frozen
from .ids import stable_id
from .money import Money

KIND = "summary.weekly"

#: What Intacct shows of a bill somebody approved.
APPROVED = frozenset({EventKind.APPROVED.value, EventKind.PARTIALLY_APPROVED.value})
#: The slowest so many approvals are named, and the oldest bills that wait.
MOST_NAMED = 5

_NOT_ARRIVED = (DispatchState.UNDELIVERED, DispatchState.FAILED)
_NOT_TAKEN = (DispatchState.UNANSWERED, DispatchState.MACHINE)


class Published(StrEnum):
    """What became of one message to the topic."""

    YES = "yes"
    NO = "no"
    """It certainly was not taken."""
    UNKNOWN = "unknown"
    """No answer came: it may have been."""


@frozen
class Week:
    """Seven days of one company's wall, from Monday until before the next. `name` is ISO's."""

    name: str
    first: date
    start: datetime
    end: datetime

    def holds(self, at: datetime | None) -> bool:
        """Whether something was in it."""
        return at is not None and self.start <= at < self.end


def week_before(now: datetime, wall: tzinfo) -> Week:
    """The week that ended with the last Monday's beginning on that wall."""
    today = now.astimezone(wall).date()
    monday = today - timedelta(days=today.weekday())
    first = monday - timedelta(days=7)
    year, number, _ = first.isocalendar()
    start, end = (datetime.combine(day, time(), wall) for day in (first, monday))
    return Week(f"{year}-W{number:02d}", first, start, end)


def summary_id(company: str, week: Week, attempt: int) -> str:
    """The id of the case of one try to publish a week's summary."""
    return stable_id("summary", company, week.name, attempt)


@frozen
class Told:
    """What one person was sent in the week."""

    person: str
    texts: int
    calls: int
    alerts: int


@frozen
class Approval:
    """One approval of the week. `document` is None where the bill is no longer stored."""

    case: Case
    document: Document | None
    took: timedelta
    told: tuple[str, ...]


@frozen
class Figures:
    """Everything a summary says. `cost` is by currency; `unpriced` what Twilio has not billed yet.

    `cut` says that there was more than is read for a summary, so that all of it is at least so
    much.
    """

    told: tuple[Told, ...]
    approvals: int
    to_approval: timedelta | None
    slowest: tuple[Approval, ...]
    texts: int
    calls: int
    not_arrived: int
    not_taken: int
    cost: tuple[Money, ...]
    unpriced: int
    waiting: int
    sums: tuple[Money, ...]
    oldest: tuple[Document, ...]
    cut: bool = False


def approved_in(case: Case, week: Week) -> bool:
    """Whether a case ended in the week because its bill was approved."""
    ended = case.state is CaseState.HANDLED and week.holds(case.ended_at)
    return ended and case.end_reason in APPROVED and case.document.startswith("bill#")


def figures_of(
    week: Week,
    dispatches: Iterable[Dispatch],
    cases: Iterable[tuple[Case, tuple[str, ...]]],
    documents: Mapping[str, Document],
    waiting: Sequence[Document],
    *,
    cut: bool = False,
) -> Figures:
    """The figures of a week.

    `dispatches` are what was sent to people of the company, `cases` those they were about, each
    with who was told; both may reach beyond the week. `documents` are the bills by id, and
    `waiting` those that wait now.
    """
    sent = [one for one in dispatches if one.sid and week.holds(one.sent_at)]
    ended = [
        Approval(case, documents.get(case.document), case.ended_at - case.opened_at, told)
        for case, told in cases
        if approved_in(case, week) and case.ended_at
    ]
    slowest = sorted(ended, key=lambda one: (-one.took, one.case.id))
    prices = [Money(abs(x.price), x.price_unit or "?") for x in sent if x.price is not None]
    return Figures(
        told=_told(sent),
        approvals=len(ended),
        to_approval=_median([one.took for one in ended]),
        slowest=tuple(slowest[:MOST_NAMED]),
        texts=sum(not one.voice for one in sent),
        calls=sum(one.voice for one in sent),
        not_arrived=sum(one.state in _NOT_ARRIVED for one in sent),
        not_taken=sum(one.state in _NOT_TAKEN for one in sent),
        cost=_sums(prices),
        unpriced=sum(one.price is None for one in sent),
        waiting=len(waiting),
        sums=_sums(one.amount for one in waiting),
        oldest=tuple(sorted(waiting, key=waits_since)[:MOST_NAMED]),
        cut=cut,
    )


def waits_since(document: Document) -> datetime:
    """Since when a bill waits at least."""
    seen = document.open_since or document.first_seen
    return min(seen, document.modified or seen)


def _told(sent: Iterable[Dispatch]) -> tuple[Told, ...]:
    by_person: defaultdict[str, list[Dispatch]] = defaultdict(list)
    for one in sent:
        by_person[one.recipient].append(one)
    rows = [
        Told(
            person=person,
            texts=sum(not one.voice for one in theirs),
            calls=sum(one.voice for one in theirs),
            alerts=sum(len(one.members) for one in theirs),
        )
        for person, theirs in by_person.items()
    ]
    return tuple(sorted(rows, key=lambda row: (-row.texts - row.calls, row.person)))


def _sums(amounts: Iterable[Money]) -> tuple[Money, ...]:
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    for one in amounts:
        sums[one.currency] += one.amount
    return tuple(Money(sums[currency], currency) for currency in sorted(sums))


def _median(times: Sequence[timedelta]) -> timedelta | None:
    if not times:
        return None
    return timedelta(seconds=median(took.total_seconds() for took in times))
