"""A rule as a sentence that finance people sign: who is told what, when and how often."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from .conditions import either
from .events import EventKind
from .plans import USUAL_SNOOZE, VOICE, Step, Until

if TYPE_CHECKING:
    from .rules import Rule

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
    EventKind.POSSIBLE_DUPLICATE: "looks like another one",
    EventKind.PAYMENT_CLEARED: "clears",
    EventKind.PAYMENT_VOIDED: "is voided",
    EventKind.PAYMENT_DECLINED: "is declined",
    EventKind.PAYMENT_UNCLEARED: "is no longer cleared",
    EventKind.POLL_FAILING: "can be read from Intacct for too long",
}

_UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))

_DETAIL = {"amount_only": "showing only the amount", "reference_only": "showing only the reference"}


def sentence(rule: Rule) -> str:
    """The whole rule, for example::

    When a bill is submitted with an amount of at least USD 10,000.00, call the approver and ask
    for confirmation (up to 3 calls); after 10 minutes, unless confirmed, text the approver.
    """
    where = f" in company {either(rule.companies)}" if rule.companies else ""
    parts = [f"When {_events(rule)}{where}{rule.when.words}, {_told(rule)}"]
    if rule.levels:
        parts.append(f"approvers by level are {', then '.join(rule.levels)}")
    if rule.reply_confirms:
        parts.append("a reply counts as confirmation")
    if rule.snooze != USUAL_SNOOZE:
        parts.append(f"a reply puts off further texts by {duration(rule.snooze)}")
    return f"{'; '.join(parts)}."


def _events(rule: Rule) -> str:
    silence = EventKind.POLL_FAILING
    on = [kind for kind in EventKind if kind in rule.on and kind is not silence]
    bills = [_WHEN[kind] for kind in on if not kind.of_payment]
    payments = [_WHEN[kind] for kind in on if kind.of_payment]
    nothing = [_WHEN[silence]] if silence in rule.on else []
    subjects = (("a bill", bills), ("a payment", payments), ("nothing", nothing))
    return ", or ".join(f"{what} {' or '.join(said)}" for what, said in subjects if said)


def _told(rule: Rule) -> str:
    told, timed = "", False
    for step in rule.steps:
        when = _moment(step, again=timed)
        timed = timed or bool(step.after)
        if not told:
            told = f"{when}, {_step(rule, step)}" if when else _step(rule, step)
        elif when:
            told += f"; {when}, {_step(rule, step)}"
        else:
            told += f" and {_step(rule, step)}"
    return told


def _moment(step: Step, *, again: bool) -> str:
    # Counted from the step before. Only from the second time on could it be read otherwise.
    after = f"{duration(step.after)} after that" if again else f"after {duration(step.after)}"
    after = after if step.after else ""
    unless = f"unless {step.unless.value}" if step.unless else ""
    return ", ".join(part for part in (after, unless) if part)


def _step(rule: Rule, step: Step) -> str:
    said = f"{'call' if step.channel == VOICE else 'text'} {_who(rule, step)}"
    if step.confirm:
        said += " and ask for confirmation"
    notes = list(_notes(step))
    return f"{said} ({', '.join(notes)})" if notes else said


def _notes(step: Step) -> list[str]:
    notes = []
    if step.channel == VOICE:
        notes.append(f"up to {step.tries} call{'s' if step.tries > 1 else ''}")
    elif step.attempts:
        notes.append(f"up to {step.tries} attempt{'s' if step.tries > 1 else ''}")
    if step.repeat:
        until = "" if step.until is Until.HANDLED else f" until {step.until.value}"
        notes.append(f"again every {_period(step.repeat)}{until}, {step.at_most} times in all")
    if step.urgent:
        notes.append("also in quiet hours")
    if step.detail in _DETAIL:
        notes.append(_DETAIL[step.detail])
    if step.link:
        notes.append("with a link to Intacct")
    return notes


def _who(rule: Rule, step: Step) -> str:
    if step.to == "approver" and rule.approver:
        return rule.approver
    return _ROLES.get(step.to, step.to)


_ROLES = {
    "approver": "the approver",
    "manager": "the approver's manager",
    "next_level": "the next approver",
    "ap_lead": "the AP lead",
    "default_approver": "the default approver",
}


def duration(length: timedelta) -> str:
    """`1 day`, `90 minutes`, `45 seconds`: in the largest unit that leaves nothing over."""
    seconds = int(length.total_seconds())
    size, unit = next(((s, u) for s, u in _UNITS if seconds % s == 0), (1, "second"))
    count = seconds // size
    return f"{count} {unit}{'' if count == 1 else 's'}"


def _period(length: timedelta) -> str:
    return duration(length).removeprefix("1 ")
