"""The steps of a case's plan as JSON, and back. Only what differs from the default is written."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from ml_connector.domain.plans import PlannedStep, Step, Until


def planned_form(planned: PlannedStep) -> dict[str, Any]:
    """A planned step as JSON; durations in seconds."""
    step = planned.step
    form: dict[str, Any] = {
        "channel": step.channel,
        "to": step.to,
        "after": step.after.total_seconds(),
        "unless": step.unless.value if step.unless else "",
        "repeat": step.repeat.total_seconds() if step.repeat else 0,
        "at_most": step.at_most,
        "until": step.until.value,
        "attempts": step.attempts,
        "confirm": step.confirm,
        "urgent": step.urgent,
        "detail": step.detail,
        "link": step.link,
        "candidates": list(planned.candidates),
        "reasons": list(planned.reasons),
    }
    return {name: value for name, value in form.items() if value != _DEFAULTS.get(name)}


def planned_of(form: Mapping[str, Any]) -> PlannedStep:
    """The planned step in its JSON."""
    said = {**_DEFAULTS, **form}
    return PlannedStep(
        Step(
            channel=said["channel"],
            to=said["to"],
            after=timedelta(seconds=said["after"]),
            unless=Until(said["unless"]) if said["unless"] else None,
            repeat=timedelta(seconds=said["repeat"]) if said["repeat"] else None,
            at_most=int(said["at_most"]),
            until=Until(said["until"]),
            attempts=int(said["attempts"]),
            confirm=bool(said["confirm"]),
            urgent=bool(said["urgent"]),
            detail=said["detail"],
            link=bool(said["link"]),
        ),
        tuple(said["candidates"]),
        tuple(said["reasons"]),
    )


_DEFAULTS: dict[str, Any] = {
    "after": 0.0,
    "unless": "",
    "repeat": 0,
    "at_most": 1,
    "until": Until.HANDLED.value,
    "attempts": 0,
    "confirm": False,
    "urgent": False,
    "detail": "full",
    "link": False,
    "candidates": [],
    "reasons": [],
}
