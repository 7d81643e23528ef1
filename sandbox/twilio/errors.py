"""Twilio's error codes as the simulator raises them: code, HTTP status and wording.

Codes and titles: https://www.twilio.com/docs/api/errors. The HTTP status of the 21xxx codes is
not documented per code; 400 is what every published example shows.
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Refusal:
    """How one code is answered: HTTP status and message, with the value at fault put in."""

    status: int
    message: str


_BAD = HTTPStatus.BAD_REQUEST

REFUSALS = MappingProxyType(
    {
        10001: Refusal(HTTPStatus.FORBIDDEN, "Account is not active"),
        20001: Refusal(_BAD, "{value}"),
        20003: Refusal(HTTPStatus.UNAUTHORIZED, "Authenticate"),
        20005: Refusal(HTTPStatus.FORBIDDEN, "Account not active"),
        20007: Refusal(_BAD, "Page size too large: {value}"),
        20008: Refusal(
            HTTPStatus.FORBIDDEN, "Resource not accessible with Test Account Credentials"
        ),
        20009: Refusal(HTTPStatus.CONFLICT, "Cannot change this resource before it is complete"),
        20403: Refusal(HTTPStatus.FORBIDDEN, "Forbidden: the API key lacks permission {value}"),
        20404: Refusal(HTTPStatus.NOT_FOUND, "The requested resource {value} was not found"),
        20405: Refusal(HTTPStatus.METHOD_NOT_ALLOWED, "Method not allowed"),
        20409: Refusal(
            HTTPStatus.CONFLICT,
            "Execution {value} is already active for this contact. "
            "End the active Execution before creating a new one",
        ),
        20429: Refusal(HTTPStatus.TOO_MANY_REQUESTS, "Too Many Requests"),
        20500: Refusal(HTTPStatus.INTERNAL_SERVER_ERROR, "An internal server error has occurred"),
        20503: Refusal(HTTPStatus.SERVICE_UNAVAILABLE, "Service is unavailable. Please try again"),
        21201: Refusal(_BAD, "No 'To' number is specified"),
        21205: Refusal(_BAD, "Url parameter is required."),
        21210: Refusal(
            _BAD, "The source phone number provided, {value}, is not yet verified for your account."
        ),
        21211: Refusal(_BAD, "Invalid 'To' Phone Number: {value}"),
        21212: Refusal(_BAD, "Invalid From Number (caller ID): {value}"),
        21213: Refusal(_BAD, "Caller phone number is required"),
        21214: Refusal(_BAD, "'To' phone number cannot be reached: {value}"),
        21215: Refusal(
            _BAD,
            "Account not authorized to call {value}. "
            "Perhaps you need to enable some international permissions",
        ),
        21216: Refusal(_BAD, "Account not allowed to call {value}"),
        21217: Refusal(_BAD, "Phone number does not appear to be valid: {value}"),
        21220: Refusal(_BAD, "Unable to update record: Call is not in-progress. Cannot redirect."),
        21408: Refusal(
            _BAD,
            "Permission to send an SMS has not been enabled for the region "
            "indicated by the 'To' number: {value}",
        ),
        21421: Refusal(_BAD, "PhoneNumber is invalid: {value}"),
        21422: Refusal(_BAD, "PhoneNumber is not available: {value}"),
        21452: Refusal(_BAD, "No phone numbers found in area code {value}"),
        21602: Refusal(_BAD, "Message body is required."),
        21603: Refusal(_BAD, "A 'From' phone number is required."),
        21604: Refusal(_BAD, "A 'To' phone number is required."),
        21606: Refusal(
            _BAD,
            "The 'From' phone number provided ({value}) is not a valid "
            "message-capable Twilio phone number for this destination.",
        ),
        21608: Refusal(_BAD, "The number {value} is unverified."),
        21609: Refusal(_BAD, "The StatusCallback URL {value} is not a valid URL."),
        21610: Refusal(_BAD, "Attempt to send to unsubscribed recipient"),
        21611: Refusal(
            _BAD,
            "This 'From' number {value} has exceeded the maximum number of queued messages",
        ),
        21612: Refusal(_BAD, "The 'To' phone number {value} is not currently reachable via SMS."),
        21614: Refusal(_BAD, "'To' number is not a valid mobile number: {value}"),
        21617: Refusal(_BAD, "The concatenated message body exceeds the 1600 character limit"),
        21624: Refusal(_BAD, "Invalid validity period value: {value}"),
        21703: Refusal(
            _BAD, "The Messaging Service does not have a phone number available to send a message"
        ),
        21704: Refusal(_BAD, "The Messaging Service {value} contains no phone numbers."),
        21705: Refusal(_BAD, "The Messaging Service Sid {value} is invalid."),
        30409: Refusal(HTTPStatus.CONFLICT, "Cannot cancel message: it is not scheduled"),
        35114: Refusal(_BAD, "SendAt must be between 300 seconds and 35 days in the future"),
        35115: Refusal(_BAD, "ScheduleType value is not supported: {value}"),
        35118: Refusal(_BAD, "MessagingServiceSid is required to schedule a message"),
        60200: Refusal(_BAD, "Invalid parameter: {value}"),
        60202: Refusal(HTTPStatus.TOO_MANY_REQUESTS, "Max check attempts reached"),
        60203: Refusal(HTTPStatus.TOO_MANY_REQUESTS, "Max send attempts reached"),
        60205: Refusal(HTTPStatus.FORBIDDEN, "SMS is not supported by landline phone number"),
        60410: Refusal(HTTPStatus.FORBIDDEN, "Verification delivery attempt blocked"),
        60605: Refusal(
            HTTPStatus.FORBIDDEN, "Verification blocked: the destination country is not enabled"
        ),
    },
)


class ApiError(Exception):
    """One request is refused: the body and status Twilio would answer with."""

    def __init__(
        self,
        code: int,
        value: str = "",
        *,
        status: int | None = None,
        details: dict[str, object] | None = None,
    ) -> None:
        known = REFUSALS.get(code, Refusal(_BAD, f"Error {code}"))
        self.code = code
        self.status = int(status if status is not None else known.status)
        self.message = known.message.format(value=value)
        self.details = details
        super().__init__(f"{code}: {self.message}")

    def body(self) -> dict[str, object]:
        """Return Twilio's error object: code, message, more_info, status, perhaps details."""
        body: dict[str, object] = {
            "code": self.code,
            "message": self.message,
            "more_info": f"https://www.twilio.com/docs/errors/{self.code}",
            "status": self.status,
        }
        if self.details is not None:
            body["details"] = self.details
        return body
