"""From what happened on the wire to the DeliveryError that says what to do next.

::

    what happened                                   a create (not GET)       a read (GET)
    ------------------------------------------------------------------------------------------
    not a byte of the request left us               DeliveryNotSent          DeliveryNotSent
    it left us, and no whole answer came back       DeliveryOutcomeUnknown   DeliveryTransient
    2xx that cannot be read, 3xx, 408, 5xx          DeliveryOutcomeUnknown   DeliveryTransient
    429                                             DeliveryTransient        DeliveryTransient
    4xx by its code: passes                         DeliveryTransient        DeliveryTransient
    4xx by its code: this recipient                 DeliveryRejected         DeliveryRejected
    4xx by its code: account, configuration         DeliveryBlocked          DeliveryBlocked
    4xx by its code: Twilio does not know itself    DeliveryOutcomeUnknown   DeliveryTransient
    409: another call to that number is going on    DeliveryBusy

Neither Twilio's own words nor the address asked for get into a message: both hold phone numbers.
That is also why nothing here is raised `from` a network error, whose text quotes the address; its
class names are enough to find the cause.
"""

from __future__ import annotations

import json
import math
import re
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple

from ml_connector.errors import (
    DeliveryBlocked,
    DeliveryBusy,
    DeliveryError,
    DeliveryNotSent,
    DeliveryOutcomeUnknown,
    DeliveryRejected,
    DeliveryTransient,
)

from .error_codes import Action, at_create

if TYPE_CHECKING:
    from collections.abc import Mapping

#: The one method that changes nothing and may be repeated.
_READ = "GET"
#: A Retry-After beyond a day is no promise anybody plans by.
_LONGEST_WAIT = 86_400.0
#: Causes looked at under an error; urllib3 and requests wrap one at most four times.
_DEEPEST = 6
#: Twilio's own codes begin here; a smaller one repeats the HTTP status.
_LOWEST_CODE = 10_000
_MOST_FINDINGS, _LONGEST_FINDING = 50, 300
#: Studio's 409: one execution at a time between two numbers.
_ONE_AT_A_TIME = 20409
_EXECUTION = re.compile(r"FN[0-9a-fA-F]{32}")


class DefinitionRefused(DeliveryRejected):
    """Studio found something wrong with a flow; `findings` say what and where, in Twilio's words.

    They quote the definition, which holds nobody's data, and still are no part of the message.
    """

    findings: tuple[str, ...] = ()


class Answer(NamedTuple):
    """An HTTP answer, as far as an error needs it."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def error_of(method: str, answer: Answer, *, now: float) -> DeliveryError:
    """The error for an answer outside 2xx; `now` is the wall clock, for a Retry-After date."""
    code = _code_in(answer.body)
    if answer.status == HTTPStatus.CONFLICT and code in (None, _ONE_AT_A_TIME):
        return DeliveryBusy(
            "a call from us to this number is going on", conflicting_sid=_conflicting(answer.body)
        )
    said = f"Twilio answered {answer.status}" + (f", code {code}" if code is not None else "")
    wait = _retry_after(answer.headers, now)
    meaning = at_create(code, answer.status)
    kind: type[DeliveryError]
    match meaning.action:
        case Action.RETRY:
            kind, wait = DeliveryTransient, meaning.retry_after if wait is None else wait
        case Action.PERMANENT:
            kind = DeliveryRejected
        case Action.BLOCKED:
            kind = DeliveryBlocked
        case Action.OUTCOME_UNKNOWN:
            kind = DeliveryTransient if method == _READ else DeliveryOutcomeUnknown
    text = f"{said}: {meaning.reason}"
    if meaning.operator:
        text += f"; {meaning.operator}"
    findings = _findings(answer.body) if kind is DeliveryRejected else ()
    if findings:
        kind = DefinitionRefused
    error = kind(text, provider_code=code, http_status=answer.status, retry_after=wait)
    if isinstance(error, DefinitionRefused):
        error.findings = findings
    elif isinstance(error, DeliveryBlocked):
        error.account = meaning.account
    return error


def not_sent(error: BaseException) -> DeliveryNotSent:
    """The error for a request of which not a byte left us."""
    return DeliveryNotSent(f"no connection to Twilio, nothing was sent ({class_names(error)})")


def no_answer(method: str, error: BaseException) -> DeliveryError:
    """The error for a request that left us, in part at least, and got no whole answer."""
    why = class_names(error)
    if method == _READ:
        return DeliveryTransient(f"Twilio's answer did not arrive whole ({why})")
    return DeliveryOutcomeUnknown(f"sent to Twilio, but no whole answer came back ({why})")


def unreadable(method: str, error: BaseException) -> DeliveryError:
    """The error for a 2xx answer that is not what Twilio promises."""
    why = class_names(error)
    if method == _READ:
        return DeliveryTransient(f"Twilio's answer cannot be read ({why})")
    return DeliveryOutcomeUnknown(f"Twilio accepted something, but says so unreadably ({why})")


def class_names(error: BaseException) -> str:
    """The classes of an error and its causes, outermost first; texts stay out on purpose."""
    names: list[str] = []
    link: object = error
    for _ in range(_DEEPEST):
        if not isinstance(link, BaseException):
            break
        if type(link).__name__ not in names:
            names.append(type(link).__name__)
        inner = getattr(link, "reason", None) or next(
            (arg for arg in link.args if isinstance(arg, BaseException)), None
        )
        link = inner or link.__cause__ or link.__context__
    return " < ".join(names)


def _content_of(body: bytes) -> dict[str, object]:
    """The JSON object of an error body, in either of its formats (its own and RFC 9457)."""
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _conflicting(body: bytes) -> str:
    """The execution a 409 names; empty where it names none."""
    details = _content_of(body).get("details")
    sid = details.get("conflicting_execution_sid") if isinstance(details, dict) else None
    return sid if isinstance(sid, str) and _EXECUTION.fullmatch(sid) else ""


def _findings(body: bytes) -> tuple[str, ...]:
    """What Studio says about a definition: `#/states/3/transitions/1: no state named 'x'`."""
    details = _content_of(body).get("details")
    errors = details.get("errors") if isinstance(details, dict) else None
    if not isinstance(errors, list):
        return ()
    return tuple(
        f"{error['property_path']}: {error['message']}"[:_LONGEST_FINDING]
        for error in errors[:_MOST_FINDINGS]
        if isinstance(error, dict) and "property_path" in error and "message" in error
    )


def _code_in(body: bytes) -> int | None:
    """Twilio's code in an error body."""
    code = _content_of(body).get("code")
    if isinstance(code, str) and code.isdecimal():
        code = int(code)
    if isinstance(code, int) and not isinstance(code, bool) and code >= _LOWEST_CODE:
        return code
    return None


def _retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds to wait (RFC 9110, 10.2.3: a number of seconds or a date), 0 to a day, or None."""
    text = headers.get("Retry-After", "").strip()
    if not text:
        return None
    try:
        wait = float(text)
    except ValueError:
        try:
            wait = parsedate_to_datetime(text).timestamp() - now
        except (ValueError, OverflowError):
            return None
    if not math.isfinite(wait):
        return None
    return min(max(wait, 0.0), _LONGEST_WAIT)


def is_success(status: int) -> bool:
    """Whether a status is in 2xx."""
    return HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES
