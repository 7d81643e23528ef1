"""`ml-connector approvers verify`: proof that a number is the person's."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated

import typer

from cli.console.asking import ask
from cli.console.failures import Failure, Misused
from cli.console.options import AsJson, Profile, Region, Stack, Stage
from cli.console.terminal import Printer
from cli.deployment import Deployment, Target
from cli.people_store import PeopleStore, fingerprint_of
from cli.telephony import VERIFY_SERVICE, Twilio, twilio
from cli.welcoming import Welcome, welcome
from ml_connector.domain.approvers import Approver
from ml_connector.domain.formats import language_of
from ml_connector.domain.instants import to_text
from ml_connector.domain.phone import mask
from ml_connector.twilio.verify import Channel, Checked, TwilioVerify

#: What each answer but the right one means, and what to do.
_WORDS = {
    Checked.WRONG: "that is not the code",
    Checked.GONE: "no code is open for this number: it expired after ten minutes, or was used; "
    "start again without --code",
    Checked.TOO_MANY: "too many codes were tried; wait ten minutes, then start again",
}


def verify(
    approver: Annotated[str, typer.Argument(help="The person's id.", show_default=False)],
    call: Annotated[
        bool, typer.Option("--call", help="Let the code be told by a call, for landlines.")
    ] = False,
    code: Annotated[
        str,
        typer.Option(help="The code of an earlier run, which sent it.", show_default=False),
    ] = "",
    welcome_them: Welcome = None,
    stage: Stage = "dev",
    stack: Stack = "",
    profile: Profile = "",
    region: Region = "",
    as_json: AsJson = False,
) -> None:
    """Send a code to somebody's phone, and take it back: the number is theirs.

    Without an answer the code stays open for ten minutes: finish with --code. Twilio charges for
    every code that was right. The Verify service is made on first use and kept in the secret.
    """
    if call and code:
        raise Misused("--call sends a new code; --code takes the one that was sent")
    printer = Printer(as_json=as_json)
    deployment = Deployment(Target(stage, stack, profile, region))
    store = PeopleStore(deployment)
    person = store.person(approver)
    if not person.active or not person.phone:
        why = "has no phone number" if person.active else "is not active"
        raise Failure(f"{approver} {why}; nothing was sent")
    with twilio(deployment) as account:
        sent = _Code(account, person, "call" if call else "sms")
        if not code:
            with printer.working(f"sending a code to {mask(person.phone)}"):
                sent.start()
            printer.note(f"A code is on its way to {mask(person.phone)}.")
            if not (code := _answer()):
                document = {"ok": True, "id": approver, "started": True, "verified": False}
                command = f"ml-connector approvers verify {approver} --code CODE"
                printer.result(document, f"Within ten minutes: {command}")
                return
        sent.check(code)
    at = datetime.now(UTC)
    after = store.amend(
        approver,
        "person.verified",
        {"number": fingerprint_of(person)},
        lambda now: _verified(now, person, at),
    )
    told = welcome([after], store, deployment, welcome_them)
    if told.note:
        printer.note(told.note)
    printer.result(
        {
            "ok": True,
            "id": approver,
            "verified": True,
            "verified_at": to_text(at),
            "welcomed": bool(told.ids),
        },
        f"{approver} is verified: {mask(after.phone)} is theirs."
        + (" They get their welcome text." if told.ids else ""),
    )


class _Code:
    """One code, to one person's number."""

    def __init__(self, account: Twilio, person: Approver, channel: Channel) -> None:
        self._account = account
        self._verify = TwilioVerify(account.connection)
        self._person = person
        self._channel = channel

    def start(self) -> None:
        """Send it."""
        person, service = self._person, self._account.verify_service(self._verify)
        self._verify.start(service, person.phone, self._channel, language_of(person.language))

    def check(self, code: str) -> None:
        """Return where it is right, ask again where it is not and somebody is there; or Failure."""
        while (said := self._checked(code)) in _WORDS:
            if said is not Checked.WRONG:
                raise Failure(_WORDS[said])
            code = _answer(f"{_WORDS[said].capitalize()}. The code")
            if not code:
                raise Failure(f"{_WORDS[said]}; the right one still counts, with --code")

    def _checked(self, code: str) -> Checked:
        service = self._account.secret.get(VERIFY_SERVICE)
        if not service:  # then no code was ever sent
            return Checked.GONE
        return self._verify.check(str(service), self._person.phone, code)


def _answer(question: str = "The code") -> str:
    """What somebody types; empty where they do not, or nobody is there."""
    try:
        return ask(f"{question}; empty to stop here", "")
    except Misused:
        return ""


def _verified(now: Approver, asked: Approver, at: datetime) -> Approver:
    if now.phone != asked.phone:
        raise Failure("the number was changed meanwhile; verify the new one")
    return replace(now, verified_at=at)
