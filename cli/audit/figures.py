"""How long it took until somebody was told, confirmed and approved, out of the audit trail.

Time is counted from when the poll saw the bill; when it was submitted before that, between two
polls, Intacct does not say. What a case did is read from its own chain, one chain at a time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum, auto
from itertools import groupby
from operator import attrgetter
from statistics import median
from typing import Any, NamedTuple

from ml_connector.domain.chains import Link
from ml_connector.domain.instants import from_text
from ml_connector.domain.summaries import KIND as SUMMARY

from .timeline import alerts_in, data_of, taken_over

#: The entry a case begins with.
OPENED = "case.opened"
_SENT = frozenset({"dispatch.sent", "dispatch.adopted"})
#: A call somebody took was heard, whatever they pressed.
_REACHED = frozenset({"dispatch.delivered", "dispatch.confirmed", "dispatch.declined"})
_FAILED = frozenset(
    {
        "dispatch.undelivered",
        "dispatch.failed",
        "dispatch.refused",
        "dispatch.unanswered",
        "dispatch.machine",
    }
)
_APPROVED = frozenset({"bill.approved", "bill.partially_approved"})


@dataclass(slots=True)
class Told:
    """What one person was told in one case. Times are when the audit says so, UTC."""

    approver: str
    alerts: int = 0
    failed: int = 0
    sent_at: datetime | None = None
    delivered_at: datetime | None = None
    confirmed_at: datetime | None = None
    dispatches: set[str] = field(default_factory=set)


@dataclass(slots=True)
class CaseStory:
    """One case: what it is about, when it began, whom it told, and when Intacct said approved."""

    id: str
    company: str
    document: str
    opened_at: datetime
    approved_at: datetime | None = None
    told: dict[str, Told] = field(default_factory=dict)


class Untold(Enum):
    """Why a chain of a case has no story."""

    EARLIER = auto()
    """It was opened before the first of the entries that were looked at."""
    NOBODY = auto()
    """It is a mail of the week's figures, which tells no approver anything."""
    DAMAGED = auto()
    """The entry that opened it is gone, or one is not readable: `audit verify` names it."""


class Stories(NamedTuple):
    """The cases of a period, and the chains nothing can be told from."""

    cases: list[CaseStory]
    damaged: list[str]


@dataclass(frozen=True, slots=True)
class Row:
    """The figures of one approver, one vendor, or all. Medians are None where there is nothing.

    `cost` is what is known of it, by currency; `unpriced` counts what Twilio has not priced yet.
    """

    name: str
    cases: int
    alerts: int
    sent: int
    delivered: int
    confirmed: int
    approved: int
    failed: int
    to_sent: timedelta | None
    to_delivered: timedelta | None
    to_confirmed: timedelta | None
    to_approved: timedelta | None
    cost: tuple[tuple[str, Decimal], ...]
    unpriced: int


# ------------------------------------------------------------------------ out of the trail
def stories(
    links: Iterable[Link],
    again: Callable[[str], Iterable[Link]],
    since: datetime,
    until: datetime,
) -> Stories:
    """The cases opened from `since` until before `until`, out of all entries written since then.

    `again`, given a chain's name, reads it by itself: for one whose entries come in pieces, or
    whose first ones are older than these.
    """
    found: dict[str, CaseStory | Untold] = {}
    for chain, entries in groupby(links, key=attrgetter("chain")):
        if chain.startswith("case#"):
            found[chain] = _story(list(again(chain)) if chain in found else list(entries), again)
    return Stories(
        [
            one
            for one in found.values()
            if isinstance(one, CaseStory) and since <= one.opened_at < until
        ],
        [chain for chain, one in found.items() if one is Untold.DAMAGED],
    )


def _story(links: Sequence[Link], again: Callable[[str], Iterable[Link]]) -> CaseStory | Untold:
    """The story of a case, whatever order its entries came in."""
    links = sorted(links, key=attrgetter("seq"))
    opening = next((link for link in links if link.kind == OPENED), None)
    if opening is None:
        return Untold.EARLIER if _was_opened(links, again) else Untold.DAMAGED
    first = data_of(opening)
    if first.get("event") == SUMMARY:
        return Untold.NOBODY
    try:
        story = CaseStory(
            id=opening.chain.removeprefix("case#"),
            company=str(first.get("company") or ""),
            document=str(first.get("document") or ""),
            opened_at=from_text(opening.at),
        )
        owners: dict[str, str] = {}
        for link in links:
            _note(story, owners, link.kind, data_of(link), from_text(link.at))
    except ValueError:
        return Untold.DAMAGED
    return story


def _was_opened(links: Sequence[Link], again: Callable[[str], Iterable[Link]]) -> bool:
    """Whether a case of which these are the later entries has an entry that opened it."""
    return links[0].seq > 1 and any(link.kind == OPENED for link in again(links[0].chain))


