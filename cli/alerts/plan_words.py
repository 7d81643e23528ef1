"""A case's own plan as sentences: what was begun, what is to come and when, what was left out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, tzinfo

from ml_connector.domain.audit import AuditEntry
from ml_connector.domain.cases import Alert, Case
from ml_connector.domain.plans import VOICE, PlannedStep, Step
from ml_connector.domain.sentences import duration
from ml_connector.domain.unit_of_work import CaseFile

from .words import local


def plan_lines(
    file: CaseFile, history: Iterable[AuditEntry], now: datetime, zone: tzinfo
) -> list[str]:
    """One sentence for each step, in order, for example::

    1. Call ann, else bob, and ask for a key (up to 3 calls): begun 09:00 CST to ann.
    2. Text ann, unless confirmed: on the agenda for 09:10 CST.

    `history` is the case's audit chain, which alone knows what was left out.
    """
    left_out = list(_left_out(history))
    return [
        f"{number}. {_what(planned)}: {'; '.join(_fate(file, number, left_out, now, zone))}."
        for number, planned in enumerate(file.case.plan, start=1)
    ]


def _what(planned: PlannedStep) -> str:
    step = planned.step
    verb = "Call" if step.channel == VOICE else "Text"
    who = ", else ".join(planned.candidates) or "nobody"
    unless = f", unless {step.unless.value}" if step.unless else ""
    return f"{verb} {who}{unless} ({', '.join(_notes(step))})"


def _notes(step: Step) -> Iterator[str]:
    if step.confirm:
        yield "asking for a key"
    yield f"up to {step.tries} {'calls' if step.channel == VOICE else 'tries'}"
    if step.repeat:
        period = duration(step.repeat).removeprefix("1 ")
        yield f"again every {period}, {step.at_most} times in all"
    if step.urgent:
        yield "also in quiet hours"


def _fate(
    file: CaseFile,
    number: int,
    left_out: Sequence[tuple[int, int, str]],
    now: datetime,
    zone: tzinfo,
) -> Iterator[str]:
    """What became of a step so far, and what comes; never empty."""
    case = file.case
    told = [alert for alert in file.alerts if alert.step == number]
    over = [(occurrence, state) for step, occurrence, state in left_out if step == number]
    timers = [timer for timer in case.agenda if timer.step == number]
    for alert in told:
        again = _again(case, alert)
        yield f"{again}begun {local(alert.created_at, now, zone)} to {alert.recipient}"
    for occurrence, state in over:
        yield f"{_time(occurrence)}left out, for the case was {state}"
    for timer in timers:
        yield f"{_time(timer.occurrence)}on the agenda for {local(timer.at, now, zone)}"
    if not (told or over or timers):
        yield _not_begun(case, number)


def _again(case: Case, alert: Alert) -> str:
    if alert.occurrence > case.plan[alert.step - 1].step.at_most:
        return "sent once more by an operator, "
    return _time(alert.occurrence)


def _time(occurrence: int) -> str:
    return f"time {occurrence} " if occurrence > 1 else ""


def _not_begun(case: Case, number: int) -> str:
    if case.state.ended:
        return f"never begun, for the case is {case.state.value}"
    after = case.plan[number - 1].step.after
    wait = duration(after) if after else "right"
    return f"not begun; it begins {wait} after step {number - 1} did"


def _left_out(history: Iterable[AuditEntry]) -> Iterator[tuple[int, int, str]]:
    """Step, occurrence and the case's state then, of everything the audit says was left out."""
    for entry in history:
        if entry.kind != "case.stepped":
            continue
        said = entry.data.get("left_out")
        for one in said if isinstance(said, list) else ():
            yield int(one["step"]), int(one["occurrence"]), str(one["case"])
