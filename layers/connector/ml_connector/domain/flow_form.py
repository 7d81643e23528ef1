"""The published form of a flow: canonical JSON, read into rules or refused with place and reason.

Durations are whole seconds, amounts are exact. This is the last guard before a rule is in force, so
nothing unknown is skipped and nothing that cannot work is let through.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, get_args

from ml_connector.errors import ConfigurationError

from .calendars import calendar_of
from .caps import LEAST_CAP, MOST_CAP, USUAL_CAP
from .conditions import DIMENSIONS, AmountBand, Lines, When
from .events import EventKind
from .form import (
    Refused,
    amount,
    entries,
    flag,
    items,
    mapping,
    name,
    names,
    shown,
    text,
    whole,
    word,
)
from .list_hours import daily_list_of
from .messages import Detail
from .plans import CHANNELS, SMS, USUAL_SNOOZE, VOICE, Step, Until
from .rules import MOST_STEPS, SCHEMA, Flow, FlowCompany, Role, Rule
from .silence_form import check_silence_rule
from .wording import RULED

#: Bounds of what a rule may ask for. Plans expire after days, so nothing longer could happen.
LONGEST_SECONDS = 30 * 86_400
LEAST_REPEAT_SECONDS = 60
MOST_REPEATS = 100
MOST_ATTEMPTS = 10
MOST_DAYS = 366
MOST_LEVELS = 20

_CURRENCY = re.compile("[A-Z]{3}")


def parse(published: Mapping[str, Any], version: int) -> Flow:
    """The flow in its published form.

    Raises ConfigurationError naming the place and the reason where the form is not one this version
    understands: functions then keep the last good version.
    """
    try:
        return _flow(published, version)
    except Refused as error:
        raise ConfigurationError(
            f"flow version {version}: {error}; functions keep the last good version"
        ) from error


def _flow(published: object, version: int) -> Flow:
    schema = mapping(published, "flow").get("schema")
    if schema != SCHEMA or isinstance(schema, bool):
        raise Refused(
            "flow", f"schema {shown(schema)} is not {SCHEMA}, publish it for this release"
        )
    people = {"default_approver", "ap_lead"}
    body = entries(published, "flow", {"schema", "companies", "rules"}, people)
    flow = Flow(
        version=version,
        companies=tuple(
            _company(key, value)
            for key, value in sorted(mapping(body["companies"], "companies").items())
        ),
        rules=tuple(
            _rule(rule, f"rules[{number}]")
            for number, rule in enumerate(items(body["rules"], "rules"), start=1)
        ),
        **{who: _person(body[who], who) for who in sorted(people) if who in body},
    )
    for number, rule in enumerate(flow.rules, start=1):
        _check_reach(flow, rule, f'rules[{number}] "{rule.name}"')
    return flow


def _company(key: str, value: object) -> FlowCompany:
    place = f"companies.{key}"
    people = {"default_approver", "ap_lead"}
    others = {"calendar", "replies", "cap_per_day", "daily_list"}
    body = entries(value, place, {"name", "zone"}, {*people, *others})
    if name(key, "companies") != key:
        raise Refused(place, "has blanks around its key")
    return FlowCompany(
        key=key,
        name=text(body["name"], f"{place}.name"),
        zone=text(body["zone"], f"{place}.zone"),
        calendar=calendar_of(body.get("calendar", {}), f"{place}.calendar"),
        replies=flag(body.get("replies", True), f"{place}.replies"),
        cap_per_day=whole(
            body.get("cap_per_day", USUAL_CAP), f"{place}.cap_per_day", LEAST_CAP, MOST_CAP
        ),
        daily_list=daily_list_of(body["daily_list"], f"{place}.daily_list")
        if "daily_list" in body
        else None,
        **{who: _person(body[who], f"{place}.{who}") for who in sorted(people) if who in body},
    )


def _person(value: object, place: str) -> str:
    """An approver's id, or an empty text for nobody."""
    return _no_role(name(value, place, empty=True), place)


def _no_role(who: str, place: str) -> str:
    if who in set(Role):
        raise Refused(place, f"{shown(who)} is a word for `to`; name somebody by their id")
    return who


# ------------------------------------------------------------------------------------- rules
_RULE = ("when", "approver", "companies", "levels", "reply_confirms", "snooze")


