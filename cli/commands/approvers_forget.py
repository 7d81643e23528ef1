"""`ml-connector approvers forget`: erase a person, here and as far as possible at Twilio."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer

from cli.audit.progress import bar
from cli.console.asking import confirm
from cli.console.failures import FAILED, Failure
from cli.console.options import AsJson, Profile, Region, Stack, Stage, Yes
from cli.console.reasons import Reason, asked_for
from cli.console.terminal import Printer
from cli.deployment import Deployment, Target
from cli.forgetting.at_twilio import Records
from cli.forgetting.belongings import Belongings, belongings
from cli.forgetting.erasing import Erased, erase
from cli.forgetting.obstacles import obstacles
from cli.people_store import PeopleStore
from cli.telephony import twilio
from ml_connector.domain.approvers import Approver


def forget(
    approver: Annotated[str, typer.Argument(help="The person's id.", show_default=False)],
    keep_at_twilio: Annotated[
        bool, typer.Option("--keep-at-twilio", help="Leave what Twilio keeps of them there.")
    ] = False,
    reason: Reason = "",
    yes: Yes = False,
    stage: Stage = "dev",
    stack: Stack = "",
    profile: Profile = "",
    region: Region = "",
    as_json: AsJson = False,
) -> None:
    """Erase a person: shows what goes and what stays, then asks. It cannot be undone.

    Refused while somebody or something needs them, saying what to do. The audit keeps their id and
    fingerprints that nobody can tie to a number any more. Run again, it finishes what was left.
    """
    printer = Printer(as_json=as_json)
    deployment = Deployment(Target(stage, stack, profile, region))
    store = PeopleStore(deployment, reason=reason)
    person = store.known(approver)
    if person is None:
        raise Failure(f"nobody has the id {approver!r}")

    def read() -> Belongings:
        with bar("looking for what was sent to them") as looked_at:
            return belongings(deployment, person, looked_at)

    found, others = read(), [one for one in store.everybody() if one.id != approver]
    if person.forgotten_at and not found.left:
        printer.result(
            _document(person, Erased(), None), f"{approver} is forgotten; nothing is left to erase."
        )
        return
    against = [] if person.forgotten_at else list(obstacles(person, others, found))
    if against:
        raise Failure(f"{approver} is still needed; nothing was erased", against)
    printer.show(*_words(person, found, keep_at_twilio=keep_at_twilio))
    if not confirm(f"Forget {approver} in {deployment.target.stack_name}?", yes=yes):
        printer.result({"ok": False, "forgotten": False}, "Nothing was erased.")
        raise typer.Exit(FAILED)
    if not person.forgotten_at and not reason and not yes:
        store = PeopleStore(deployment, reason=asked_for(default=""))
    with _records(deployment, keep=keep_at_twilio) as records:
        done = erase(person, found, others, store, records, read)
    _tell(printer, person, done, records)


@contextmanager
def _records(deployment: Deployment, *, keep: bool) -> Iterator[Records | None]:
    """Asked for before anything is erased: without credentials nothing is."""
    if keep:
        yield None
        return
    with twilio(deployment) as account:
        yield Records(account)


def _words(person: Approver, found: Belongings, *, keep_at_twilio: bool) -> Iterator[str]:
    """What goes and what stays."""
    yield "Erased here:"
    if not person.forgotten_at:
        yield (
            "  their row: name, number, e-mail or login, consent, hours, absences, and the salt of "
            "their fingerprints"
        )
    sent = sum(bool(each.text or each.to) for each in found.sent)
    about = sum(bool(each.text) for each in found.about)
    yield f"  number and words of {sent} texts and calls to them"
    yield f"  the words of {about} texts to others that name them"
    if keep_at_twilio:
        yield "Stays at Twilio: all of it, for --keep-at-twilio was given."
    else:
        yield "Erased at Twilio: these texts and calls, what was said, and what they replied."
    yield "Stays:"
    yield f"  the id {person.id}, in the audit and in cases; it is nobody's any more"
    yield "  fingerprints of their numbers, which without the salt mean nothing"
    yield "  backups of the tables, for at most 35 days; logs hold no names and no numbers"
    yield "  reasons that operators typed, Intacct, and files that were exported"


def _tell(printer: Printer, person: Approver, done: Erased, records: Records | None) -> None:
    kept = list(dict.fromkeys(records.kept)) if records else []
    for why in kept:
        printer.note(f"Twilio: {why}")
    for dispatch, why in done.left.items():
        printer.note(f"left: {dispatch}: {why}")
    whole = not done.left and not kept
    if whole:
        said = f"{person.id} is forgotten."
    else:
        said = f"{person.id} is told nothing any more, but something is left: run it again later."
    printer.result(_document(person, done, records), said)
    if not whole:
        raise typer.Exit(FAILED)


def _document(person: Approver, done: Erased, records: Records | None) -> dict[str, Any]:
    return {
        "ok": not done.left and not (records and records.kept),
        "forgotten": person.id,
        "dispatches_erased": done.dispatches,
        "removed_at_twilio": records.removed if records else 0,
        "left": dict(done.left),
        "kept_at_twilio": list(dict.fromkeys(records.kept)) if records else [],
    }
