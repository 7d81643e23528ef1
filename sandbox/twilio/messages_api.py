"""`/2010-04-01/Accounts/{AC}/Messages`: what a create must hold, and the records on the wire."""

from __future__ import annotations

from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sandbox.twilio.endpoints import Endpoint
from sandbox.twilio.errors import ApiError
from sandbox.twilio.filters import date_filter
from sandbox.twilio.messages import IN_FLIGHT, Draft
from sandbox.twilio.numbers import SMS_FROM, SMS_TO, is_e164
from sandbox.twilio.wire import ApiResponse, created, list_v2010, read_time, rfc2822

if TYPE_CHECKING:
    from datetime import datetime

    from sandbox.twilio.messages import Message
    from sandbox.twilio.wire import ApiRequest, Json
    from sandbox.twilio.world import World

BODY_LIMIT = 1600
VALIDITY_MIN, VALIDITY_MAX = 1, 36000
SCHEDULE_MIN, SCHEDULE_MAX = timedelta(seconds=300), timedelta(days=35)


def create(world: World, request: ApiRequest) -> ApiResponse:
    """POST: accept a message or refuse it with Twilio's code."""
    message = world.messages.create(read_draft(world, request))
    return created(render(world, message))


def fetch(world: World, request: ApiRequest) -> ApiResponse:
    """GET one."""
    return ApiResponse(body=render(world, _find(world, request)))


def listing(world: World, request: ApiRequest) -> ApiResponse:
    """GET the list: `To`, `From` and `DateSent` (exact day, `<`, `>`), newest first."""
    now = world.clock.now()
    to, sender, wanted = (
        request.param("To"),
        request.param("From"),
        date_filter(request, "DateSent"),
    )
    rows = (
        message
        for message in world.messages.all()
        if message.listed_at <= now
        and to in {"", message.to}
        and sender in {"", message.sender}
        and wanted.admits(message.sent)
    )
    return list_v2010(request, "messages", rows, lambda message: render(world, message))


def update(world: World, request: ApiRequest) -> ApiResponse:
    """POST to one: an empty `Body` redacts, `Status=canceled` stops a scheduled message."""
    message = _find(world, request)
    now = world.clock.now()
    if request.has("Status"):
        if request.get("Status") != "canceled":
            raise ApiError(20001, "Status must be canceled")
        if message.status != "scheduled":
            raise ApiError(30409)
        message.move("canceled", now)
    if request.has("Body"):
        if request.get("Body"):
            raise ApiError(20001, "Body can only be redacted: it must be empty")
        _refuse_in_flight(message)
        message.body = ""
        message.updated = now
    return ApiResponse(body=render(world, message))


def delete(world: World, request: ApiRequest) -> ApiResponse:
    """DELETE one."""
    message = _find(world, request)
    _refuse_in_flight(message)
    world.messages.delete(message.sid)
    return ApiResponse(HTTPStatus.NO_CONTENT)


def _refuse_in_flight(message: Message) -> None:
    """Of a removal that is documented; that a body is redacted "post-flight", and no more."""
    if message.status in IN_FLIGHT:
        raise ApiError(20009)


def read_draft(world: World, request: ApiRequest) -> Draft:
    """Check a create in Twilio's order: presence, text, sender, recipient, options."""
    to, body = request.get("To").strip(), request.get("Body")
    sender, service_sid = request.get("From").strip(), request.get("MessagingServiceSid").strip()
    if not to:
        raise ApiError(21604)
    if not sender and not service_sid:
        raise ApiError(21603)
    if not body and not request.has("MediaUrl"):
        raise ApiError(21602)
    if len(body) > BODY_LIMIT:
        raise ApiError(21617)
    if sender:
        _check_sender(world, sender)
    if service_sid:
        _check_service(world, service_sid)
    _check_recipient(world, to, sender, service_sid)
    _check_callback(request.get("StatusCallback"))
    return Draft(
        to=to,
        sender=sender or None,
        service_sid=service_sid or None,
        body=body,
        validity=_validity(request.get("ValidityPeriod")),
        send_at=_send_at(world, request, service_sid),
    )


