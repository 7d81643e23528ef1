"""Who is told what: the published flow, and how it decides.

A flow is written by finance people, checked and published elsewhere; here it is data that was
already found good. First match wins. Every decision cites the version and the sentence of the rule
that made it, and nothing is decided without one.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from ml_connector.errors import ConfigurationError

from .bills import BillState
from .documents import AnyDocument
from .events import EventKind
from .money import Money
from .wording import TELLABLE

#: The version of the published form. A flow of another one is refused, never guessed at.
SCHEMA = 1

#: A case is opened together with its alerts and first dispatches, in one transaction.
MOST_STEPS = 10


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

    def matches(self, kind: EventKind, document: AnyDocument) -> bool:
        """Whether the rule speaks about this event of this document."""
        return kind in self.on and (self.amount is None or self.amount.holds(document.amount))

    @property
    def sentence(self) -> str:
        """The rule as a person would say it."""
        bills = [_WHEN[kind] for kind in EventKind if kind in self.on and not kind.of_payment]
        payments = [_WHEN[kind] for kind in EventKind if kind in self.on and kind.of_payment]
        subjects = (("a bill", bills), ("a payment", payments))
        when = ", or ".join(f"{what} {' or '.join(said)}" for what, said in subjects if said)
        band = f" with an amount {self.amount}" if self.amount else ""
        told = " and ".join(f"text {self._who(step)}" for step in self.steps)
        return f"When {when}{band}, {told}."

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
    EventKind.OVERDUE: "waits past its due date",
    EventKind.REMINDER: "was edited and waits",
    EventKind.PAYMENT_CLEARED: "clears",
    EventKind.PAYMENT_VOIDED: "is voided",
    EventKind.PAYMENT_DECLINED: "is declined",
    EventKind.PAYMENT_UNCLEARED: "is no longer cleared",
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

    def speaks_of(self, kind: EventKind) -> bool:
        """Whether any rule names this event."""
        return any(kind in rule.on for rule in self.rules)


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


def decide(flow: Flow, kind: EventKind, document: AnyDocument) -> Decision | None:
    """The first rule that matches, or None when no rule speaks about this event.

    A reminder stands for a submission or an approval that may have been missed. Where no rule
    names reminders, it goes by the rule for what it stands for.
    """
    decision = _decide(flow, kind, document)
    if decision is None and kind is EventKind.REMINDER and not flow.speaks_of(kind):
        return _decide(flow, _STANDS_FOR.get(document.state.value, kind), document)
    return decision


_STANDS_FOR = {
    BillState.SUBMITTED.value: EventKind.SUBMITTED,
    BillState.PARTIALLY_APPROVED.value: EventKind.PARTIALLY_APPROVED,
}


def _decide(flow: Flow, kind: EventKind, document: AnyDocument) -> Decision | None:
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
class _Refused(Exception):
    """A place in the published form, and what is wrong there."""

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(f"{place}: {reason}")


def parse(published: Mapping[str, Any], version: int) -> Flow:
    """The flow in its published form.

    Raises ConfigurationError naming the place and the reason where the form is not one this version
    understands: functions then keep the last good version. Nothing unknown is skipped, for a
    misspelt condition would match every bill.
    """
    try:
        return _flow(published, version)
    except _Refused as error:
        raise ConfigurationError(
            f"flow version {version}: {error}; functions keep the last good version"
        ) from error


def _flow(published: object, version: int) -> Flow:
    if not isinstance(published, Mapping):
        raise _Refused("flow", "must be an object")
    schema = published.get("schema")
    if schema != SCHEMA or isinstance(schema, bool):
        raise _Refused("flow", f"schema {schema!r} is not {SCHEMA}, publish it for this release")
    body = _object(published, "flow", {"schema", "companies", "rules"}, {"default_approver"})
    default = _text(body.get("default_approver", ""), "default_approver", empty=True)
    if not isinstance(body["companies"], Mapping):
        raise _Refused("companies", "must be an object")
    return Flow(
        version=version,
        companies=tuple(_company(str(k), v) for k, v in sorted(body["companies"].items())),
        rules=tuple(
            _rule(rule, f"rules[{number}]", default)
            for number, rule in enumerate(_list(body["rules"], "rules"), start=1)
        ),
        default_approver=default,
    )


def _company(key: str, value: object) -> FlowCompany:
    place = f"companies.{key}"
    body = _object(value, place, {"name", "zone"})
    name, zone = (_text(body[part], f"{place}.{part}") for part in ("name", "zone"))
    return FlowCompany(key, name, zone)


def _rule(value: object, place: str, default: str) -> Rule:
    body = _object(value, place, {"name", "on", "notify"}, {"when", "approver"})
    name = _text(body["name"], f"{place}.name")
    place = f'{place} "{name}"'
    when = _object(body.get("when", {}), f"{place}.when", (), {"amount"})
    approver = _text(body.get("approver", ""), f"{place}.approver", empty=True)
    return Rule(
        name=name,
        on=_kinds(body["on"], f"{place}.on"),
        steps=_steps(body["notify"], f"{place}.notify", approver or default),
        amount=_band(when["amount"], f"{place}.when.amount") if "amount" in when else None,
        approver=approver,
    )


def _kinds(value: object, place: str) -> frozenset[EventKind]:
    kinds: set[EventKind] = set()
    for word in _list(value, place):
        try:
            kind = EventKind(_text(word, place))
        except ValueError as error:
            raise _Refused(place, f"unknown event {word!r}") from error
        if kind not in TELLABLE:
            raise _Refused(place, f"there is no text for {kind.value}")
        kinds.add(kind)
    if not kinds:
        raise _Refused(place, "names no event, so the rule can match nothing")
    return frozenset(kinds)


def _steps(value: object, place: str, approver: str) -> tuple[Step, ...]:
    entries = _list(value, place)
    if not entries:
        raise _Refused(place, "tells nobody")
    if len(entries) > MOST_STEPS:
        raise _Refused(place, f"{len(entries)} steps are more than the {MOST_STEPS} possible")
    return tuple(
        _step(entry, f"{place}[{number}]", approver)
        for number, entry in enumerate(entries, start=1)
    )


def _step(value: object, place: str, approver: str) -> Step:
    body = _object(_object(value, place, {"sms"})["sms"], f"{place}.sms", {"to"})
    to = _text(body["to"], f"{place}.sms.to")
    if to == "approver" and not approver:
        raise _Refused(place, "reaches nobody: the rule names no approver and there is no default")
    return Step(channel="sms", to=to)


def _band(value: object, place: str) -> AmountBand:
    body = _object(value, place, {"currency"}, {"at_least", "under"})
    currency = _text(body["currency"], f"{place}.currency")
    if not _CURRENCY.fullmatch(currency):
        raise _Refused(f"{place}.currency", f"{currency!r} is not an ISO 4217 code such as USD")
    low, high = (
        _amount(body[key], f"{place}.{key}") if key in body else None
        for key in ("at_least", "under")
    )
    if low is None and high is None:
        raise _Refused(place, "needs at_least, under or both")
    if low is not None and high is not None and low >= high:
        raise _Refused(place, f"no amount is at least {low} and under {high}")
    return AmountBand(currency, low, high)


_CURRENCY = re.compile("[A-Z]{3}")


def _amount(value: object, place: str) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise _Refused(place, "an amount is text or a whole number, for floats are not exact")
    try:
        amount = Decimal(value)
    except InvalidOperation as error:
        raise _Refused(place, f"{value!r} is no amount") from error
    if not amount.is_finite():
        raise _Refused(place, f"{value!r} is no amount")
    return amount


def _object(
    value: object, place: str, required: Collection[str], optional: Collection[str] = ()
) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise _Refused(place, "must be an object")
    for key in value:
        if key not in required and key not in optional:
            known = ", ".join(sorted((*required, *optional)))
            raise _Refused(place, f"unknown key {key!r}, known are: {known}")
    for key in sorted(required):
        if key not in value:
            raise _Refused(place, f"{key!r} is missing")
    return value


def _list(value: object, place: str) -> list[Any]:
    if not isinstance(value, list):
        raise _Refused(place, "must be a list")
    return value


def _text(value: object, place: str, *, empty: bool = False) -> str:
    if not isinstance(value, str):
        raise _Refused(place, "must be text")
    if not empty and not value.strip():
        raise _Refused(place, "is empty")
    return value
