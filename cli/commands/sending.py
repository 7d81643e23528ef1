"""`ml-connector test-send`: one real text or call to somebody, the way alerts go."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from time import sleep
from typing import Annotated, Any

import typer

from cli.console.asking import confirm
from cli.console.failures import FAILED, Failure
from cli.console.options import AsJson, Profile, Region, Stack, Stage, Yes
from cli.console.terminal import Printer
from cli.deployment import Deployment, Target
from cli.people_store import PeopleStore, fingerprint_of
from cli.telephony import Twilio, twilio
from cli.trial import CallTrial, Result, TextTrial, Trial
from ml_connector.domain.approvers import Approver
from ml_connector.domain.delivery import Sending
from ml_connector.domain.ids import stable_id
from ml_connector.domain.phone import mask
from ml_connector.errors import DeliveryError, DeliveryOutcomeUnknown

#: Seconds between two looks at where it is, and how far the clocks may differ.
PAUSE = 2.0
_CLOCKS = timedelta(seconds=60)
_CODE = 6


def send_trial(
    to: Annotated[str, typer.Option(help="The approver, by id.", show_default=False)],
    call: Annotated[bool, typer.Option("--call", help="Call instead of texting.")] = False,
    wait: Annotated[
        int, typer.Option(min=0, max=600, help="Seconds to wait for the outcome.")
    ] = 90,
    yes: Yes = False,
    stage: Stage = "dev",
    stack: Stack = "",
    profile: Profile = "",
    region: Region = "",
    as_json: AsJson = False,
) -> None:
    """Send one real text, or place one call, and say whether it arrived and what to fix.

    It goes the way alerts go: same account, same sender. Twilio charges for it. It is in the audit
    of the person it went to.
    """
    printer = Printer(as_json=as_json)
    deployment = Deployment(Target(stage, stack, profile, region))
    store = PeopleStore(deployment)
    person = store.person(to)
    channel = "voice" if call else "sms"
    if why := person.obstacle_to(channel):
        raise Failure(f"{to} cannot be told by {channel}: {why}; nothing was sent")
    with twilio(deployment) as account:
        code = stable_id("test", str(uuid.uuid4()))[:_CODE]
        trial = _trial(account, person, code, call=call)
        question = f"{'Call' if call else 'Text'} {to} at {mask(person.phone)}?"
        if not confirm(question, yes=yes):
            printer.result({"ok": False, "sent": False}, "Nothing was sent.")
            raise typer.Exit(FAILED)
        about = {"channel": channel, "number": fingerprint_of(person), "reference": code}
        # First the entry: nobody is told anything that the audit does not know of.
        store.amend(to, "person.test_sent", about)
        result, sid = _outcome(trial, printer, wait)
    ended = {"sid": sid, "outcome": result.outcome, "error_code": result.error_code}
    store.amend(to, "person.test_ended", {"reference": code, **ended})
    printer.result(_document(to, channel, code, sid, result), *_shown(to, code, result))
    if not result.ok:
        raise typer.Exit(FAILED)


def _trial(account: Twilio, person: Approver, code: str, *, call: bool) -> Trial:
    if call:
        return CallTrial(
            account.caller, person.phone, code=f"test-{code}", language=person.language
        )
    stage = account.deployment.target.stage
    return TextTrial(
        account.messenger, person.phone, stage=stage, code=code, language=person.language
    )


def _outcome(trial: Trial, printer: Printer, wait: int) -> tuple[Result, str]:
    """Send it, and look at it until it is over or time is. The SID is empty where none is known."""
    since = datetime.now(UTC) - _CLOCKS
    looks = max(1, round(wait / PAUSE))
    found: Sending | None = None
    lost = False
    with printer.working("sending"):
        try:
            found = trial.start()
        except DeliveryOutcomeUnknown:
            lost = True
        except DeliveryError as error:
            return Result(False, "refused", error.safe_message, "", error.provider_code), ""
    with printer.working(f"waiting for the outcome, {wait} seconds at most"):
        for look in range(looks):
            if found and found.over:
                break
            if look:
                sleep(PAUSE)
            try:
                found = _seen(trial, found, since)
            except DeliveryError as error:
                sid = found.sid if found else ""
                return Result(False, "unknown", error.safe_message, "", error.provider_code), sid
    if found is None:
        said = "Twilio did not answer, and does not list it" if lost else "Twilio lost it"
        return Result(False, "unknown", said, "look at Twilio's log before sending again"), ""
    return trial.judge(found), found.sid


def _seen(trial: Trial, found: Sending | None, since: datetime) -> Sending | None:
    """Where it is now, as far as Twilio says."""
    try:
        return (trial.look(found.sid) or found) if found else trial.find(since)
    except DeliveryError as error:
        if not error.retryable:
            raise
        return found


def _document(to: str, channel: str, code: str, sid: str, result: Result) -> dict[str, Any]:
    return {
        "ok": result.ok,
        "sent": bool(sid),
        "id": to,
        "channel": channel,
        "reference": code,
        "sid": sid,
        "outcome": result.outcome,
        "said": result.said,
        "fix": result.fix,
        "error_code": result.error_code,
    }


def _shown(to: str, code: str, result: Result) -> list[str]:
    lines = [f"{to}: {result.said} (code {code})."]
    return [*lines, f"To do: {result.fix}."] if result.fix else lines
