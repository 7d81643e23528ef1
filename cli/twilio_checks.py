"""What `ping` looks at in the Twilio account, and what to do about each thing that is not right.

Nothing is sent and nobody is called. Whether a restricted key may create something is asked with a
request that names no recipient: Twilio refuses it for what it lacks, or for the permission first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from cli.checks import Check, Verdict
from cli.telephony import VERIFY_SERVICE, Twilio
from cli.twilio_senders import senders
from cli.voice_flow import Studio, definition
from ml_connector.errors import (
    ConfigurationError,
    DeliveryError,
)
from ml_connector.twilio.credentials import Sender
from ml_connector.twilio.endpoints import CONFIRMED_VOICE
from ml_connector.twilio.reading import Reader

#: Codes that say: not with these credentials, whatever is asked for.
_NO_ACCOUNT = frozenset({20003, 20005, 20008, 10001, 20010, 21472, 90010})
_REFUSALS = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
#: Messages looked at to see whether the account sends for somebody else too.
_RECENT = 100
_VOICE_DEPLOY = "run `ml-connector voice deploy`"
_TIMEOUT = 20.0


@dataclass(frozen=True, slots=True)
class Permission:
    """One thing the key has to be allowed: how to ask, and what is lost without it.

    `creates` marks the requests that name no recipient, whose refusal for that is what is expected.
    """

    name: str
    needed: bool
    without: str
    ask: Callable[[], object]
    creates: bool = False


def examine_twilio(account: Twilio) -> Iterator[Check]:
    """Look at the account, a check after another; ends early where nobody can sign in."""
    try:
        sender = Sender.from_secret(account.secret)
    except ConfigurationError as error:
        fix = "run `ml-connector secrets set twilio`"
        yield Check("sender", Verdict.FAILED, error.safe_message, fix)
        return
    reader = Reader(account.connection)
    refused = _refused(reader, account)
    yield _sign_in(account, refused)
    if refused:
        return
    yield from _region(account)
    for permission in _permissions(account, sender):
        yield _allowed(permission, reader)
    yield from senders(account.connection, sender, reader)
    yield from _flow(account, sender)
    yield from _dedicated(account, sender, reader)


# ------------------------------------------------------------------------------- account
def _refused(reader: Reader, account: Twilio) -> DeliveryError | None:
    """Why nothing can be asked with these credentials, or None.

    The account itself is no place to ask: only its auth token and main keys open it.
    """
    try:
        reader.read(lambda: account.connection.messages().page(page_size=1))
    except DeliveryError as error:
        uncoded = error.provider_code is None and error.http_status == HTTPStatus.UNAUTHORIZED
        if error.retryable or uncoded or error.provider_code in _NO_ACCOUNT:
            return error
    return None


def _sign_in(account: Twilio, refused: DeliveryError | None) -> Check:
    secret = account.secret
    by = f"API key {secret['api_key']}" if secret.get("api_key") else "auth token"
    if refused is None:
        return Check("sign in", Verdict.OK, f"{secret['account_sid']}, {by}")
    if refused.retryable:
        fix = "try again in some minutes; check the network and Twilio's own status page"
    else:
        fix = (
            "run `ml-connector secrets set twilio`; a key belongs to one region, "
            "and test credentials can read nothing"
        )
    return Check("sign in", Verdict.FAILED, refused.safe_message.partition(";")[0], fix)


def _region(account: Twilio) -> Iterator[Check]:
    places = account.connection.endpoints
    if places.region:
        yield Check("region", Verdict.OK, f"{places.region} by {places.edge}")
    for feature, instead in places.lacks.items():
        found = f"{places.region} has no {feature}"
        yield Check("region", Verdict.WARNING, found, instead)


# --------------------------------------------------------------------------- permissions
def _permissions(account: Twilio, sender: Sender) -> Iterator[Permission]:
    """Everything the functions and this command ask of Twilio."""
    connection = account.connection
    api = connection.product("api").account
    messages, calls = api.messages, api.calls
    yield Permission(
        "list messages", True, "no text's fate is known", lambda: messages.page(page_size=1)
    )
    yield Permission(
        "create messages",
        True,
        "no text is sent",
        lambda: messages.create(to="", body="", from_=""),
        creates=True,
    )
    yield Permission(
        "list calls", False, "no call's fate is known", lambda: calls.page(page_size=1)
    )
    if not sender.voice_flow or not connection.endpoints.has(CONFIRMED_VOICE):
        yield Permission(
            "create calls",
            False,
            "nobody is called",
            lambda: calls.create(to="", from_="", twiml=""),
            creates=True,
        )
    else:
        flow = connection.flow(sender.voice_flow)
        yield Permission("fetch the flow", False, "it cannot be checked here", flow.fetch)
        executions = flow.executions
        yield Permission(
            "list executions",
            True,
            "no key press is read back",
            lambda: executions.page(page_size=1),
        )
        yield Permission(
            "create executions",
            True,
            "nobody is called",
            lambda: executions.create(to="", from_=""),
            creates=True,
        )
    service = account.secret.get(VERIFY_SERVICE)
    if service:
        verify = connection.product("verify").v2
        yield Permission(
            "fetch the Verify service",
            False,
            "no number can be verified",
            lambda: verify.services(str(service)).fetch(),
        )
    number = sender.voice_from
    if number:
        lookups = connection.product("lookups").v2
        yield Permission(
            "look numbers up",
            False,
            "new numbers are checked for their form alone",
            lambda: lookups.phone_numbers(number).fetch(),
        )


def _allowed(permission: Permission, reader: Reader) -> Check:
    try:
        if permission.creates:
            reader.create(_TIMEOUT, permission.ask)
        else:
            reader.read(permission.ask)
    except DeliveryError as error:
        as_expected = permission.creates and error.http_status == HTTPStatus.BAD_REQUEST
        if not as_expected:
            return _not_allowed(permission, error)
    return Check(permission.name, Verdict.OK, "allowed")


def _not_allowed(permission: Permission, error: DeliveryError) -> Check:
    verdict = Verdict.FAILED if permission.needed else Verdict.WARNING
    said = error.safe_message.partition(";")[0]
    if error.http_status in _REFUSALS:
        fix = f"in the Twilio console, let the API key {permission.name}"
    elif error.http_status == HTTPStatus.NOT_FOUND:
        fix = "check the SIDs in the twilio secret"
    else:
        fix = "try again in some minutes"
    return Check(permission.name, verdict, f"{said}: {permission.without}", fix)


# ----------------------------------------------------------------------- flow and account
def _flow(account: Twilio, sender: Sender) -> Iterator[Check]:
    if not account.connection.endpoints.has(CONFIRMED_VOICE):
        return
    if not sender.voice_flow:
        found = "no flow is published: calls only announce, nobody's key press counts"
        yield Check("voice flow", Verdict.WARNING, found, _VOICE_DEPLOY)
        return
    try:
        flow = Studio(account.connection).fetch(sender.voice_flow)
    except DeliveryError:
        return  # the permission to fetch it was asked for above
    if flow is None:
        yield Check("voice flow", Verdict.FAILED, f"{sender.voice_flow} is gone", _VOICE_DEPLOY)
    elif flow.runs(definition()):
        found = f"revision {flow.revision}, as in this version of ml-connector"
        yield Check("voice flow", Verdict.OK, found)
    else:
        found = f"revision {flow.revision} ({flow.status}) is not that of this version"
        yield Check("voice flow", Verdict.FAILED, found, _VOICE_DEPLOY)


def _dedicated(account: Twilio, sender: Sender, reader: Reader) -> Iterator[Check]:
    """Whether others send from the account too: lists then cost more, and limits are shared."""

    def others(page: Any) -> tuple[int, int]:  # noqa: ANN401 - the official classes are untyped
        rows = list(page)
        return sum(not _ours(row, sender) for row in rows), len(rows)

    try:
        page = reader.read(lambda: account.connection.messages().page(page_size=_RECENT))
        foreign, total = reader.read(others, page)
    except DeliveryError:
        return  # listing was asked for above
    if foreign:
        found = f"{foreign} of the last {total} messages are not this sender's"
        fix = (
            "use a subaccount for ml-connector alone: lists stay short, and limits, "
            "opt-outs and suspensions are its own"
        )
        yield Check("account of its own", Verdict.WARNING, found, fix)
    else:
        found = f"all of the last {total} messages are this sender's" if total else "no message yet"
        yield Check("account of its own", Verdict.OK, found)


def _ours(message: Any, sender: Sender) -> bool:  # noqa: ANN401 - the official classes are untyped
    if sender.messaging_service:
        return bool(message.messaging_service_sid == sender.messaging_service)
    return sender.number in (message.from_, message.to)
