"""What a flow would do about one event, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from cli.alerts.words import local, zone_named
from cli.console.terminal import printable, table
from ml_connector.domain.documents import Subject
from ml_connector.domain.instants import to_text
from ml_connector.domain.plans import SMS, VOICE, PlannedStep
from ml_connector.domain.sentences import duration
from ml_connector.domain.silences import Silence
from ml_connector.domain.voice_script import prompts
from ml_connector.domain.wording import spoken_language

from .preview import measured
from .rehearsal import Told
from .trying import Trial

NOBODY = "nobody"


# -------------------------------------------------------------------------------- for programs
def as_json(trial: Trial) -> dict[str, Any]:
    """Everything; instants are ISO, UTC."""
    decision = trial.decision
    return {
        **_about_json(trial.document),
        "event": {"id": trial.event.id, "kind": trial.event.kind.value, "at": to_text(trial.at)},
        "matched": {
            "rule": decision.rule,
            "number": decision.number,
            "sentence": decision.sentence,
            "flow_version": decision.flow_version,
        }
        if decision
        else None,
        "passed_over": [
            {"number": miss.number, "rule": miss.rule, "wanted": miss.wanted, "found": miss.found}
            for miss in trial.misses
        ],
        "problems": list(decision.problems) if decision else [],
        "expires_at": to_text(trial.expires_at) if trial.expires_at else None,
        "steps": [_step_json(number, planned, starts) for number, planned, starts in _steps(trial)],
        "daily_list": trial.daily_list.words if trial.daily_list else None,
    }


def _about_json(document: Subject) -> dict[str, Any]:
    """The bill; of a silence, since when."""
    if isinstance(document, Silence):
        return {"silence": {"company": document.company, "since": to_text(document.since)}}
    return {
        "bill": {
            "company": document.company,
            "document": document.id,
            "number": document.number,
            "vendor_id": document.vendor_id,
            "vendor": document.vendor_name,
            "amount": document.amount.canonical(),
            "state": document.state.value,
            "round": document.round,
            "due": document.due.isoformat() if document.due else None,
        }
    }


def _step_json(number: int, planned: PlannedStep, starts: Sequence[Told]) -> dict[str, Any]:
    step = planned.step
    return {
        "step": number,
        "channel": step.channel,
        "to": step.to,
        "after_seconds": int(step.after.total_seconds()),
        "unless": step.unless.value if step.unless else None,
        "until": step.until.value,
        "tries": step.tries,
        "urgent": step.urgent,
        "candidates": [
            {"who": who, "why": why, "outcome": outcome}
            for who, why, outcome in _candidates(planned, starts)
        ],
        "starts": [_start_json(told) for told in starts],
    }


def _start_json(told: Told) -> dict[str, Any]:
    return {
        "occurrence": told.occurrence,
        "recipient": told.recipient if told.text else None,
        "because": told.because,
        "channel": told.channel,
        "ready_at": to_text(told.begun_at),
        "sent_at": to_text(told.sent_at) if told.sent_at else None,
        "held": told.held,
        "text": told.text,
        **_measures(told),
    }


def _measures(told: Told) -> dict[str, Any]:
    if not told.text:
        return {}
    found = measured(told.channel, told.text, told.language)
    unit = {"segments": found.segments} if told.channel == SMS else {"seconds": found.seconds}
    return {**unit, "list_price_usd": str(found.price)}


def _steps(trial: Trial) -> Iterator[tuple[int, PlannedStep, list[Told]]]:
    numbers = sorted({told.step for told in trial.told})
    for number in numbers:
        starts = [told for told in trial.told if told.step == number]
        yield number, starts[0].planned, starts


def _candidates(planned: PlannedStep, starts: Sequence[Told]) -> Iterator[tuple[str, str, str]]:
    """Everybody to try, in order, each with the reason and what becomes of them."""
    first = starts[0]
    passed_over = dict(first.passed_over)
    reasons = dict(zip(planned.candidates, planned.reasons, strict=False))
    for who in planned.candidates:
        if who in passed_over:
            outcome = f"passed over: {passed_over[who]}"
        elif who == first.recipient and first.text:
            outcome = f"told by {first.channel}"
        else:
            outcome = "stands by"
        yield who, reasons.get(who, ""), outcome


# ---------------------------------------------------------------------------------- for people
def shown(trial: Trial) -> list[RenderableType]:
    """What to print, a part after another."""
    decision = trial.decision
    what = (
        f"{_about(trial.document)}; {trial.event.kind.value} at "
        f"{local(trial.at, trial.at, trial.zone)}"
    )
    parts: list[RenderableType] = [Text(printable(what), style="bold")]
    if trial.misses:
        parts.append(_missed(trial))
    if decision is None:
        return [*parts, Text("No rule matches: nobody is told.", style="bold yellow")]
    parts.append(Text.assemble(("Matches ", "bold green"), printable(decision.sentence)))
    parts += [Text(f"look: {problem}", style="yellow") for problem in decision.problems]
    parts += [_who(trial), _when(trial), *_texts(trial)]
    end = local(trial.expires_at, trial.at, trial.zone) if trial.expires_at else ""
    if trial.daily_list:
        parts.append(
            f"While it waits, whoever was told has it on the daily list {trial.daily_list.words}, "
            "their own time."
        )
    return [*parts, f"If nobody reacts; the plan is over {end}. Nothing was sent or written."]


def _about(document: Subject) -> str:
    if isinstance(document, Silence):
        return f"{document.company}: nothing read since {document.local:%Y-%m-%d %H:%M}"
    return (
        f"{document.company}: bill {document.number or document.record_no} of "
        f"{document.vendor_name or document.vendor_id}, {document.amount}, "
        f"{document.state.value.replace('_', ' ')}"
    )


def _missed(trial: Trial) -> RenderableType:
    rows = ((str(miss.number), miss.rule, miss.wanted, miss.found) for miss in trial.misses)
    return table("Passed over", ("rule", "", "asks for", "found"), rows)


def _who(trial: Trial) -> RenderableType:
    rows = (
        (str(number), planned.step.to, who, why, outcome)
        for number, planned, starts in _steps(trial)
        for who, why, outcome in _candidates(planned, starts) or [(NOBODY, "", "")]
    )
    return table("Whom", ("step", "to", "candidate", "because", ""), rows)


def _when(trial: Trial) -> RenderableType:
    rows = (_moment(told, trial) for told in trial.told)
    return table("When", ("step", "who", "by", "goes out", "", "note"), rows)


def _moment(told: Told, trial: Trial) -> tuple[str, ...]:
    zone = zone_named(told.zone) if told.zone else trial.zone
    who = told.recipient if told.text else NOBODY
    if told.sent_at is None:
        goes = "never" if told.text else "-"
        why = (
            "the plan is over by then" if told.text else "nobody can be told; the next step begins"
        )
    else:
        goes = local(told.sent_at, trial.at, zone)
        why = _held(told, trial.at, zone)
    return _name(told), who, told.channel, goes, why, ", ".join(_notes(told))


def _held(told: Told, now: datetime, zone: Any) -> str:  # noqa: ANN401 - a tzinfo
    if not told.held:
        return ""
    return f"ready {local(told.begun_at, now, zone)}: {told.held}"


def _name(told: Told) -> str:
    times = told.planned.step.at_most if told.planned.step.repeat else 1
    return f"{told.step} ({told.occurrence} of {times})" if times > 1 else str(told.step)


def _notes(told: Told) -> Iterator[str]:
    step = told.planned.step
    if told.channel != step.channel:
        yield f"in place of {step.channel}"
    if step.unless:
        yield f"unless {step.unless.value}"
    if told.channel == VOICE:
        yield f"up to {step.tries} calls" if step.channel == VOICE else "up to 3 calls"
    if step.confirm and told.channel == VOICE:
        yield "asks for a key"
    if step.repeat and told.occurrence == 1:
        yield f"again every {duration(step.repeat)} until {step.until.value}"
    if step.urgent:
        yield "also in quiet hours"


def _texts(trial: Trial) -> Iterator[RenderableType]:
    for told in trial.told:
        if not told.text or told.occurrence > 1:
            continue
        measure = measured(told.channel, told.text, told.language).words
        said = told.text
        if told.channel == VOICE and told.planned.step.confirm:
            said += f" {prompts(spoken_language(told.language)).ask}"
        yield Text.assemble(
            (f"Step {told.step} to {told.recipient} ({measure}): ", "bold"), printable(said)
        )