def _rule(value: object, place: str) -> Rule:
    body = entries(value, place, {"name", "on", "notify"}, _RULE)
    called = text(body["name"], f"{place}.name")
    place = f'{place} "{called}"'
    on = _kinds(body["on"], f"{place}.on")
    when = _when(body.get("when", {}), f"{place}.when")
    steps = _steps(body["notify"], f"{place}.notify")
    check_silence_rule(on, body, steps, place)
    if when.never_of_payments and all(kind.of_payment for kind in on):
        raise Refused(
            f"{place}.when",
            "a payment has no lines, description or due date, so the rule can match nothing",
        )
    return Rule(
        name=called,
        on=on,
        steps=steps,
        when=when,
        approver=_person(body.get("approver", ""), f"{place}.approver"),
        levels=_levels(body, f"{place}.levels"),
        companies=names(body["companies"], f"{place}.companies") if "companies" in body else (),
        reply_confirms=flag(body.get("reply_confirms", False), f"{place}.reply_confirms"),
        snooze=_snooze(body, place),
    )


def _snooze(body: Mapping[str, Any], place: str) -> timedelta:
    found = _seconds(body, "snooze", place, 0, LONGEST_SECONDS)
    return USUAL_SNOOZE if found is None else found


def _levels(body: Mapping[str, Any], place: str) -> tuple[str, ...]:
    """First level first. The same person may stand for two levels, so nothing is left out."""
    if "levels" not in body:
        return ()
    found = tuple(_no_role(name(each, place), place) for each in items(body["levels"], place))
    if not 0 < len(found) <= MOST_LEVELS:
        raise Refused(place, f"needs from 1 to {MOST_LEVELS} approvers")
    return found


def _kinds(value: object, place: str) -> frozenset[EventKind]:
    kinds: set[EventKind] = set()
    for each in items(value, place):
        try:
            kind = EventKind(text(each, place))
        except ValueError as error:
            raise Refused(place, f"unknown event {shown(each)}") from error
        if kind not in RULED:
            raise Refused(place, f"there is no text for {kind.value}")
        kinds.add(kind)
    if not kinds:
        raise Refused(place, "names no event, so the rule can match nothing")
    return frozenset(kinds)


def _check_reach(flow: Flow, rule: Rule, place: str) -> None:
    """Refuse companies the flow does not have, and steps nobody can be found for."""
    keys = [company.key for company in flow.companies]
    for key in rule.companies:
        if key not in keys:
            raise Refused(f"{place}.companies", f"the flow has no company {shown(key)}")
    for number, step in enumerate(rule.steps, start=1):
        for key in rule.companies or keys or [""]:
            missing = _missing(flow, rule, step, key)
            if missing:
                at = f" in company {key}" if key else ""
                raise Refused(f"{place}.notify[{number}]", f"reaches nobody{at}: {missing}")


def _missing(flow: Flow, rule: Rule, step: Step, company: str) -> str:
    """What would have to be there for the step to reach somebody; empty where it is there."""
    default, lead = bool(flow.defaults(company)), bool(flow.leads(company))
    neither = "there is no ap_lead and no default"
    if step.to == Role.APPROVER:
        found = bool(rule.approver or rule.levels or default)
        return "" if found else "the rule names no approver and there is no default"
    if step.to == Role.MANAGER:
        found = bool(rule.approver or rule.levels or lead or default)
        return "" if found else f"the rule names no approver, and {neither}"
    if step.to == Role.NEXT_LEVEL:
        found = bool(rule.levels or lead or default)
        return "" if found else f"the rule has no levels, and {neither}"
    if step.to == Role.DEFAULT:
        return "" if default else "there is no default_approver"
    return "there is no ap_lead" if step.to == Role.AP_LEAD and not lead else ""


# ------------------------------------------------------------------------------------- steps
_STEP = (
    *("after", "unless", "repeat", "at_most", "until", "attempts", "confirm", "urgent"),
    *("detail", "link"),
)
_DETAILS: dict[str, Detail] = {detail: detail for detail in get_args(Detail)}


def _steps(value: object, place: str) -> tuple[Step, ...]:
    listed = items(value, place)
    if not listed:
        raise Refused(place, "tells nobody")
    if len(listed) > MOST_STEPS:
        raise Refused(place, f"{len(listed)} steps are more than the {MOST_STEPS} possible")
    return tuple(_step(entry, f"{place}[{n}]") for n, entry in enumerate(listed, start=1))


