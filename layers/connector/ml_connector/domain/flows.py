"""Who is told what: the published flow, and how it decides.

A flow is written by finance people, checked and published elsewhere; here it is data that was
already found good. First match wins. Every decision cites the version and the sentence of the rule
that made it, and nothing is decided without one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from ml_connector.errors import ConfigurationError

from .documents import Document
from .events import EventKind
from .money import Money

#: The version of the published form. A flow of another one is refused, never guessed at.
SCHEMA = 1


@dataclass(frozen=True, slots=True)
class AmountBand:
    """At least `at_least`, and under `under`, in one currency; None is open on that side."""

    currency: str
    at_least: Decimal | None = None
    under: Decimal | None = None

    def holds(self, amount: Money) -> bool:
        """Whether the amount lies inside; another currency never does."""
        if amount.currency != self.currency:
            return False
        above = self.at_least is None or amount.amount >= self.at_least
        return above and (self.under is None or amount.amount < self.under)

    def __str__(self) -> str:
        low = None if self.at_least is None else Money(self.at_least, self.currency)
        high = None if self.under is None else Money(self.under, self.currency)
        if low and high:
            return f"of at least {low} and under {high}"
        return f"of at least {low}" if low else f"under {high}"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do for one person: the channel, and who (`approver` or an approver's id)."""

    channel: str
    to: str


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the flow."""

    name: str
    on: frozenset[EventKind]
    steps: tuple[Step, ...]
    amount: AmountBand | None = None
    approver: str = ""

    def matches(self, kind: EventKind, document: Document) -> bool:
        """Whether the rule speaks about this event of this bill."""
        return kind in self.on and (self.amount is None or self.amount.holds(document.amount))

    @property
    def sentence(self) -> str:
        """The rule as a person would say it."""
        when = " or ".join(_WHEN[kind] for kind in EventKind if kind in self.on)
        band = f" with an amount {self.amount}" if self.amount else ""
        told = " and ".join(f"text {self._who(step)}" for step in self.steps)
        return f"When a bill {when}{band}, {told}."

    def _who(self, step: Step) -> str:
        if step.to != "approver":
            return step.to
        return self.approver or "the default approver"


_WHEN: dict[EventKind, str] = {
    EventKind.SUBMITTED: "is submitted",
    EventKind.PARTIALLY_APPROVED: "is partially approved",
    EventKind.CHANGED: "changes while it waits",
    EventKind.APPROVED: "is approved",
    EventKind.DECLINED: "is declined",
    EventKind.RECALLED: "is recalled",
    EventKind.DELETED: "is deleted",
}


@dataclass(frozen=True, slots=True)
class FlowCompany:
    """A company of the flow: its key, the name in texts, and its IANA zone."""

    key: str
    name: str
    zone: str


@dataclass(frozen=True, slots=True)
class Flow:
    """One published version."""

    version: int
    companies: tuple[FlowCompany, ...]
    rules: tuple[Rule, ...]
    default_approver: str

    def company(self, key: str) -> FlowCompany | None:
        """The company with this key."""
        return next((company for company in self.companies if company.key == key), None)


@dataclass(frozen=True, slots=True)
class Decision:
    """What the flow says about one event: the rule, its number and sentence, and its steps."""

    flow_version: int
    number: int
    rule: str
    sentence: str
    steps: tuple[Step, ...]
    candidates: tuple[tuple[str, ...], ...]
    """For each step the approver ids to try in this order; the first who can be told is told."""


def decide(flow: Flow, kind: EventKind, document: Document) -> Decision | None:
    """The first rule that matches, or None when no rule speaks about this event."""
    for number, rule in enumerate(flow.rules, start=1):
        if rule.matches(kind, document):
            return Decision(
                flow_version=flow.version,
                number=number,
                rule=rule.name,
                sentence=f"{number}. {rule.sentence}",
                steps=rule.steps,
                candidates=tuple(_candidates(flow, rule, step) for step in rule.steps),
            )
    return None


def _candidates(flow: Flow, rule: Rule, step: Step) -> tuple[str, ...]:
    named = rule.approver if step.to == "approver" else step.to
    return tuple(dict.fromkeys(who for who in (named, flow.default_approver) if who))


# ------------------------------------------------------------------------- the published form
def parse(published: Mapping[str, Any], version: int) -> Flow:
    """The flow in its published form.

    Raises ConfigurationError naming the place when the form is not one this version understands:
    functions then keep the last good version.
    """
    if published.get("schema") != SCHEMA:
        raise ConfigurationError(
            f"flow version {version}: schema {published.get('schema')!r} is not {SCHEMA}; "
            "publish it again with the command line of this release"
        )
    try:
        companies = tuple(
            FlowCompany(key=key, name=str(body["name"]), zone=str(body["zone"]))
            for key, body in sorted(published["companies"].items())
        )
        rules = tuple(_rule(body) for body in published["rules"])
        default = str(published.get("default_approver", ""))
    except (KeyError, TypeError, ValueError, AttributeError, InvalidOperation) as error:
        raise ConfigurationError(
            f"flow version {version}: not readable ({type(error).__name__}: {error}); "
            "functions keep the last good version, publish a good one"
        ) from error
    return Flow(version=version, companies=companies, rules=rules, default_approver=default)


def _rule(body: Mapping[str, Any]) -> Rule:
    when: Mapping[str, Any] = body.get("when", {})
    unknown = set(when) - {"amount"}
    if unknown:
        raise ValueError(f"rule {body['name']!r}: unknown condition {sorted(unknown)}")
    return Rule(
        name=str(body["name"]),
        on=frozenset(EventKind(kind) for kind in body["on"]),
        steps=_steps(body["notify"]),
        amount=_band(when["amount"]) if "amount" in when else None,
        approver=str(body.get("approver", "")),
    )


def _steps(notify: Sequence[Mapping[str, Any]]) -> tuple[Step, ...]:
    steps = tuple(
        Step(channel=channel, to=str(step["to"]))
        for entry in notify
        for channel, step in entry.items()
    )
    for step in steps:
        if step.channel != "sms":
            raise ValueError(f"channel {step.channel!r} is not one of: sms")
    if not steps:
        raise ValueError("a rule without a step tells nobody")
    return steps


def _band(amount: Mapping[str, Any]) -> AmountBand:
    def bound(key: str) -> Decimal | None:
        return Decimal(str(amount[key])) if key in amount else None

    band = AmountBand(str(amount["currency"]), bound("at_least"), bound("under"))
    if band.at_least is None and band.under is None:
        raise ValueError("an amount needs at_least, under or both")
    return band
