"""`/v1/Services`: Messaging Services, their sender pools and registration."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from sandbox.twilio.account_api import owned_numbers
from sandbox.twilio.endpoints import Endpoint
from sandbox.twilio.errors import ApiError
from sandbox.twilio.ids import new_sid
from sandbox.twilio.wire import ApiResponse, created, iso8601, list_meta

if TYPE_CHECKING:
    from sandbox.twilio.account_api import OwnedNumber
    from sandbox.twilio.services import MessagingService
    from sandbox.twilio.wire import ApiRequest, Json
    from sandbox.twilio.world import World


def create(world: World, request: ApiRequest) -> ApiResponse:
    """POST a new service, with an empty pool and, as at Twilio, deaf to replies."""
    name = request.get("FriendlyName")
    if not name:
        raise ApiError(20001, "Missing required parameter FriendlyName in the post body")
    service = world.services.add(new_sid("MG"), name, pool=[])
    service.registered = False
    service.inbound_on_number = request.get("UseInboundWebhookOnNumber").lower() == "true"
    service.inbound_url = request.get("InboundRequestUrl") or None
    return created(_view(world, request, service))


def listing(world: World, request: ApiRequest) -> ApiResponse:
    """GET the services."""
    rows = world.services.newest_first()
    return list_meta(request, "services", rows, lambda row: _view(world, request, row))


def fetch(world: World, request: ApiRequest) -> ApiResponse:
    """GET one."""
    return ApiResponse(body=_view(world, request, _service(world, request)))


def list_pool(world: World, request: ApiRequest) -> ApiResponse:
    """GET the numbers in a service's pool."""
    service = _service(world, request)
    rows = [owned for owned in owned_numbers(world) if owned.number in service.pool]
    return list_meta(
        request, "phone_numbers", rows, lambda row: _member(world, request, service, row)
    )


def add_to_pool(world: World, request: ApiRequest) -> ApiResponse:
    """POST a number of the account into the pool."""
    service = _service(world, request)
    owned = _owned(world, request, request.get("PhoneNumberSid"))
    if owned.number not in service.pool:
        service.pool.append(owned.number)
    return created(_member(world, request, service, owned))


def remove_from_pool(world: World, request: ApiRequest) -> ApiResponse:
    """DELETE a number from the pool."""
    service = _service(world, request)
    owned = _owned(world, request, request.args["number"])
    if owned.number not in service.pool:
        raise ApiError(20404, request.path)
    service.pool.remove(owned.number)
    return ApiResponse(HTTPStatus.NO_CONTENT)


def list_registrations(world: World, request: ApiRequest) -> ApiResponse:
    """GET the A2P 10DLC campaigns: one, verified, of a registered service."""
    service = _service(world, request)
    rows = [service] if service.registered else []
    return list_meta(request, "compliance", rows, lambda row: _campaign(world, row))


def _service(world: World, request: ApiRequest) -> MessagingService:
    service = world.services.get(request.args["service"])
    if service is None:
        raise ApiError(20404, request.path)
    return service


def _owned(world: World, request: ApiRequest, sid: str) -> OwnedNumber:
    for owned in owned_numbers(world):
        if owned.sid == sid:
            return owned
    raise ApiError(20404, request.path)


def _view(world: World, request: ApiRequest, service: MessagingService) -> Json:
    url = f"{request.base}/v1/Services/{service.sid}"
    return {
        "sid": service.sid,
        "account_sid": world.settings.account_sid,
        "friendly_name": service.friendly_name,
        "date_created": iso8601(service.created),
        "date_updated": iso8601(service.created),
        "inbound_request_url": service.inbound_url,
        "inbound_method": "POST",
        "fallback_url": None,
        "fallback_method": "POST",
        "status_callback": None,
        "sticky_sender": True,
        "mms_converter": True,
        "smart_encoding": False,
        "scan_message_content": "inherit",
        "fallback_to_long_code": True,
        "area_code_geomatch": True,
        "synchronous_validation": False,
        "validity_period": service.validity_period,
        "usecase": service.usecase,
        "us_app_to_person_registered": service.registered,
        "use_inbound_webhook_on_number": service.inbound_on_number,
        "url": url,
        "links": {
            "phone_numbers": f"{url}/PhoneNumbers",
            "us_app_to_person": f"{url}/Compliance/Usa2p",
        },
    }


def _member(
    world: World, request: ApiRequest, service: MessagingService, owned: OwnedNumber
) -> Json:
    return {
        "sid": owned.sid,
        "account_sid": world.settings.account_sid,
        "service_sid": service.sid,
        "date_created": iso8601(service.created),
        "date_updated": iso8601(service.created),
        "phone_number": owned.number,
        "country_code": "US",
        "capabilities": ["SMS", "Voice"],
        "url": f"{request.base}/v1/Services/{service.sid}/PhoneNumbers/{owned.sid}",
    }


def _campaign(world: World, service: MessagingService) -> Json:
    return {
        "sid": "QE2c6890da8086d771620e9b13fadeba0b",
        "account_sid": world.settings.account_sid,
        "messaging_service_sid": service.sid,
        "description": "Account notifications of the sandbox",
        "us_app_to_person_usecase": "ACCOUNT_NOTIFICATION",
        "campaign_status": "VERIFIED",
        "date_created": iso8601(service.created),
        "date_updated": iso8601(service.created),
    }


_ONE = "/v1/Services/{service}"
ENDPOINTS = (
    Endpoint("services.create", "POST", "/v1/Services", create),
    Endpoint("services.list", "GET", "/v1/Services", listing),
    Endpoint("services.fetch", "GET", _ONE, fetch),
    Endpoint("pool.list", "GET", f"{_ONE}/PhoneNumbers", list_pool),
    Endpoint("pool.add", "POST", f"{_ONE}/PhoneNumbers", add_to_pool),
    Endpoint("pool.remove", "DELETE", f"{_ONE}/PhoneNumbers/{{number}}", remove_from_pool),
    Endpoint("registrations.list", "GET", f"{_ONE}/Compliance/Usa2p", list_registrations),
)