def _check_sender(world: World, sender: str) -> None:
    if sender in SMS_FROM:
        raise ApiError(SMS_FROM[sender], sender)
    if not world.owns(sender):
        raise ApiError(21606, sender)


def _check_service(world: World, service_sid: str) -> None:
    service = world.services.get(service_sid)
    if service is None:
        raise ApiError(21705, service_sid)
    if not service.pool:
        raise ApiError(21703)


def _check_recipient(world: World, to: str, sender: str, service_sid: str) -> None:
    if to in SMS_TO:
        raise ApiError(SMS_TO[to], to)
    if not is_e164(to):
        raise ApiError(21211, to)
    senders = [sender] if sender else []
    if service_sid and (service := world.services.get(service_sid)):
        senders += service.pool
    opted_out = world.phones.get(to).behaviour == "opted_out"
    if opted_out or any(world.opt_outs.holds(each, to) for each in senders):
        raise ApiError(21610)


def _check_callback(url: str) -> None:
    if url and urlsplit(url).scheme not in {"http", "https"}:
        raise ApiError(21609, url)


def _validity(text: str) -> int:
    if not text:
        return VALIDITY_MAX
    if not text.isascii() or not text.isdigit() or not VALIDITY_MIN <= int(text) <= VALIDITY_MAX:
        raise ApiError(21624, text)
    return int(text)


def _send_at(world: World, request: ApiRequest, service_sid: str) -> datetime | None:
    if not request.has("SendAt") and not request.has("ScheduleType"):
        return None
    if not service_sid:
        raise ApiError(35118)
    if request.get("ScheduleType") != "fixed":
        raise ApiError(35115, request.get("ScheduleType"))
    try:
        send_at = read_time(request.get("SendAt"))
    except ApiError:
        raise ApiError(35114) from None
    if not SCHEDULE_MIN <= send_at - world.clock.now() <= SCHEDULE_MAX:
        raise ApiError(35114)
    return send_at


def _find(world: World, request: ApiRequest) -> Message:
    message = world.messages.get(request.args["sid"])
    if message is None:
        raise ApiError(20404, request.path)
    return message


def render(world: World, message: Message) -> Json:
    """Write a message as v2010 does: numbers as strings, dates after RFC 2822."""
    account = world.settings.account_sid
    uri = f"/2010-04-01/Accounts/{account}/Messages/{message.sid}"
    return {
        "account_sid": account,
        "api_version": "2010-04-01",
        "body": message.body,
        "date_created": rfc2822(message.created),
        "date_sent": rfc2822(message.sent),
        "date_updated": rfc2822(message.updated),
        "direction": message.direction,
        "error_code": message.error_code,
        "error_message": None,
        "from": message.sender,
        "messaging_service_sid": message.service_sid,
        "num_media": "0",
        "num_segments": str(message.segments),
        "price": None if message.price is None else f"{message.price:.5f}",
        "price_unit": "USD" if message.price is not None else None,
        "sid": message.sid,
        "status": message.status,
        "subresource_uris": {"media": f"{uri}/Media.json"},
        "to": message.to,
        "uri": f"{uri}.json",
    }


_PATH = "/2010-04-01/Accounts/{account}/Messages"
ENDPOINTS = (
    Endpoint("messages.create", "POST", f"{_PATH}.json", create),
    Endpoint("messages.list", "GET", f"{_PATH}.json", listing),
    Endpoint("messages.fetch", "GET", f"{_PATH}/{{sid}}.json", fetch),
    Endpoint("messages.update", "POST", f"{_PATH}/{{sid}}.json", update),
    Endpoint("messages.delete", "DELETE", f"{_PATH}/{{sid}}.json", delete),
)
