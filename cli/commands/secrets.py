"""`ml-connector secrets set`: credentials from a person's keyboard into Secrets Manager."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import typer

from cli.console.asking import ask, ask_secret
from cli.console.options import AsJson, Profile, Region, Stack, Stage
from cli.console.terminal import Printer
from cli.deployment import Deployment, Target
from ml_connector.intacct.credentials import credentials_of
from ml_connector.intacct.zone import configured_zone
from ml_connector.twilio.credentials import Sender, TwilioCredentials

#: What is not asked for here, and belongs to the account: published and made by other commands, or
#: set by hand.
_OF_THE_ACCOUNT = ("voice_from", "voice_flow", "verify_service", "region", "edge")
#: What is kept of a company that is asked for again.
_OF_THE_COMPANY = ("currency",)


class Provider(StrEnum):
    """Whose credentials."""

    INTACCT = "intacct"
    TWILIO = "twilio"


def set_secret(
    provider: Annotated[Provider, typer.Argument(help="Whose credentials.")],
    replace: Annotated[
        bool,
        typer.Option(
            "--replace",
            help="Forget what is stored: keep no sender, no other company, no voice flow.",
        ),
    ] = False,
    stage: Stage = "dev",
    stack: Stack = "",
    profile: Profile = "",
    region: Region = "",
    as_json: AsJson = False,
) -> None:
    """Ask for credentials and store them; passwords are not shown as you type.

    For Intacct one company is asked for at a time; the others that are stored stay. So does, while
    the Twilio account is the same, what was stored for it: voice flow, Verify service, region.
    """
    printer = Printer(as_json=as_json)
    deployment = Deployment(Target(stage, stack, profile, region))
    output = f"{provider.value.capitalize()}SecretId"
    stored = {} if replace else deployment.secret(output)
    asked = _intacct(stored) if provider is Provider.INTACCT else _twilio(stored)
    name = deployment.put_secret(output, asked.body)
    after = "ml-connector ping" if provider is Provider.INTACCT else "ml-connector status"
    printer.result(
        {"ok": True, "secret": name, **asked.said},
        f"Stored in {name}. Functions notice within five minutes. Next: {after}",
    )


class _Asked:
    """A secret's new body, and what may be said about it."""

    def __init__(self, body: dict[str, Any], **said: object) -> None:
        self.body = body
        self.said = said

    def __repr__(self) -> str:
        return "_Asked(hidden)"


def _intacct(stored: dict[str, Any]) -> _Asked:
    companies = stored.get("companies")
    others = dict(companies) if isinstance(companies, dict) else {}
    sender = str(stored.get("sender_id", ""))
    sender_id = ask("Sender id of your Web Services licence", sender or None)
    kept = sender_id == sender and stored.get("sender_password")
    sender_password = kept or ask_secret("Sender password")
    key = ask("Company key, as the flow has it, such as acme")
    entry = {
        "company_id": ask("Company id in Intacct"),
        "user_id": ask("User id"),
        "user_password": ask_secret("User password"),
    }
    optional = {
        "entity_id": ask("Entity id, for an entity-level login; usually empty", ""),
        "utc_offset": ask("UTC offset of the user's preferences; usually empty", ""),
    }
    entry |= {name: value for name, value in optional.items() if value}
    before = others.get(key)
    if isinstance(before, dict) and before.get("company_id") == entry["company_id"]:
        entry |= {name: before[name] for name in _OF_THE_COMPANY if name in before}
    body = {
        "sender_id": sender_id,
        "sender_password": sender_password,
        "companies": {**others, key: entry},
    }
    credentials_of(body, key)
    if entry.get("utc_offset"):
        configured_zone(entry["utc_offset"])
    return _Asked(body, company=key, companies=sorted(body["companies"]))


def _twilio(stored: dict[str, Any]) -> _Asked:
    body: dict[str, Any] = {"account_sid": ask("Account SID, AC...")}
    if body["account_sid"] == stored.get("account_sid"):
        body |= {name: stored[name] for name in _OF_THE_ACCOUNT if name in stored}
    api_key = ask("API key SID, SK...; empty to use the auth token", "")
    if api_key:
        body |= {"api_key": api_key, "api_secret": ask_secret("API key secret")}
    else:
        body["auth_token"] = ask_secret("Auth token")
    sender = ask("Sender: a number such as +15550100100, or a messaging service, MG...")
    body["messaging_service" if sender.startswith("MG") else "from"] = sender
    TwilioCredentials.from_secret(body)
    Sender.from_secret(body)
    return _Asked(body, account_sid=body["account_sid"], sender=sender)
