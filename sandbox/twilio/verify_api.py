"""`/v2/Services`: Verify's services, verifications and checks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.twilio.endpoints import Endpoint
from sandbox.twilio.errors import ApiError
from sandbox.twilio.numbers import is_e164
from sandbox.twilio.wire import ApiResponse, created, iso8601, list_meta

if TYPE_CHECKING:
    from sandbox.twilio.verify import Verification, VerifyService
    from sandbox.twilio.wire import ApiRequest, Json
    from sandbox.twilio.world import World

CHANNELS = frozenset({"sms", "call"})
CODE_SHORTEST, CODE_LONGEST, CODE_DEFAULT = 4, 10, 6


def create_service(world: World, request: ApiRequest) -> ApiResponse:
    """POST a new service."""
    name, length = request.get("FriendlyName"), request.get("CodeLength", str(CODE_DEFAULT))
    if not name:
        raise ApiError(60200, "FriendlyName")
    if not length.isdigit() or not CODE_SHORTEST <= int(length) <= CODE_LONGEST:
        raise ApiError(60200, "CodeLength")
    return created(_service_view(world, request, world.verify.add_service(name, int(length))))


def list_services(world: World, request: ApiRequest) -> ApiResponse:
    """GET the services."""
    rows = sorted(world.verify.services.values(), key=lambda service: -service.sequence)
    return list_meta(request, "services", rows, lambda row: _service_view(world, request, row))


def fetch_service(world: World, request: ApiRequest) -> ApiResponse:
    """GET one service."""
    return ApiResponse(body=_service_view(world, request, _service(world, request)))


def create_verification(world: World, request: ApiRequest) -> ApiResponse:
    """POST: send a code by SMS or call."""
    service = _service(world, request)
    to, channel = request.get("To"), request.get("Channel")
    if not is_e164(to):
        raise ApiError(60200, "To")
    if channel not in CHANNELS:
        raise ApiError(60200, "Channel")
    return created(_view(world, request, world.verify.start(service, to, channel)))


def fetch_verification(world: World, request: ApiRequest) -> ApiResponse:
    """GET one verification, by SID or by number while it is open."""
    return ApiResponse(body=_view(world, request, _verification(world, request)))


def update_verification(world: World, request: ApiRequest) -> ApiResponse:
    """POST `Status=canceled` or `approved`."""
    verification = _verification(world, request)
    status = request.get("Status")
    if status not in {"canceled", "approved"}:
        raise ApiError(60200, "Status")
    if verification.status != "pending":
        raise ApiError(20404, request.path)
    verification.status, verification.updated = status, world.clock.now()
    return ApiResponse(body=_view(world, request, verification))


def check(world: World, request: ApiRequest) -> ApiResponse:
    """POST a code to be compared."""
    service = _service(world, request)
    name, code = request.get("To") or request.get("VerificationSid"), request.get("Code")
    if not name:
        raise ApiError(60200, "To")
    if not CODE_SHORTEST <= len(code) <= CODE_LONGEST:
        raise ApiError(60200, "Code")
    body = _view(world, request, world.verify.check(service, name, code))
    body["sna_attempts_error_codes"] = []
    for absent in ("lookup", "send_code_attempts", "sna", "url"):
        del body[absent]
    return ApiResponse(body=body)


def _service(world: World, request: ApiRequest) -> VerifyService:
    service = world.verify.services.get(request.args["service"])
    if service is None:
        raise ApiError(20404, request.path)
    return service


def _verification(world: World, request: ApiRequest) -> Verification:
    found = world.verify.find(_service(world, request), request.args["sid"])
    if found is None:
        raise ApiError(20404, request.path)
    return found


def _service_view(world: World, request: ApiRequest, service: VerifyService) -> Json:
    url = f"{request.base}/v2/Services/{service.sid}"
    return {
        "sid": service.sid,
        "account_sid": world.settings.account_sid,
        "friendly_name": service.friendly_name,
        "code_length": service.code_length,
        "lookup_enabled": False,
        "psd2_enabled": False,
        "skip_sms_to_landlines": False,
        "dtmf_input_required": False,
        "tts_name": None,
        "do_not_share_warning_enabled": False,
        "custom_code_enabled": False,
        "default_template_sid": None,
        "passkeys": None,
        "push": None,
        "totp": None,
        "verify_event_subscription_enabled": False,
        "whatsapp": None,
        "date_created": iso8601(service.created),
        "date_updated": iso8601(service.created),
        "url": url,
        "links": {"verifications": f"{url}/Verifications"},
    }


def _view(world: World, request: ApiRequest, verification: Verification) -> Json:
    url = f"{request.base}/v2/Services/{verification.service.sid}/Verifications"
    return {
        "sid": verification.sid,
        "service_sid": verification.service.sid,
        "account_sid": world.settings.account_sid,
        "to": verification.to,
        "channel": verification.channel,
        "status": verification.status,
        "valid": verification.status == "approved",
        "lookup": {},
        "amount": None,
        "payee": None,
        "send_code_attempts": [
            {
                "attempt_sid": attempt.sid,
                "channel": attempt.channel.upper(),
                "time": iso8601(attempt.at),
            }
            for attempt in verification.attempts
        ],
        "sna": None,
        "date_created": iso8601(verification.created),
        "date_updated": iso8601(verification.updated),
        "url": f"{url}/{verification.sid}",
    }


_ONE = "/v2/Services/{service}"
ENDPOINTS = (
    Endpoint("verify_services.create", "POST", "/v2/Services", create_service),
    Endpoint("verify_services.list", "GET", "/v2/Services", list_services),
    Endpoint("verify_services.fetch", "GET", _ONE, fetch_service),
    Endpoint("verifications.create", "POST", f"{_ONE}/Verifications", create_verification),
    Endpoint("verifications.fetch", "GET", f"{_ONE}/Verifications/{{sid}}", fetch_verification),
    Endpoint("verifications.update", "POST", f"{_ONE}/Verifications/{{sid}}", update_verification),
    Endpoint("checks.create", "POST", f"{_ONE}/VerificationCheck", check),
)