def _note(
    story: CaseStory, owners: dict[str, str], kind: str, data: Mapping[str, Any], at: datetime
) -> None:
    for alert in alerts_in(data):
        if "recipient" in alert:
            _alerted(story, owners, alert)
    if kind == "case.handled" and data.get("because") in _APPROVED:
        story.approved_at = story.approved_at or at
    elif kind == "case.confirmed":
        person = _person(story, str(data.get("approver") or ""))
        person.confirmed_at = person.confirmed_at or at
    elif kind.startswith("dispatch.") and data.get("dispatch"):
        _went_on(story, owners, kind, data, at)


def _alerted(story: CaseStory, owners: dict[str, str], alert: Mapping[str, Any]) -> None:
    person = _person(story, str(alert["recipient"]))
    person.alerts += 1
    person.failed += bool(alert.get("stopped"))
    if alert.get("dispatch"):
        owners[str(alert["dispatch"])] = person.approver


def _went_on(
    story: CaseStory, owners: dict[str, str], kind: str, data: Mapping[str, Any], at: datetime
) -> None:
    dispatch, after = str(data["dispatch"]), data.get("next")
    for before in taken_over(data):
        if before in owners:
            owners.setdefault(dispatch, owners[before])
    person = _person(story, owners.get(dispatch) or str(data.get("recipient") or ""))
    if isinstance(after, str) and " " not in after:
        owners.setdefault(after, person.approver)
    person.dispatches.add(dispatch)
    if kind in _SENT:
        person.sent_at = person.sent_at or at
    if kind in _REACHED:
        person.delivered_at = person.delivered_at or at
    if kind == "dispatch.confirmed":
        person.confirmed_at = person.confirmed_at or at
    person.failed += kind in _FAILED


def _person(story: CaseStory, approver: str) -> Told:
    return story.told.setdefault(approver, Told(approver))


# ------------------------------------------------------------------------------- together
@dataclass(frozen=True, slots=True)
class Price:
    """What one dispatch cost. `shares` is how many cases it was about; `amount` None is unknown.

    `awaited`: Twilio will be asked again. For a call that nobody took it never names a price.
    """

    amount: Decimal | None
    currency: str
    shares: int
    awaited: bool = True


@dataclass(slots=True)
class _Line:
    """One case, or one person's part of one: what rows are summed from."""

    opened_at: datetime
    approved_at: datetime | None
    told: list[Told]

    def first(self, name: str) -> timedelta | None:
        """How long until the first of these times."""
        times = [at for one in self.told if (at := getattr(one, name))]
        return min(times) - self.opened_at if times else None


def rows_by_approver(stories: Iterable[CaseStory], prices: Mapping[str, Price]) -> list[Row]:
    """A row for each person who was to be told, by id."""
    lines: defaultdict[str, list[_Line]] = defaultdict(list)
    for story in stories:
        for approver, told in story.told.items():
            lines[approver].append(_Line(story.opened_at, story.approved_at, [told]))
    return [_row(name or "not known", lines[name], prices) for name in sorted(lines)]


def rows_by_vendor(
    stories: Iterable[CaseStory], prices: Mapping[str, Price], vendors: Mapping[str, str]
) -> list[Row]:
    """A row for each vendor by name; `vendors` says whose a case is."""
    lines: defaultdict[str, list[_Line]] = defaultdict(list)
    for story in stories:
        lines[vendors.get(story.id, "")].append(_line(story))
    return [_row(name or "several, or not known", lines[name], prices) for name in sorted(lines)]


def total(stories: Iterable[CaseStory], prices: Mapping[str, Price]) -> Row:
    """All of them in one row."""
    return _row("all", [_line(story) for story in stories], prices)


def _line(story: CaseStory) -> _Line:
    return _Line(story.opened_at, story.approved_at, list(story.told.values()))


def _row(name: str, lines: Sequence[_Line], prices: Mapping[str, Price]) -> Row:
    approved = [line.approved_at - line.opened_at for line in lines if line.approved_at]
    times = {
        what: [took for line in lines if (took := line.first(what)) is not None]
        for what in ("sent_at", "delivered_at", "confirmed_at")
    }
    told = [one for line in lines for one in line.told]
    sent = {dispatch for one in told for dispatch in one.dispatches} & prices.keys()
    amounts: defaultdict[str, Decimal] = defaultdict(Decimal)
    for one in told:
        for dispatch in one.dispatches & sent:
            price = prices[dispatch]
            if price.amount is not None:
                amounts[price.currency] += abs(price.amount) / price.shares
    return Row(
        name=name,
        cases=len(lines),
        alerts=sum(one.alerts for one in told),
        sent=len(times["sent_at"]),
        delivered=len(times["delivered_at"]),
        confirmed=len(times["confirmed_at"]),
        approved=len(approved),
        failed=sum(one.failed for one in told),
        to_sent=_median(times["sent_at"]),
        to_delivered=_median(times["delivered_at"]),
        to_confirmed=_median(times["confirmed_at"]),
        to_approved=_median(approved),
        cost=tuple(sorted(amounts.items())),
        unpriced=sum(one.awaited and one.amount is None for one in (prices[name] for name in sent)),
    )


def _median(times: Sequence[timedelta]) -> timedelta | None:
    if not times:
        return None
    return timedelta(seconds=median(took.total_seconds() for took in times))
