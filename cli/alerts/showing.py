"""Cases on the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from rich.console import RenderableType
from rich.text import Text

from cli.console.terminal import printable, table
from ml_connector.domain.cases import Alert, stop_of
from ml_connector.domain.dispatches import Dispatch

from .case_view import CaseView
from .under_way import UnderWay
from .words import STOP, ago, count, local, state_of


def under_way_parts(
    found: Sequence[UnderWay], whole: bool, now: datetime
) -> Iterator[RenderableType]:
    """What is under way, newest first."""
    if not found:
        yield "Nothing is on its way, and nothing waits."
        return
    yield table(
        f"Under way ({count(len(found), 'alert')})",
        ("since", "company", "about", "who", "state", "id"),
        (
            (
                f"{ago(one.at, now)} ago",
                one.company,
                one.what,
                one.who,
                one.said,
                one.dispatch or one.case,
            )
            for one in found
        ),
    )
    if not whole:
        yield Text("There is more: name a company with --company.", style="yellow")


def case_parts(view: CaseView) -> Iterator[RenderableType]:
    """A case: its bill and state, its plan, who was told what came of it, and where to look on."""
    case, now, zone = view.file.case, view.now, view.zone
    amount = f", {view.document.amount}" if view.document else ""
    yield Text(printable(f"{view.what}{amount} ({case.company}, {case.document})"), style="bold")
    yield f"Case {case.id}: {case.kind}, round {case.round}, {case.state.value}. {view.state}"
    opened = f"Opened {local(case.opened_at, now, zone)} by the rule {case.rule!r}"
    version = f"of flow version {case.flow_version}"
    if case.ended_at:
        end = f"ended {local(case.ended_at, now, zone)} ({case.end_reason})"
    else:
        end = f"expires {local(case.expires_at, now, zone)}"
    yield f"{opened} {version}; {end}."
    yield from (f"  {line}" for line in map(printable, view.plan))
    if case.listed:
        yield printable(f"Bills on it: {', '.join(one.document for one in case.listed)}.")
    yield _told(view)
    yield from (f"{one.words(now, zone)}." for one in view.lists)
    yield Text("Log lines, in CloudWatch Logs Insights:", style="bold")
    yield Text(f"Log groups: {', '.join(view.logs.groups)}", no_wrap=True)
    yield Text(view.logs.query, no_wrap=True)
    yield ""


def _told(view: CaseView) -> RenderableType:
    headings = ("step", "who", "number", "try", "state", "Twilio's id", "dispatch")
    return table("Told", headings, _rows(view))


def _rows(view: CaseView) -> Iterator[tuple[str, ...]]:
    for alert in view.file.alerts:
        dispatches = view.of_alert(alert)
        if not dispatches:
            yield (str(alert.step), _who(alert), "", "", _stopped(view, alert), "", "")
        for dispatch in dispatches:
            yield (
                str(alert.step),
                _who(alert),
                view.number(dispatch),
                view.attempt(alert, dispatch),
                _state(view, alert, dispatch),
                dispatch.sid,
                dispatch.id,
            )


def _who(alert: Alert) -> str:
    return f"{'call' if alert.channel == 'voice' else 'text'} to {alert.recipient}"


def _state(view: CaseView, alert: Alert, dispatch: Dispatch) -> str:
    said = state_of(dispatch, view.now, view.zone)
    stopped = _stopped(view, alert) if alert.dispatch == dispatch.id else ""
    return f"{said}. {stopped}" if stopped else said


def _stopped(view: CaseView, alert: Alert) -> str:
    reason = stop_of(view.file.case, alert)
    return f"Stopped: {STOP[reason]}" if reason else ""
