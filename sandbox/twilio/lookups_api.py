"""`/v2/PhoneNumbers/{number}`: is it a number, and of what kind of line.

The fictional numbers of the sandbox count as valid, which the real Lookup would not say.
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING

from sandbox.twilio.endpoints import Endpoint
from sandbox.twilio.wire import ApiResponse

if TYPE_CHECKING:
    from sandbox.twilio.phones import Phone
    from sandbox.twilio.wire import ApiRequest, Json
    from sandbox.twilio.world import World

COUNTRIES = MappingProxyType(
    {"1": "US", "33": "FR", "44": "GB", "49": "DE", "61": "AU", "81": "JP", "91": "IN"},
)
SHORTEST, LONGEST, NANP_DIGITS = 7, 15, 11
INVALID, NOT_MOBILE = "+15005550001", "+15005550009"
PACKAGES = (
    "line_type_intelligence",
    "line_status",
    "sms_pumping_risk",
    "caller_name",
    "sim_swap",
    "call_forwarding",
    "identity_match",
    "reassigned_number",
)


def fetch(world: World, request: ApiRequest) -> ApiResponse:
    """GET one number; `Fields` names the data packages, the others stay null."""
    given = request.args["number"]
    errors = validation_errors(given)
    wanted = set(request.param("Fields").split(","))
    valid = not errors
    packages: Json = dict.fromkeys(PACKAGES)
    if valid:
        phone = world.phones.get(given)
        known = {
            "line_type_intelligence": _line_type(phone),
            "line_status": {"status": _line_status(phone), "error_code": None},
            "sms_pumping_risk": {
                "carrier_risk_category": "low",
                "number_blocked": False,
                "sms_pumping_risk_score": 0,
                "error_code": None,
            },
        }
        packages.update({name: value for name, value in known.items() if name in wanted})
    code = next((each for each in COUNTRIES if given.startswith(f"+{each}")), None)
    body: Json = {
        "calling_country_code": code if valid else None,
        "country_code": COUNTRIES[code] if code and valid else None,
        "phone_number": given,
        "national_format": _national(given) if valid else None,
        "valid": valid,
        "validation_errors": errors,
        **packages,
        "url": f"{request.base}/v2/PhoneNumbers/{given}",
    }
    return ApiResponse(body=body)


def validation_errors(number: str) -> list[str]:
    """Return Twilio's words for what keeps a text from being a phone number."""
    if not re.fullmatch(r"\+\d+", number, flags=re.ASCII):
        return ["NOT_A_NUMBER"]
    digits = number[1:]
    if digits.startswith("0"):
        return ["INVALID_COUNTRY_CODE"]
    shortest, longest = (
        (NANP_DIGITS, NANP_DIGITS) if digits.startswith("1") else (SHORTEST, LONGEST)
    )
    if len(digits) < shortest:
        return ["TOO_SHORT"]
    if len(digits) > longest:
        return ["TOO_LONG"]
    return ["INVALID_BUT_POSSIBLE"] if number == INVALID else []


def _line_type(phone: Phone) -> Json:
    landline = phone.behaviour == "landline" or phone.number == NOT_MOBILE
    return {
        "type": "landline" if landline else "mobile",
        "carrier_name": "Sandbox Telecom",
        "mobile_country_code": None if landline else "310",
        "mobile_network_code": None if landline else "000",
        "error_code": None,
    }


def _line_status(phone: Phone) -> str:
    return {"off": "unreachable", "unknown_number": "inactive"}.get(phone.behaviour, "active")


def _national(number: str) -> str:
    match = re.fullmatch(r"\+1(\d{3})(\d{3})(\d{4})", number)
    return f"({match[1]}) {match[2]}-{match[3]}" if match else number[1:]


ENDPOINTS = (Endpoint("lookups.fetch", "GET", "/v2/PhoneNumbers/{number}", fetch),)
