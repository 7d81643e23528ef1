"""Verify: a code to a number, and whether the person who holds it can read it back.

Twilio makes, sends and compares the code, so it is never here. A code lives ten minutes; within
them it is sent at most five times and compared at most five times.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal

from ml_connector.errors import (
    ConfigurationError,
    DeliveryBlocked,
    DeliveryError,
    DeliveryRejected,
)

from .endpoints import VERIFY
from .reading import NOT_FOUND, Reader

if TYPE_CHECKING:
    from .client import TwilioConnection

Channel = Literal["sms", "call"]

#: Seconds one request may take.
TIMEOUT = 15.0
_SERVICE = re.compile(r"VA[0-9a-fA-F]{32}")
_CODE = re.compile(r"[0-9]{4,10}")

_PARAMETER, _MANY_CHECKS, _MANY_SENDS = 60200, 60202, 60203
_LANDLINE, _FRAUD, _COUNTRY = 60205, 60410, 60605
#: What keeps a code from being sent, in words for whoever asked for it.
_NOT_SENT = {
    _PARAMETER: "Twilio takes no such number",
    _MANY_SENDS: "five codes were sent already; wait ten minutes, then start again",
    _LANDLINE: "a landline takes no text; let it be called: --call",
    _FRAUD: "Twilio blocks codes to numbers like this one; ask Twilio to allow it",
    _COUNTRY: "codes to this country are not enabled; enable it in Verify's geo permissions",
}


class Checked(StrEnum):
    """What became of a code that somebody read back."""

    APPROVED = "approved"
    """It is the one that was sent: the number is theirs."""
    WRONG = "wrong"
    """It is another one; the right one still counts."""
    GONE = "gone"
    """No code is open for this number: it expired, was used, or none was sent."""
    TOO_MANY = "too_many"
    """Too many were tried; none counts until this one has expired."""


class TwilioVerify:
    """One account's Verify service. Raises ConfigurationError, and the DeliveryError family."""

    def __init__(self, connection: TwilioConnection) -> None:
        if not connection.endpoints.has(VERIFY):
            raise ConfigurationError(
                f"Twilio's region {connection.endpoints.region} has no Verify: numbers stay "
                "unverified there, and are told all the same"
            )
        self._connection = connection
        self._reader = Reader(connection)

    def create_service(self, name: str) -> str:
        """Make a service, and return its SID. `name` is what people read in the text."""
        services = self._connection.product("verify").v2.services
        sid = self._reader.create(TIMEOUT, lambda: str(services.create(friendly_name=name).sid))
        return _checked(sid)

    def start(self, service: str, to: str, channel: Channel, language: str = "en") -> None:
        """Send a code by text or call, the same one while it is open.

        Raises DeliveryRejected with what to do where it cannot be sent to this number now.
        """
        verifications = self._service(service).verifications
        try:
            self._reader.create(
                TIMEOUT,
                lambda: verifications.create(to=to, channel=channel, locale=language).status,
            )
        except DeliveryError as error:
            if error.provider_code in _NOT_SENT:
                words = _NOT_SENT[error.provider_code]
                raise DeliveryRejected(
                    f"no code was sent: {words}", provider_code=error.provider_code
                ) from None
            if error.provider_code == NOT_FOUND:
                raise DeliveryBlocked(
                    "the Verify service in the twilio secret does not exist in this account; take "
                    "verify_service out of the secret, and a new one is made",
                    provider_code=NOT_FOUND,
                ) from None
            raise

    def check(self, service: str, to: str, code: str) -> Checked:
        """Whether `code` is the one that was sent to the number."""
        if not _CODE.fullmatch(code):
            return Checked.WRONG
        checks = self._service(service).verification_checks
        try:
            status = self._reader.create(
                TIMEOUT, lambda: str(checks.create(to=to, code=code).status)
            )
        except DeliveryError as error:
            known = {
                NOT_FOUND: Checked.GONE,
                _MANY_CHECKS: Checked.TOO_MANY,
                _PARAMETER: Checked.WRONG,
            }
            if error.provider_code in known:
                return known[error.provider_code]
            raise
        return Checked.APPROVED if status == "approved" else Checked.WRONG

    def _service(self, sid: str) -> Any:  # noqa: ANN401 - the official classes are untyped
        return self._connection.product("verify").v2.services(_checked(sid))


def _checked(sid: str) -> str:
    if not _SERVICE.fullmatch(sid):
        raise ConfigurationError("twilio secret: verify_service must be VA and 32 hex digits")
    return sid
