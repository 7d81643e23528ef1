"""`/v1/Tollfree/Verifications`: whether carriers know who sends from a toll-free number.

The sandbox approves whatever is asked for, an hour later by its own clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sandbox.twilio.account_api import owned_numbers
from sandbox.twilio.endpoints import Endpoint
from sandbox.twilio.errors import ApiError
from sandbox.twilio.wire import ApiResponse, created, iso8601, list_meta

if TYPE_CHECKING:
    from datetime import datetime

    from sandbox.twilio.account_api import OwnedNumber
    from sandbox.twilio.wire import ApiRequest, Json
    from sandbox.twilio.world import World

REVIEW = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Verification:
    """One number's verification, asked for at `asked`."""

    sequence: int
    number: OwnedNumber
    asked: datetime


def create(world: World, request: ApiRequest) -> ApiResponse:
    """POST: ask for a number of the account to be verified."""
    wanted = request.get("TollfreePhoneNumberSid")
    for owned in owned_numbers(world):
        if owned.sid == wanted:
            now = world.clock.now()
            world.services.toll_free[owned.sid] = now
            return created(_view(world, Verification(owned.sequence, owned, now)))
    raise ApiError(20001, "TollfreePhoneNumberSid is not a number of the account")


def listing(world: World, request: ApiRequest) -> ApiResponse:
    """GET the verifications, of one number where `TollfreePhoneNumberSid` names it."""
    wanted, asked = request.param("TollfreePhoneNumberSid"), world.services.toll_free
    rows = [
        Verification(owned.sequence, owned, asked[owned.sid])
        for owned in owned_numbers(world)
        if owned.sid in asked and wanted in {"", owned.sid}
    ]
    return list_meta(request, "verifications", rows, lambda row: _view(world, row))


def _view(world: World, row: Verification) -> Json:
    approved = row.asked + REVIEW <= world.clock.now()
    return {
        "sid": f"HH{row.number.sid[2:]}",
        "account_sid": world.settings.account_sid,
        "date_created": iso8601(row.asked),
        "date_updated": iso8601(row.asked),
        "tollfree_phone_number_sid": row.number.sid,
        "status": "TWILIO_APPROVED" if approved else "PENDING_REVIEW",
    }


_PATH = "/v1/Tollfree/Verifications"
ENDPOINTS = (
    Endpoint("tollfree.create", "POST", _PATH, create),
    Endpoint("tollfree.list", "GET", _PATH, listing),
)
