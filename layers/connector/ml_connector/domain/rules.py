"""A published flow as data: its companies and its rules, in the order they are looked at."""

from __future__ import annotations

from dataclasses import field
from datetime import timedelta
from enum import StrEnum

from .calendars import Calendar
from .caps import USUAL_CAP
from .conditions import When
from .events import EventKind
from .frozen import frozen
from .list_hours import DailyList
from .plans import USUAL_SNOOZE, Step
from .sentences import sentence

#: The version of the published form. A flow of another one is refused, never guessed at.
SCHEMA = 1

#: A case is opened together with its alerts and first dispatches, in one transaction.
MOST_STEPS = 10


class Role(StrEnum):
    """What `to` may say instead of somebody's id; nobody's id is one of these."""

    APPROVER = "approver"
    """Whoever the rule, its matrix, Intacct or a cost centre names."""
    MANAGER = "manager"
    """The manager of that person."""
    NEXT_LEVEL = "next_level"
    """The approver of the matrix level that comes after those who have approved."""
    AP_LEAD = "ap_lead"
    """Who leads accounts payable."""
    DEFAULT = "default_approver"
    """Who is told in place of whoever cannot be found."""


@frozen
class Rule:
    """One line of the flow.

    `companies` are the keys it is for; none means all. `levels` are the approver ids of an approval
    matrix, first level first. With `reply_confirms` a reply counts as much as a key press. A reply
    puts off the texts that were to come by `snooze`.
    """

    name: str
    on: frozenset[EventKind]
    steps: tuple[Step, ...]
    when: When = field(default=When())
    companies: tuple[str, ...] = ()
    approver: str = ""
    levels: tuple[str, ...] = ()
    reply_confirms: bool = False
    snooze: timedelta = USUAL_SNOOZE

    def speaks_of(self, kind: EventKind, company: str) -> bool:
        """Whether it names this event and is for this company."""
        return kind in self.on and (not self.companies or company in self.companies)

    @property
    def sentence(self) -> str:
        """The rule as a person would say it."""
        return sentence(self)


@frozen
class FlowCompany:
    """A company of the flow: its key, the name in texts, and its IANA zone.

    `calendar` says when it is polled. Its own default approver and AP lead come before those of the
    flow. `replies` is whether its texts ask for a reply: a sender that is a name receives none.
    `cap_per_day` is how many messages go out in a day (`caps`). Without a `daily_list` nobody gets
    one.
    """

    key: str
    name: str
    zone: str
    calendar: Calendar = field(default=Calendar())
    default_approver: str = ""
    ap_lead: str = ""
    replies: bool = True
    cap_per_day: int = USUAL_CAP
    daily_list: DailyList | None = None


@frozen
class Flow:
    """One published version."""

    version: int
    companies: tuple[FlowCompany, ...]
    rules: tuple[Rule, ...]
    default_approver: str = ""
    ap_lead: str = ""

    def company(self, key: str) -> FlowCompany | None:
        """The company with this key."""
        return next((company for company in self.companies if company.key == key), None)

    def speaks_of(self, kind: EventKind, company: str | None = None) -> bool:
        """Whether any rule names this event, for this company or for any."""
        if company is None:
            return any(kind in rule.on for rule in self.rules)
        return any(rule.speaks_of(kind, company) for rule in self.rules)

    def defaults(self, company: str) -> tuple[tuple[str, str], ...]:
        """Who is told in the end: pairs of approver id and reason."""
        return self._fallback(company, "default_approver", "default")

    def leads(self, company: str) -> tuple[tuple[str, str], ...]:
        """Who leads accounts payable: pairs of approver id and reason."""
        return self._fallback(company, "ap_lead", "AP lead")

    def _fallback(self, key: str, field_name: str, reason: str) -> tuple[tuple[str, str], ...]:
        company = self.company(key)
        own = getattr(company, field_name) if company else ""
        pairs = ((own, f"{reason} of {key}"), (getattr(self, field_name), reason))
        return tuple(pair for pair in pairs if pair[0])
