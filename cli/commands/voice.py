"""`ml-connector voice deploy`: calls that ask for a key."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.console.failures import Failure
from cli.console.options import AsJson, Profile, Region, Stack, Stage
from cli.console.terminal import Printer
from cli.deployment import Deployment, Target
from cli.telephony import SECRET, Twilio, twilio
from cli.voice_flow import Definition, Published, Studio, definition
from ml_connector.twilio.credentials import Sender
from ml_connector.twilio.endpoints import CONFIRMED_VOICE


def deploy(
    calling: Annotated[
        str,
        typer.Option(
            "--from",
            help="The number calls come from, such as +15550100100; by default the sender's.",
            show_default=False,
        ),
    ] = "",
    check: Annotated[
        bool, typer.Option("--check", help="Only have the definition checked; change nothing.")
    ] = False,
    stage: Stage = "dev",
    stack: Stack = "",
    profile: Profile = "",
    region: Region = "",
    as_json: AsJson = False,
) -> None:
    """Publish the flow that asks approvers for a key, so that calls are confirmed.

    Twilio checks the definition first. A new revision is made only where it changed. Until it is
    published, calls only announce, and nobody's key press counts.
    """
    printer = Printer(as_json=as_json)
    deployment = Deployment(Target(stage, stack, profile, region))
    with twilio(deployment) as account:
        _refuse_where_it_cannot_work(account)
        changes = _calling_from(account, calling)
        wanted, name = definition(), f"ml-connector {stage}"
        studio = Studio(account.connection)
        with printer.working("asking Twilio to check the definition"):
            studio.validate(wanted, name)
            known = studio.named(name, str(account.secret.get("voice_flow") or ""))
        if check:
            _say_what_would_be(printer, known, wanted)
            return
        changed = known is None or not known.runs(wanted)
        flow = studio.publish(wanted, name, known) if known is None or changed else known
    changes["voice_flow"] = flow.sid
    stored = _store(deployment, changes)
    done = f"published as revision {flow.revision}" if changed else "unchanged"
    kept = "written to the secret; functions notice within five minutes" if stored else "in use"
    printer.result(
        {
            "ok": True,
            "flow": flow.sid,
            "revision": flow.revision,
            "changed": changed,
            "stored": stored,
        },
        f"Flow {name!r}, {flow.sid}: {done}; {kept}. Next: ml-connector ping twilio",
    )


def _refuse_where_it_cannot_work(account: Twilio) -> None:
    places = account.connection.endpoints
    if not places.has(CONFIRMED_VOICE):
        raise Failure(
            f"Twilio's region {places.region} has no confirmed voice; nothing was changed",
            [f"{feature}: {instead}" for feature, instead in places.lacks.items()],
        )


def _calling_from(account: Twilio, calling: str) -> dict[str, str]:
    """What has to be written to the secret for calls to have a number they come from."""
    given = {"voice_from": calling} if calling else {}
    if not Sender.from_secret({**account.secret, **given}).voice_from:
        raise Failure(
            "calls need a number to come from, and the sender is none: give one with --from"
        )
    return given


def _say_what_would_be(printer: Printer, known: Published | None, wanted: Definition) -> None:
    if known is None:
        says = "it would be made"
    elif known.runs(wanted):
        says = f"revision {known.revision} is the same; nothing to do"
    else:
        says = f"it differs from revision {known.revision} and would become the next"
    changed = known is None or not known.runs(wanted)
    document = {"ok": True, "valid": True, "changed": changed, "checked_only": True}
    printer.result(document, f"Twilio takes the definition; {says}.")


def _store(deployment: Deployment, changes: dict[str, str]) -> bool:
    """Write to the secret what is not there yet; read again, so that nobody's change is undone."""
    body = deployment.secret(SECRET)
    if all(body.get(key) == value for key, value in changes.items()):
        return False
    deployment.put_secret(SECRET, {**body, **changes})
    return True
