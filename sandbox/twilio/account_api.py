"""`/2010-04-01/Accounts/{AC}.json` and its phone numbers: what a check of the set-up reads."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from sandbox.twilio.endpoints import Endpoint
from sandbox.twilio.errors import ApiError
from sandbox.twilio.numbers import is_e164
from sandbox.twilio.wire import ApiResponse, created, list_v2010, rfc2822

if TYPE_CHECKING:
    from sandbox.twilio.wire import ApiRequest, Json
    from sandbox.twilio.world import World

# https://www.twilio.com/docs/iam/test-credentials: numbers and area codes nobody can buy.
NOT_FOR_SALE = MappingProxyType({"+15005550000": 21422, "+15005550001": 21421})
EMPTY_AREA_CODE = "533"


@dataclass(frozen=True, slots=True)
class OwnedNumber:
    """One number of the account; its SID follows from its digits."""

    sequence: int
    number: str

    @property
    def sid(self) -> str:
        """Return the PN… of that number."""
        return f"PN{int(self.number[1:]):032x}"


def owned_numbers(world: World) -> list[OwnedNumber]:
    """Return the account's numbers, the latest bought first."""
    numbers = enumerate(world.settings.numbers, start=1)
    return [OwnedNumber(place, number) for place, number in numbers][::-1]


def fetch_account(world: World, request: ApiRequest) -> ApiResponse:
    """GET the account."""
    settings = world.settings
    if request.args["sid"] != settings.account_sid:
        raise ApiError(20404, request.path)
    uri = f"/2010-04-01/Accounts/{settings.account_sid}"
    body: Json = {
        "sid": settings.account_sid,
        "auth_token": settings.auth_token,
        "date_created": rfc2822(world.born),
        "date_updated": rfc2822(world.born),
        "friendly_name": "Sandbox account",
        "owner_account_sid": settings.account_sid,
        "status": "active",
        "type": "Full",
        "subresource_uris": {
            "calls": f"{uri}/Calls.json",
            "incoming_phone_numbers": f"{uri}/IncomingPhoneNumbers.json",
            "messages": f"{uri}/Messages.json",
        },
        "uri": f"{uri}.json",
    }
    return ApiResponse(body=body)


def list_numbers(world: World, request: ApiRequest) -> ApiResponse:
    """GET the numbers; `PhoneNumber` matches a part of one."""
    wanted = request.param("PhoneNumber").strip("*")
    rows = [owned for owned in owned_numbers(world) if wanted in owned.number]
    return list_v2010(request, "incoming_phone_numbers", rows, lambda row: _number(world, row))


def fetch_number(world: World, request: ApiRequest) -> ApiResponse:
    """GET one number."""
    for owned in owned_numbers(world):
        if owned.sid == request.args["sid"]:
            return ApiResponse(body=_number(world, owned))
    raise ApiError(20404, request.path)


def buy_number(world: World, request: ApiRequest) -> ApiResponse:
    """POST: buy a number, by itself or by area code."""
    number, area = request.get("PhoneNumber"), request.get("AreaCode")
    if area == EMPTY_AREA_CODE:
        raise ApiError(21452, area)
    if area and not number:
        number = f"+1{area}5550006"
    if number in NOT_FOR_SALE:
        raise ApiError(NOT_FOR_SALE[number], number)
    if not is_e164(number):
        raise ApiError(21421, number)
    if not world.owns(number):
        world.settings.numbers = [*world.settings.numbers, number]
    owned = next(each for each in owned_numbers(world) if each.number == number)
    return created(_number(world, owned))


def _number(world: World, owned: OwnedNumber) -> Json:
    account = world.settings.account_sid
    empty = dict.fromkeys(
        ("address_sid", "bundle_sid", "emergency_address_sid", "identity_sid", "trunk_sid"),
    )
    return {
        **empty,
        "sid": owned.sid,
        "account_sid": account,
        "address_requirements": "none",
        "api_version": "2010-04-01",
        "beta": False,
        "capabilities": {"voice": True, "sms": True, "mms": False, "fax": False},
        "date_created": rfc2822(world.born),
        "date_updated": rfc2822(world.born),
        "emergency_address_status": "unregistered",
        "emergency_status": "Inactive",
        "friendly_name": owned.number,
        "origin": "twilio",
        "phone_number": owned.number,
        "sms_application_sid": None,
        "sms_fallback_method": "POST",
        "sms_fallback_url": "",
        "sms_method": "POST",
        "sms_url": "",
        "status": "in-use",
        "status_callback": "",
        "status_callback_method": "POST",
        "type": "local",
        "voice_application_sid": None,
        "voice_caller_id_lookup": False,
        "voice_fallback_method": "POST",
        "voice_fallback_url": "",
        "voice_method": "POST",
        "voice_receive_mode": "voice",
        "voice_url": "",
        "uri": f"/2010-04-01/Accounts/{account}/IncomingPhoneNumbers/{owned.sid}.json",
    }


_NUMBERS = "/2010-04-01/Accounts/{account}/IncomingPhoneNumbers"
ENDPOINTS = (
    Endpoint("accounts.fetch", "GET", "/2010-04-01/Accounts/{sid}.json", fetch_account),
    Endpoint("numbers.list", "GET", f"{_NUMBERS}.json", list_numbers),
    Endpoint("numbers.create", "POST", f"{_NUMBERS}.json", buy_number),
    Endpoint("numbers.fetch", "GET", f"{_NUMBERS}/{{sid}}.json", fetch_number),
)
