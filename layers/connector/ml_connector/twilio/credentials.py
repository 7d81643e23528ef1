"""Who we are to Twilio, and who our messages come from: what the twilio secret says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field

from ml_connector.domain.frozen import frozen
from ml_connector.domain.phone import is_e164
from ml_connector.errors import ConfigurationError

_ACCOUNT = re.compile(r"AC[0-9a-fA-F]{32}")
_KEY = re.compile(r"SK[0-9a-fA-F]{32}")
_SERVICE = re.compile(r"MG[0-9a-fA-F]{32}")
_FLOW = re.compile(r"FW[0-9a-fA-F]{32}")
#: E.164, a short code, or an alphanumeric sender id (at most 11 characters, one of them a letter).
_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}|[0-9]{3,8}|(?=[0-9 ]*[A-Za-z])[A-Za-z0-9 ]{1,11}")


@frozen
class TwilioCredentials:
    """An account with its auth token, or with an API key and its secret (recommended).

    `username` and `password` are what HTTP Basic carries. Restricted and standard keys may not read
    the account itself, so nothing here asks for it. Raises ConfigurationError for a wrong shape.
    """

    account_sid: str
    username: str
    password: str = field(repr=False)

    def __post_init__(self) -> None:
        if not _ACCOUNT.fullmatch(self.account_sid):
            raise ConfigurationError("twilio secret: account_sid must be AC and 32 hex digits")
        if self.username != self.account_sid and not _KEY.fullmatch(self.username):
            raise ConfigurationError("twilio secret: api_key must be SK and 32 hex digits")
        if not self.password or not self.password.isascii() or not self.password.isprintable():
            name = "auth_token" if self.username == self.account_sid else "api_secret"
            raise ConfigurationError(f"twilio secret: {name} is empty or not plain text")

    @classmethod
    def from_secret(cls, secret: Mapping[str, object]) -> TwilioCredentials:
        """From the secret's JSON object; an API key is preferred where both are given."""
        account = _text(secret, "account_sid")
        if "api_key" in secret or "api_secret" in secret:
            return cls(account, _text(secret, "api_key"), _text(secret, "api_secret"))
        return cls(account, account, _text(secret, "auth_token"))


@frozen
class Sender:
    """One number (or short code, or name), or one messaging service; never both.

    `voice_from` is the number calls come from, empty where there is none; `voice_flow` the
    published flow that asks for a key, empty where calls only announce.
    """

    number: str = ""
    messaging_service: str = ""
    voice_from: str = ""
    voice_flow: str = ""

    def __post_init__(self) -> None:
        if bool(self.number) == bool(self.messaging_service):
            raise ConfigurationError(
                "twilio secret: give either from or messaging_service, and only one"
            )
        if self.number and not _NUMBER.fullmatch(self.number):
            raise ConfigurationError(
                "twilio secret: from must be E.164 such as +15550100100, a short code or a name"
            )
        if self.messaging_service and not _SERVICE.fullmatch(self.messaging_service):
            raise ConfigurationError(
                "twilio secret: messaging_service must be MG and 32 hex digits"
            )
        if self.voice_from and not is_e164(self.voice_from):
            raise ConfigurationError(
                "twilio secret: voice_from must be E.164 such as +15550100100; "
                "neither a short code nor a name can call"
            )
        if self.voice_flow and not is_flow(self.voice_flow):
            raise ConfigurationError(
                "twilio secret: voice_flow must be FW and 32 hex digits; "
                "`ml-connector voice deploy` writes it"
            )

    @property
    def takes_replies(self) -> bool:
        """Whether people can text back: to a number or a service, not to a name."""
        return not self.number or self.number.removeprefix("+").isdecimal()

    @classmethod
    def from_secret(cls, secret: Mapping[str, object]) -> Sender:
        """From the secret's JSON object. Calls come from the sender itself if it is a number."""
        number, service, calling, flow = (
            _text(secret, key, optional=True)
            for key in ("from", "messaging_service", "voice_from", "voice_flow")
        )
        if not calling and is_e164(number):
            calling = number
        return cls(number, service, calling, flow)


def is_flow(name: str) -> bool:
    """Whether this names a published flow."""
    return _FLOW.fullmatch(name) is not None


def _text(secret: Mapping[str, object], key: str, *, optional: bool = False) -> str:
    value = secret.get(key)
    if value is None and optional:
        return ""
    if not isinstance(value, str) or not (value.strip() or optional):
        raise ConfigurationError(f"twilio secret: {key} is missing or not text")
    return value.strip()
