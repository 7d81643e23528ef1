"""A case is one event people have to be told about; an alert is one thing one person is told.

::

    open → acknowledged → confirmed        handled, expired or cancelled ends it

Which sentence of which flow decided is copied into the case: a later change of the flow touches
only new events.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from .audit import ChainHead
from .frozen import frozen

if TYPE_CHECKING:
    from .messages import Detail
    from .plans import PlannedStep, Timer


class CaseState(StrEnum):
    """How far an event has come with the people it concerns."""

    OPEN = "open"
    """Somebody is being told, or is to be."""
    ACKNOWLEDGED = "acknowledged"
    """Somebody replied: seen. Reminders pause."""
    CONFIRMED = "confirmed"
    """Somebody pressed the key: they know and take it on."""
    HANDLED = "handled"
    """Intacct shows that the bill no longer waits for this. Silence from here on."""
    EXPIRED = "expired"
    """Too old to be worth a phone's buzz."""
    CANCELLED = "cancelled"
    """An operator stopped it."""

    @property
    def ended(self) -> bool:
        """Whether nothing may be sent for it any more."""
        return self in (CaseState.HANDLED, CaseState.EXPIRED, CaseState.CANCELLED)


class StopReason(StrEnum):
    """Why no further dispatch starts for an alert. A flag, never a state (`stop_of`)."""

    HANDLED = "handled"
    """The bill was approved, declined, recalled or deleted."""
    EXPIRED = "expired"
    """The plan's time is over."""
    NO_CHANNEL = "no_channel"
    """The person has no usable phone number."""
    OPTED_OUT = "opted_out"
    """The person asked not to be texted."""
    UNREACHABLE = "unreachable"
    """The provider says this number cannot be reached this way, ever."""
    EXHAUSTED = "exhausted"
    """Every attempt the plan allows was made."""
    NEEDLESS = "needless"
    """The case came as far as the rule's `unless` says before this was sent."""
    UNANSWERED = "unanswered"
    """Nobody took any of the calls; the plan goes on with its next step."""
    DECLINED = "declined"
    """The person pressed 2: it is not theirs."""
    CANCELLED = "cancelled"
    """An operator stopped it."""

    @property
    def passes_on(self) -> bool:
        """Whether somebody else, or another channel, has to be tried in its place."""
        return self in _PASSES_ON


_PASSES_ON = frozenset(
    {
        StopReason.NO_CHANNEL,
        StopReason.OPTED_OUT,
        StopReason.UNREACHABLE,
        StopReason.EXHAUSTED,
    }
)


#: The kind of a case that is a daily list: about no event, and about no single document.
DAILY_LIST = "list.daily"


class Listed(NamedTuple):
    """A bill on a daily list: the case it was told in, and how much of it a text may show."""

    document: str
    case_id: str
    detail: Detail


@frozen
class Case:
    """One event, from the poll that saw it to its end. The id is the event's id.

    `head` is the head of the case's audit chain; every change of a case appends an entry, so the
    head's number is also the version that writes are conditional on.

    `plan` is what the rule planned, copied; `position` is the last step that was begun, is on the
    agenda or was left out, and `agenda` says what begins when; `repeats` holds, for steps that are
    repeated, the last occurrence that was begun, planned or left out. `look_at` is when somebody
    has to look at it next, None while nothing is to be done. `asked_at` is when a fresh look at the
    document was asked for before a step. `company_name` begins every text, and `zone` is the
    company's, for people who have none of their own. `replies` says whether texts ask for a reply.
    `listed` are the bills of a daily list, oldest first; every other case has none.
    """

    id: str
    company: str
    document: str
    kind: str
    round: int
    state: CaseState
    opened_at: datetime
    expires_at: datetime
    rule: str
    flow_version: int
    head: ChainHead
    ended_at: datetime | None = None
    end_reason: str = ""
    write_id: str = ""
    plan: tuple[PlannedStep, ...] = ()
    position: int = 0
    agenda: tuple[Timer, ...] = ()
    repeats: tuple[tuple[int, int], ...] = ()
    look_at: datetime | None = None
    asked_at: datetime | None = None
    company_name: str = ""
    zone: str = ""
    reply_confirms: bool = False
    snooze: timedelta = timedelta(0)
    replies: bool = False
    listed: tuple[Listed, ...] = ()

    @property
    def chain(self) -> str:
        """The name of the case's audit chain."""
        return case_chain(self.id)

    def reached(self, state: CaseState) -> Case:
        """The case once somebody acknowledged or confirmed it; it never goes back, nor on."""
        order = (CaseState.OPEN, CaseState.ACKNOWLEDGED, CaseState.CONFIRMED)
        if self.state.ended or order.index(state) <= order.index(self.state):
            return self
        return replace(self, state=state)

    def ended(self, state: CaseState, reason: str, now: datetime) -> Case:
        """The case once it is over. Ending twice keeps the first end."""
        if self.state.ended:
            return self
        return replace(self, state=state, ended_at=now, end_reason=reason, agenda=(), look_at=None)


@frozen
class Alert:
    """One person to be told one step of one case. `dispatch` is the newest one made for it.

    `passed_on` says that what follows from its stop, somebody else or another channel, was seen to.
    """

    id: str
    case_id: str
    company: str
    step: int
    occurrence: int
    recipient: str
    channel: str
    created_at: datetime
    dispatch: str = ""
    stop_reason: StopReason | None = None
    version: int = 1
    write_id: str = ""
    passed_on: bool = False

    def stopped(self, reason: StopReason) -> Alert:
        """The alert with its first stop reason; a later reason never replaces it."""
        return self if self.stop_reason else replace(self, stop_reason=reason)


def stop_of(case: Case, alert: Alert) -> StopReason | None:
    """Why no further dispatch starts for an alert: its own reason, or else that its case is over.

    The end of a case is written to the case alone, however many alerts it has.
    """
    if alert.stop_reason or not case.state.ended:
        return alert.stop_reason
    return StopReason(case.state.value)


def case_chain(case_id: str) -> str:
    """The audit chain of a case."""
    return f"case#{case_id}"
