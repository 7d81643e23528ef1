"""`/2010-04-01/Accounts/{AC}/Calls`: placing, reading, ending calls, and their Events."""

from __future__ import annotations

from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING

from sandbox.twilio.calls import FINAL, WAITING, CallDraft
from sandbox.twilio.endpoints import Endpoint
from sandbox.twilio.errors import ApiError
from sandbox.twilio.filters import date_filter
from sandbox.twilio.numbers import CALL_FROM, CALL_TO, is_e164
from sandbox.twilio.twiml import TwimlScript
from sandbox.twilio.wire import ApiResponse, created, list_v2010, rfc2822

if TYPE_CHECKING:
    from sandbox.twilio.calls import Call, Script
    from sandbox.twilio.wire import ApiRequest, Json
    from sandbox.twilio.world import World

TWIML_LIMIT = 4000
TIMEOUT_DEFAULT, TIMEOUT_MAX = 60, 600
SUBRESOURCES = ("events", "notifications", "recordings", "payments", "streams", "transcriptions")
# Played when the TwiML would have to be fetched: the callee hears Twilio's apology.
NO_DOCUMENT = ""


def create(world: World, request: ApiRequest) -> ApiResponse:
    """POST: place a call from inline TwiML, a flow's webhook address, or an address nobody asks."""
    draft = _read_draft(world, request)
    now = world.clock.now()
    call = world.calls.place(draft, _script(world, request), now)
    world.accept("call", call.sid, draft.to, draft.sender, request.get("Twiml"))
    call.note_create(request.base + request.path, draft.parameters, now)
    return created(render(world, call))


def fetch(world: World, request: ApiRequest) -> ApiResponse:
    """GET one."""
    return ApiResponse(body=render(world, _find(world, request)))


def listing(world: World, request: ApiRequest) -> ApiResponse:
    """GET the list: `To`, `From`, `Status`, `StartTime` and `EndTime`, newest first."""
    now = world.clock.now()
    to, sender, status = (request.param(name) for name in ("To", "From", "Status"))
    started, ended = date_filter(request, "StartTime"), date_filter(request, "EndTime")
    rows = (
        call
        for call in world.calls.all()
        if call.listed_at <= now
        and to in {"", call.draft.to}
        and sender in {"", call.draft.sender}
        and status in {"", call.status}
        and started.admits(call.started)
        and ended.admits(call.ended)
    )
    return list_v2010(request, "calls", rows, lambda call: render(world, call))


def update(world: World, request: ApiRequest) -> ApiResponse:
    """POST to one: cancel it before it is answered, hang it up, or give it other TwiML."""
    call = _find(world, request)
    status, now = request.get("Status"), world.clock.now()
    if call.status in FINAL:
        raise ApiError(21220)
    if status == "canceled":
        if call.status not in WAITING:
            raise ApiError(21220)
        world.calls.end(call, "canceled", now)
    elif status == "completed":
        world.calls.end(call, "canceled" if call.status in WAITING else "completed", now)
    elif status:
        raise ApiError(20001, f"Invalid Status: {status}")
    elif request.has("Twiml"):
        if call.line is None or call.status in WAITING:
            raise ApiError(21220)
        call.line.take_over()
        call.script = TwimlScript(request.get("Twiml"))
        call.script.answered(call.line, now)
    return ApiResponse(body=render(world, call))


def delete(world: World, request: ApiRequest) -> ApiResponse:
    """DELETE one."""
    call = _find(world, request)
    if call.status not in FINAL:
        raise ApiError(20009)
    world.calls.delete(call.sid)
    return ApiResponse(HTTPStatus.NO_CONTENT)


def events(world: World, request: ApiRequest) -> ApiResponse:
    """GET what was asked for during a call; empty until some minutes after its end."""
    call = _find(world, request)
    ready = timedelta(seconds=world.settings.timings.events)
    over = call.ended is not None and call.ended + ready <= world.clock.now()
    rows = call.events[::-1] if over else []
    return list_v2010(request, "events", rows, lambda event: event.body)


def notifications(world: World, request: ApiRequest) -> ApiResponse:
    """GET the call's notifications: there are none."""
    _find(world, request)
    empty: list[Call] = []
    return list_v2010(request, "notifications", empty, lambda _: {})


