"""What `ping` looks at in the sender: that it is there, can do its job, and hears replies."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cli.checks import Check, Verdict
from ml_connector.domain.phone import is_e164
from ml_connector.errors import DeliveryError
from ml_connector.twilio.client import TwilioConnection
from ml_connector.twilio.credentials import Sender
from ml_connector.twilio.reading import Reader

#: Messaging services looked through for the one that has our number.
_SERVICES = 20
_TOLL_FREE = ("+1800", "+1833", "+1844", "+1855", "+1866", "+1877", "+1888")
_APPROVED = "TWILIO_APPROVED"
_SECRET = "run `ml-connector secrets set twilio`"  # nosec B105 # noqa: S105 - a command
_LISTEN = (
    "in the messaging service, under Integration, let incoming messages go to the sender's own "
    "webhook; none has to be set there"
)
_UNREAD = "in the Twilio console, let the API key read phone numbers and messaging services"


def senders(connection: TwilioConnection, sender: Sender, reader: Reader) -> Iterator[Check]:
    """Check the sender of texts, the number of calls, registration, and whether replies are seen.

    What the key may not read is a warning: sending needs none of it.
    """
    looked = _Looked(connection, reader)
    if sender.messaging_service:
        yield from _guarded("messaging service", looked.service(sender.messaging_service))
    elif is_e164(sender.number):
        yield from _guarded("sender", looked.number("sender", sender.number, "sms"))
        yield from _guarded("replies", looked.membership(sender.number))
    else:
        yield Check(
            "sender",
            Verdict.OK if sender.takes_replies else Verdict.WARNING,
            "a short code; not checked" if sender.takes_replies else "a name: takes no replies",
        )
    if sender.voice_from:
        yield from _guarded("calls from", looked.number("calls from", sender.voice_from, "voice"))
    else:
        found = "no number to call from: nobody can be called"
        fix = "run `ml-connector voice deploy --from NUMBER`"
        yield Check("calls from", Verdict.WARNING, found, fix)


def _guarded(name: str, checks: Iterator[Check]) -> Iterator[Check]:
    try:
        yield from checks
    except DeliveryError as error:
        found = f"cannot be read: {error.safe_message.partition(';')[0]}"
        yield Check(name, Verdict.WARNING, found, _UNREAD)


class _Looked:
    """Reads of senders. Raises the DeliveryError family."""

    def __init__(self, connection: TwilioConnection, reader: Reader) -> None:
        self._connection = connection
        self._reader = reader

    def number(self, name: str, number: str, ability: str) -> Iterator[Check]:
        """That a number is the account's and can do this: `sms` or `voice`."""
        owned = self._owned(number)
        if owned is None:
            if ability == "voice":
                found = "not a number of this account; a verified caller id works as well"
                yield Check(name, Verdict.WARNING, found, "see that it is verified, or use another")
            else:
                yield Check(name, Verdict.FAILED, "not a number of this account", _SECRET)
            return
        if not (owned.capabilities or {}).get(ability):
            what = "send SMS" if ability == "sms" else "call"
            fix = "use a number that can; see its capabilities in the Twilio console"
            yield Check(name, Verdict.FAILED, f"this number cannot {what}", fix)
            return
        yield Check(name, Verdict.OK, f"a number of this account, with {ability}")
        if ability == "sms" and number.startswith(_TOLL_FREE):
            yield from self._toll_free(str(owned.sid))

    def service(self, sid: str) -> Iterator[Check]:
        """That a messaging service is there, has senders, is registered and logs replies."""
        services = self._messaging().services
        service = self._reader.found(lambda: services(sid).fetch())
        if service is None:
            yield Check("messaging service", Verdict.FAILED, f"there is no {sid}", _SECRET)
            return
        pool = self._pool(sid)
        if not pool:
            fix = "add a number to its sender pool in the Twilio console"
            yield Check("messaging service", Verdict.FAILED, "it has no sender", fix)
        else:
            found = f"{len(pool)} senders" if len(pool) > 1 else "one sender"
            yield Check("messaging service", Verdict.OK, found)
        yield _replies(service)
        if any(number.startswith("+1") and not number.startswith(_TOLL_FREE) for number in pool):
            yield self._campaign(sid)

    def membership(self, number: str) -> Iterator[Check]:
        """Whether replies to a number are logged, and whether US carriers know who sends.

        Both are matters of the messaging service it may belong to.
        """
        services = self._messaging().services
        page = self._reader.read(lambda: list(services.page(page_size=_SERVICES)))
        home = next((each for each in page if number in self._pool(str(each.sid))), None)
        if home is None:
            found = "the number belongs to no messaging service: replies are logged"
            yield Check("replies", Verdict.OK, found)
        else:
            yield _replies(home)
        if not number.startswith("+1") or number.startswith(_TOLL_FREE):
            return
        if home is not None:
            yield self._campaign(str(home.sid))
            return
        found = "the number is in no registered campaign: US carriers block it (30034)"
        fix = "register it for A2P 10DLC in the Twilio console, by a messaging service"
        yield Check("registration", Verdict.WARNING, found, fix)

    def _campaign(self, service: str) -> Check:
        campaigns = self._messaging().services(service).us_app_to_person
        states = self._reader.read(
            lambda: [str(each.campaign_status) for each in campaigns.page(page_size=_SERVICES)]
        )
        if "VERIFIED" in states:
            return Check("registration", Verdict.OK, "A2P 10DLC campaign verified")
        found = f"A2P 10DLC campaign {states[0].lower()}" if states else "no A2P 10DLC campaign"
        fix = "finish the registration in the Twilio console"
        said = f"{found}: US carriers block its messages (30034)"
        return Check("registration", Verdict.WARNING, said, fix)

    def _toll_free(self, number_sid: str) -> Iterator[Check]:
        verifications = self._messaging().tollfree_verifications
        states = self._reader.read(
            lambda: [
                str(each.status)
                for each in verifications.page(
                    tollfree_phone_number_sid=number_sid, page_size=_SERVICES
                )
            ]
        )
        if _APPROVED in states:
            yield Check("registration", Verdict.OK, "toll-free number verified")
            return
        found = f"toll-free verification {states[0].lower()}" if states else "not verified"
        fix = "verify the toll-free number in the Twilio console"
        yield Check("registration", Verdict.WARNING, f"{found}: carriers block it (30032)", fix)

    def _owned(self, number: str) -> Any:  # noqa: ANN401 - the official classes are untyped
        numbers = self._connection.product("api").account.incoming_phone_numbers
        rows = self._reader.read(lambda: list(numbers.page(phone_number=number, page_size=20)))
        return next((row for row in rows if row.phone_number == number), None)

    def _pool(self, service: str) -> list[str]:
        numbers = self._messaging().services(service).phone_numbers
        return self._reader.read(
            lambda: [str(each.phone_number) for each in numbers.page(page_size=400)]
        )

    def _messaging(self) -> Any:  # noqa: ANN401 - the official classes are untyped
        return self._connection.product("messaging").v1


def _replies(service: Any) -> Check:  # noqa: ANN401 - the official classes are untyped
    if service.inbound_request_url or service.use_inbound_webhook_on_number:
        return Check("replies", Verdict.OK, "the messaging service logs them")
    found = "the messaging service drops them unlogged: no reply and no STOP is seen here"
    return Check("replies", Verdict.WARNING, found, _LISTEN)
