"""`ml-connector alerts show | cancel | resend`: single cases, for whoever is on call."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, TypeAlias, cast

import typer
from rich.text import Text

from cli.alerts.case_view import CaseView, view_of
from cli.alerts.finding import Finder, lost_words, name_of
from cli.alerts.resending import PENDING, Again, chosen, newest_step, resent
from cli.alerts.showing import case_parts, under_way_parts
from cli.alerts.stopping import cancelled
from cli.alerts.under_way import under_way
from cli.alerts.words import count
from cli.alerts.writing import Act, act
from cli.console.asking import confirm
from cli.console.failures import FAILED, Failure, Misused
from cli.console.options import AsJson, Profile, Region, Stack, Stage, Yes
from cli.console.reasons import Reason, asked_for
from cli.console.terminal import Printer
from cli.deployment import Deployment, Target
from ml_connector.aws.queue import SqsDoorbell
from ml_connector.domain.dispatches import Dispatch
from ml_connector.domain.instants import seconds, to_text
from ml_connector.domain.phone import mask
from ml_connector.domain.planning import PlanTimes
from ml_connector.domain.unit_of_work import CaseFile
from ml_connector.errors import QueueUnavailable

#: The most dispatches and cases listed without an argument.
MOST_LISTED = 500
#: A reason is a sentence, not a page: it is in the audit for good.
LONGEST_REASON = 200

Which: TypeAlias = Annotated[
    str,
    typer.Argument(
        metavar="BILL|CASE", help="The bill's number, or the case's id.", show_default=False
    ),
]
Company: TypeAlias = Annotated[
    str,
    typer.Option(help="Look in this company only, by its key in the flow.", show_default=False),
]


class Channel(StrEnum):
    """What somebody can be told over."""

    SMS = "sms"
    CALL = "call"


def show(
    which: Annotated[
        str,
        typer.Argument(
            metavar="[BILL|CASE|DISPATCH]",
            help="A bill's number, or an id; by default all that is under way.",
            show_default=False,
        ),
    ] = "",
    company: Company = "",
    stage: Stage = "dev",
    stack: Stack = "",
    profile: Profile = "",
    region: Region = "",
    as_json: AsJson = False,
) -> None:
    """Show what is on its way or waits, and why; or everything about one bill or case.

    Of a bill: who was and will be told, over which channel, what became of it, and the query that
    finds its log lines.
    """
    printer = Printer(as_json=as_json)
    deployment = Deployment(Target(stage, stack, profile, region))
    now = datetime.now(UTC)
    if not which:
        with printer.working("asking AWS"):
            found, whole = under_way(deployment, company, MOST_LISTED, now)
        document = {"ok": True, "under_way": [one.as_json() for one in found], "whole": whole}
        printer.result(document, *under_way_parts(found, whole, now))
        return
    finder = Finder(deployment, company)
    with printer.working("looking for it"):
        meant = finder.find(which)
        flow = deployment.flows.current()
        views = [view_of(deployment, finder, file, flow, now) for file in meant.files]
    about, lost = name_of(meant.document, which), list(meant.lost)
    nothing = f"{about}: nobody was ever told of it; there is no case."
    printer.result(
        {
            "ok": not lost,
            "which": which,
            "cases": [view.as_json() for view in views],
            "lost": lost,
        },
        *([] if views or lost else [nothing]),
        *(part for view in views for part in case_parts(view)),
        *([Text(f"{lost_words(about, lost)}.", style="bold red")] if lost else []),
    )
    if lost:
        raise typer.Exit(FAILED)


def cancel(
    which: Which,
    reason: Reason = "",
    company: Company = "",
    yes: Yes = False,
    stage: Stage = "dev",
    stack: Stack = "",
    profile: Profile = "",
    region: Region = "",
    as_json: AsJson = False,
) -> None:
    """Stop a case: nothing more is sent for it. The bill itself is left alone.

    What Twilio has already is not called back. Who stopped it and why is in the audit.
    """
    printer = Printer(as_json=as_json)
    _check_reason(reason, yes=yes)
    deployment = Deployment(Target(stage, stack, profile, region))
    finder = Finder(deployment, company)
    file = finder.one_open(which)
    view = _look(deployment, finder, file)
    if not as_json or not yes:
        printer.show(*view.plan)
    why = _agreed(printer, f"Stop case {file.case.id} ({view.what})?", reason, yes=yes)
    by = deployment.caller()
    done, _ = act(
        deployment.alerts, file.case.id, lambda now_file, at: cancelled(now_file, by, why, at)
    )
    gone = [d for d in view.dispatches if d.sid and not d.state.settled]
    stopped = cast("list[str]", done.data["stopped_alerts"])
    printer.result(
        {
            "ok": True,
            "case": done.case.id,
            "state": done.case.state.value,
            "stopped_alerts": stopped,
            "at_twilio": [dispatch.id for dispatch in gone],
        },
        f"Case {done.case.id} is stopped; {count(len(stopped), 'alert')} will be told no more.",
        *(f"{d.id} to {d.recipient} is at Twilio already and may still arrive." for d in gone),
    )


def resend(
    which: Which,
    to: Annotated[
        str,
        typer.Option(help="Whom to tell, by id; by default who was told last.", show_default=False),
    ] = "",
    channel: Annotated[
        Channel | None,
        typer.Option(help="By default as the plan says.", show_default=False),
    ] = None,
    reason: Reason = "",
    company: Company = "",
    yes: Yes = False,
    stage: Stage = "dev",
    stack: Stack = "",
    profile: Profile = "",
    region: Region = "",
    as_json: AsJson = False,
) -> None:
    """Tell somebody once more of a case that is open, with a new text or call.

    Opt-outs, quiet hours and throttles hold as for every alert. Refused while an earlier one may
    still reach somebody by itself, unless you say --yes.
    """
    printer = Printer(as_json=as_json)
    _check_reason(reason, yes=yes)
    deployment = Deployment(Target(stage, stack, profile, region))
    finder = Finder(deployment, company)
    file = finder.one_open(which)
    again = _again(deployment, file, to, channel)
    view = _look(deployment, finder, file)
    pending = _pending(deployment, file)
    _refuse_pending(pending, yes=yes)
    verb = "Call" if again.channel == "voice" else "Text"
    question = f"{verb} {again.person.id} at {mask(again.person.phone)} about {view.what}?"
    why = _agreed(printer, question, reason, yes=yes)
    document = finder.document(file)
    if document is None:
        raise Failure(f"the bill of case {file.case.id} is not stored; the next poll records it")
    times = _times(deployment)
    by = deployment.caller()

    def decided(stored: CaseFile, at: datetime) -> Act:
        fresh = _pending(deployment, stored)
        _refuse_pending(fresh, yes=yes)
        return resent(stored, again, document, fresh, by, why, at, times)

    done, now = act(deployment.alerts, file.case.id, decided)
    dispatch = done.dispatches[0]
    rung = _ring(deployment, dispatch, printer)
    printer.result(
        {
            "ok": True,
            "case": file.case.id,
            "alert": done.alerts[0].id,
            "dispatch": dispatch.id,
            "recipient": dispatch.recipient,
            "channel": dispatch.channel,
            "pending": [one.id for one in pending],
            "queued": rung,
            "at": to_text(now),
        },
        f"{verb} {dispatch.id} to {dispatch.recipient} is on its way; "
        f"`ml-connector alerts show {dispatch.id}` says what becomes of it.",
    )


# ------------------------------------------------------------------------------------- parts
def _look(deployment: Deployment, finder: Finder, file: CaseFile) -> CaseView:
    flow = deployment.flows.current()
    return view_of(deployment, finder, file, flow, datetime.now(UTC))


def _check_reason(reason: str, *, yes: bool) -> None:
    if yes and not reason.strip():
        raise Misused("say why with --reason: it is kept in the audit")
    if len(reason.strip()) > LONGEST_REASON:
        raise Misused(f"a reason has at most {LONGEST_REASON} characters")


def _agreed(printer: Printer, question: str, reason: str, *, yes: bool) -> str:
    """The reason, once somebody agreed; ends the command where nobody does."""
    if not confirm(question, yes=yes):
        printer.result({"ok": False, "done": False}, "Nothing was changed.")
        raise typer.Exit(FAILED)
    return (reason.strip() or asked_for())[:LONGEST_REASON]


def _again(deployment: Deployment, file: CaseFile, to: str, channel: Channel | None) -> Again:
    step, last = newest_step(file)
    who = to or last
    person = deployment.approvers.approver(who)
    if person is None:
        raise Failure(
            f"nobody has the id {who!r}; name somebody with --to "
            "(`ml-connector approvers export` lists everybody)"
        )
    wanted = {Channel.SMS: "sms", Channel.CALL: "voice"}
    return chosen(file, person, wanted[channel] if channel else "", step)


def _pending(deployment: Deployment, file: CaseFile) -> list[Dispatch]:
    """Those of the newest dispatches of its alerts that may still reach somebody."""
    newest = sorted({alert.dispatch for alert in file.alerts if alert.dispatch})
    return [d for d in deployment.alerts.dispatches(newest) if d.state in PENDING]


def _refuse_pending(pending: list[Dispatch], *, yes: bool) -> None:
    if pending and not yes:
        raise Failure(
            f"{count(len(pending), 'dispatch', 'dispatches')} of this case may still reach "
            "somebody without another; say --yes to send all the same: they may be told twice",
            [f"{d.id} to {d.recipient} is {d.state.value}" for d in pending],
        )


def _times(deployment: Deployment) -> PlanTimes:
    timings = deployment.settings.timings
    return PlanTimes(
        seconds(timings.case_lifetime), seconds(timings.ring_again), int(timings.validity)
    )


def _ring(deployment: Deployment, dispatch: Dispatch, printer: Printer) -> bool:
    """Put it on the queue; where that fails the status check does, a little later."""
    doorbell = SqsDoorbell(deployment.client("sqs"), deployment.output("AlertsQueueUrl"))
    try:
        doorbell.ring([dispatch.id])
    except QueueUnavailable as error:
        printer.note(f"warning: {error.safe_message}; the status check queues it in a moment")
        return False
    return True