def _read_draft(world: World, request: ApiRequest) -> CallDraft:
    to, sender = request.get("To").strip(), request.get("From").strip()
    if not to:
        raise ApiError(21201)
    if not sender:
        raise ApiError(21213)
    if not any(request.get(name) for name in ("Url", "Twiml", "ApplicationSid")):
        raise ApiError(21205)
    if len(request.get("Twiml")) > TWIML_LIMIT:
        raise ApiError(20001, f"Twiml must be at most {TWIML_LIMIT} characters")
    check_call_numbers(world, to, sender)
    return CallDraft(
        to,
        sender,
        timeout=_timeout(request.get("Timeout")),
        detect_machine=request.get("MachineDetection") in {"Enable", "DetectMessageEnd"},
        parameters={key: values[0] for key, values in request.form.items()},
    )


def check_call_numbers(world: World, to: str, sender: str) -> None:
    """Refuse numbers no call can go between, with Twilio's code."""
    if sender in CALL_FROM:
        raise ApiError(CALL_FROM[sender], sender)
    if not world.owns(sender):
        raise ApiError(21210, sender)
    if to in CALL_TO:
        raise ApiError(CALL_TO[to], to)
    if not is_e164(to):
        raise ApiError(21211, to)


def _timeout(text: str) -> int:
    if not text:
        return TIMEOUT_DEFAULT
    if not text.isascii() or not text.isdigit() or int(text) > TIMEOUT_MAX:
        raise ApiError(20001, f"Invalid Timeout: {text}")
    return int(text)


def _script(world: World, request: ApiRequest) -> Script:
    url = request.get("Url")
    if not url:
        return TwimlScript(request.get("Twiml"))
    # As at Twilio, Twiml is ignored when Url is given.
    return world.studio.script_for_webhook(url) or TwimlScript(NO_DOCUMENT)


def _find(world: World, request: ApiRequest) -> Call:
    call = world.calls.get(request.args["sid"])
    if call is None:
        raise ApiError(20404, request.path)
    return call


def render(world: World, call: Call) -> Json:
    """Write a call as v2010 does: numbers as strings, dates after RFC 2822."""
    account = world.settings.account_sid
    uri = f"/2010-04-01/Accounts/{account}/Calls/{call.sid}"
    waited = (call.started - call.created).total_seconds() if call.started else 0.0
    return {
        "account_sid": account,
        "answered_by": call.answered_by,
        "api_version": "2010-04-01",
        "caller_name": None,
        "date_created": rfc2822(call.created),
        "date_updated": rfc2822(call.updated),
        "direction": "outbound-api",
        "duration": None if call.duration is None else str(call.duration),
        "end_time": rfc2822(call.ended),
        "forwarded_from": None,
        "from": call.draft.sender,
        "from_formatted": call.draft.sender,
        "group_sid": None,
        "parent_call_sid": None,
        "phone_number_sid": None,
        "price": None if call.price is None else f"{call.price:.5f}",
        "price_unit": "USD",
        "queue_time": str(round(waited * 1000)),
        "sid": call.sid,
        "start_time": rfc2822(call.started),
        "status": call.status,
        "subresource_uris": {name: f"{uri}/{name.capitalize()}.json" for name in SUBRESOURCES},
        "to": call.draft.to,
        "to_formatted": call.draft.to,
        "trunk_sid": None,
        "uri": f"{uri}.json",
    }


_PATH = "/2010-04-01/Accounts/{account}/Calls"
ENDPOINTS = (
    Endpoint("calls.create", "POST", f"{_PATH}.json", create),
    Endpoint("calls.list", "GET", f"{_PATH}.json", listing),
    Endpoint("calls.fetch", "GET", f"{_PATH}/{{sid}}.json", fetch),
    Endpoint("calls.update", "POST", f"{_PATH}/{{sid}}.json", update),
    Endpoint("calls.delete", "DELETE", f"{_PATH}/{{sid}}.json", delete),
    Endpoint("calls.events", "GET", f"{_PATH}/{{sid}}/Events.json", events),
    Endpoint("calls.notifications", "GET", f"{_PATH}/{{sid}}/Notifications.json", notifications),
)
