"""From what people wrote to what is published: durations in seconds, defaults filled in.

Each rule remembers where it was written, so that whatever is wrong with it is said there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ml_connector.domain.caps import USUAL_CAP
from ml_connector.domain.conditions import AmountBand, When
from ml_connector.domain.plans import CALL_ATTEMPTS

from .calendars import CalendarIs
from .check import Understood
from .coverage import Reach
from .language import Call, Conditions, RuleIs, StepIs, Text_
from .matrix import Band, by_group
from .problems import Path
from .values import EVENTS

#: After the call of a large bill nobody confirmed, a text.
_TEXT_AFTER_CALL = 600
_WAITING = ("bill.submitted", "bill.partially_approved")


@dataclass(frozen=True, slots=True)
class Compiled:
    """A rule as it is published, and where it comes from: a place in the file, or a row."""

    body: dict[str, Any]
    path: Path = ()
    row: int = 0

    def reach(self, companies: Iterable[str]) -> Reach:
        """What it speaks about, in a deployment of these companies."""
        named = self.body.get("companies")
        return Reach(
            frozenset(self.body["on"]),
            frozenset(named or companies),
            _when_of(self.body.get("when", {})),
        )


def compiled(understood: Understood, bands: Sequence[Band]) -> list[Compiled]:
    """All rules in the order in which they are looked at.

    Those of the matrix come before the rules without a condition at the end: what is written above
    are exceptions, what is written below is for everything else.
    """
    written = [Compiled(_rule(rule), ("rules", index)) for index, rule in understood.rules]
    first = len(written)
    while first and "when" not in written[first - 1].body:
        first -= 1
    return [*written[:first], *_of_matrix(bands), *written[first:]]


def published(understood: Understood, rules: Iterable[Compiled]) -> dict[str, Any]:
    """The published form. Its digest is the same for the same meaning."""
    body: dict[str, Any] = {
        "schema": 1,
        "companies": {
            key: _present(
                name=company.name,
                zone=company.zone,
                calendar=(company.calendar or CalendarIs.model_validate({})).published,
                default_approver=company.default_approver,
                ap_lead=company.ap_lead,
                replies=company.replies is not False,
                cap_per_day=company.cap_per_day or USUAL_CAP,
                daily_list=company.daily_list.published if company.daily_list else None,
            )
            for key, company in understood.companies.items()
        },
        "rules": [rule.body for rule in rules],
    }
    people = {"default_approver": understood.default_approver, "ap_lead": understood.ap_lead}
    return body | _present(**people)


def _present(**values: object) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}


# ------------------------------------------------------------------------------------- rules
def _rule(rule: RuleIs) -> dict[str, Any]:
    when = _when(rule.when) if rule.when else None
    return _present(
        name=rule.name,
        on=sorted(set(rule.on), key=EVENTS.index),
        companies=sorted(set(rule.companies)) if rule.companies else None,
        when=when or None,
        approver=rule.approver,
        levels=rule.levels,
        reply_confirms=bool(rule.reply_confirms),
        snooze=rule.snooze,
        notify=[_step(step) for step in rule.notify],
    )


def _when(when: Conditions) -> dict[str, Any]:
    amount, vendor = when.amount, when.vendor
    dimensions = {name: sorted(set(ids)) for name, ids in when.dimensions if ids}
    return _present(
        amount=_present(at_least=amount.low, under=amount.high, currency=amount.currency)
        if amount
        else None,
        vendor=_present(ids=sorted(set(vendor.ids)) if vendor.ids else None, name=vendor.name)
        if vendor
        else None,
        entity=sorted(set(when.entity)) if when.entity else None,
        **dimensions,
        lines=(when.lines or "any") if dimensions else None,
        due_within_days=when.due_within,
        description=when.description,
    )


def _step(step: StepIs) -> dict[str, Any]:
    only = step.only
    call = isinstance(only, Call)
    return {
        "voice" if call else "sms": _present(
            to=only.to,
            after=only.after or 0,
            unless=only.unless,
            repeat=only.repeat,
            at_most=only.at_most,
            until=(only.until or "handled") if only.repeat else None,
            attempts=only.attempts or (CALL_ATTEMPTS if call else None),
            confirm=bool(only.confirm) if isinstance(only, Call) else None,
            urgent=bool(only.urgent),
            detail=only.detail or "full",
            link=bool(only.link) if isinstance(only, Text_) else None,
        )
    }


def _when_of(when: dict[str, Any]) -> When:
    """The published conditions as the functions hold them."""
    amount, vendor = when.get("amount"), when.get("vendor", {})
    names = ("department", "location", "class", "project", "account")
    return When(
        amount=AmountBand(
            amount["currency"], _decimal(amount, "at_least"), _decimal(amount, "under")
        )
        if amount
        else None,
        vendor_ids=tuple(vendor.get("ids", ())),
        vendor_name=vendor.get("name", ""),
        entities=tuple(when.get("entity", ())),
        dimensions=tuple((name, tuple(when[name])) for name in names if name in when),
        lines=when.get("lines", "any"),
        due_within_days=when.get("due_within_days"),
        description=when.get("description", ""),
    )


def _decimal(amount: dict[str, str], key: str) -> Decimal | None:
    return Decimal(amount[key]) if key in amount else None


# ------------------------------------------------------------------------------------ matrix
def _of_matrix(bands: Sequence[Band]) -> list[Compiled]:
    """A rule for each band; two where `call above` lies within it. The most particular first."""
    groups = by_group(bands)
    groups.sort(key=_particular)
    return [
        Compiled(_of_band(part, called=called), row=band.line)
        for group in groups
        for band in group
        for part, called in _parts(band)
    ]


def _particular(group: Sequence[Band]) -> tuple[bool, bool, bool]:
    band = group[0]
    return not band.company, not band.vendors, not band.departments


def _parts(band: Band) -> Iterable[tuple[tuple[Band, str, str | None], bool]]:
    """The band, or its parts under and from `call above` on, and whether they are called."""
    if band.call_above is None or Decimal(band.call_above) >= band.high:
        yield (band, band.start, band.end), False
    elif Decimal(band.call_above) <= band.low:
        yield (band, band.start, band.end), True
    else:
        yield (band, band.start, band.call_above), False
        yield (band, band.call_above, band.end), True


def _of_band(part: tuple[Band, str, str | None], *, called: bool) -> dict[str, Any]:
    band, start, end = part
    when = _present(
        amount=_present(at_least=start, under=end, currency=band.currency),
        vendor={"ids": list(band.vendors)} if band.vendors else None,
        department=list(band.departments) or None,
        lines="any" if band.departments else None,
    )
    return _present(
        name=_name(band, start, end),
        on=list(_WAITING),
        companies=[band.company] if band.company else None,
        when=when,
        levels=list(band.levels),
        reply_confirms=False,
        notify=_plan(called=called),
    )


def _plan(*, called: bool) -> list[dict[str, Any]]:
    told: dict[str, Any] = {
        "to": "next_level",
        "after": 0,
        "urgent": False,
        "detail": "full",
    }
    text = {**told, "link": False}
    if not called:
        return [{"sms": text}]
    call = {**told, "attempts": CALL_ATTEMPTS, "confirm": True}
    return [{"voice": call}, {"sms": {**text, "after": _TEXT_AFTER_CALL, "unless": "confirmed"}}]


def _name(band: Band, start: str, end: str | None) -> str:
    said = f"{band.currency} from {start}{f' under {end}' if end else ''}"
    for what, ids in (("vendor", band.vendors), ("department", band.departments)):
        said += f", {what} {' or '.join(ids)}" if ids else ""
    return f"matrix: {said}{f', {band.company}' if band.company else ''}"