def _step(value: object, place: str) -> Step:
    outer = entries(value, place, (), CHANNELS)
    if len(outer) != 1:
        raise Refused(place, f"a step has one channel, {' or '.join(CHANNELS)}")
    channel = next(iter(outer))
    place = f"{place}.{channel}"
    body = entries(outer[channel], place, {"to"}, _STEP)
    if "confirm" in body and channel == SMS:
        raise Refused(f"{place}.confirm", "only a call can ask for a key press, so use voice")
    if "link" in body and channel == VOICE:
        raise Refused(f"{place}.link", "nobody can follow a link in a call, so use sms")
    longest = LONGEST_SECONDS
    repeat = _seconds(body, "repeat", place, LEAST_REPEAT_SECONDS, longest)
    return Step(
        channel=channel,
        to=name(body["to"], f"{place}.to"),
        after=_seconds(body, "after", place, 0, longest) or timedelta(0),
        unless=_until(body["unless"], f"{place}.unless") if "unless" in body else None,
        repeat=repeat,
        at_most=_at_most(body, place, repeats=repeat is not None),
        until=_until(body.get("until", Until.HANDLED.value), f"{place}.until"),
        attempts=whole(body["attempts"], f"{place}.attempts", 1, MOST_ATTEMPTS)
        if "attempts" in body
        else 0,
        confirm=flag(body.get("confirm", False), f"{place}.confirm"),
        urgent=flag(body.get("urgent", False), f"{place}.urgent"),
        detail=_DETAILS[word(body.get("detail", "full"), f"{place}.detail", _DETAILS)],
        link=flag(body.get("link", False), f"{place}.link"),
    )


def _seconds(
    body: Mapping[str, Any], key: str, place: str, least: int, most: int
) -> timedelta | None:
    if key not in body:
        return None
    return timedelta(seconds=whole(body[key], f"{place}.{key}", least, most))


def _at_most(body: Mapping[str, Any], place: str, *, repeats: bool) -> int:
    if not repeats:
        for key in ("at_most", "until"):
            if key in body:
                raise Refused(f"{place}.{key}", "needs repeat: what is not repeated happens once")
        return 1
    if "at_most" not in body:
        raise Refused(f"{place}.repeat", "needs at_most: how many times in all")
    return whole(body["at_most"], f"{place}.at_most", 2, MOST_REPEATS)


def _until(value: object, place: str) -> Until:
    return Until(word(value, place, [until.value for until in Until]))


# -------------------------------------------------------------------------------- conditions
def _when(value: object, place: str) -> When:
    known = ("amount", "vendor", "entity", *DIMENSIONS, "lines", "due_within_days", "description")
    body = entries(value, place, (), known)
    vendor = entries(body.get("vendor", {}), f"{place}.vendor", (), ("ids", "name"))
    if "vendor" in body and not vendor:
        raise Refused(f"{place}.vendor", "needs ids, name or both")
    dimensions = tuple(
        (name, _ids(body[name], f"{place}.{name}")) for name in DIMENSIONS if name in body
    )
    if "lines" in body and not dimensions:
        raise Refused(f"{place}.lines", f"says nothing without one of: {', '.join(DIMENSIONS)}")
    lines: Lines = "all" if _lines(body, place) == "all" else "any"
    return When(
        amount=_band(body["amount"], f"{place}.amount") if "amount" in body else None,
        vendor_ids=_ids(vendor["ids"], f"{place}.vendor.ids") if "ids" in vendor else (),
        vendor_name=name(vendor["name"], f"{place}.vendor.name") if "name" in vendor else "",
        entities=_ids(body["entity"], f"{place}.entity") if "entity" in body else (),
        dimensions=dimensions,
        lines=lines,
        due_within_days=_days(body, place),
        description=_pattern(body, place),
    )


def _ids(value: object, place: str) -> tuple[str, ...]:
    found = names(value, place)
    for each in found:
        if "*" in each:
            raise Refused(place, f"{shown(each)} is a pattern, and ids are compared as they are")
    return found


def _lines(body: Mapping[str, Any], place: str) -> str:
    return word(body.get("lines", "any"), f"{place}.lines", get_args(Lines))


def _days(body: Mapping[str, Any], place: str) -> int | None:
    if "due_within_days" not in body:
        return None
    return whole(body["due_within_days"], f"{place}.due_within_days", 0, MOST_DAYS)


def _pattern(body: Mapping[str, Any], place: str) -> str:
    return name(body["description"], f"{place}.description") if "description" in body else ""


def _band(value: object, place: str) -> AmountBand:
    body = entries(value, place, {"currency"}, {"at_least", "under"})
    currency = text(body["currency"], f"{place}.currency")
    if not _CURRENCY.fullmatch(currency):
        raise Refused(f"{place}.currency", f"{shown(currency)} is not an ISO 4217 code such as USD")
    low, high = (
        amount(body[key], f"{place}.{key}") if key in body else None
        for key in ("at_least", "under")
    )
    if low is None and high is None:
        raise Refused(place, "needs at_least, under or both")
    if low is not None and high is not None and low >= high:
        raise Refused(place, f"no amount is at least {low} and under {high}")
    return AmountBand(currency, low, high)
