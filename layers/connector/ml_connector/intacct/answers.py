"""From an HTTP reply to a `Reply` the gateway accepted, or the error it stands for.

The body decides before the status does: 4xx with XML is an ordinary answer, and 200 with a web
page is none.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from ml_connector.errors import (
    SourceError,
    SourceProtocolError,
    SourceRateLimited,
    SourceRejected,
    SourceUnavailable,
)

from .bodies import BodyKind, kind_of
from .errors import Level, Meaning, build, refusal
from .parser import parse
from .ports import HttpReply
from .reply import GatewayMessage, Reply, read_reply
from .tree import Document

#: Longer waits than this are not believed; the next poll is due before.
_LONGEST_RETRY_AFTER = 3600.0
_GATEWAY_CODE = re.compile(rb"GW-00\d\d")


def interpret(
    answer: HttpReply,
    *,
    now: datetime,
    session_used: bool,
    control_id: str,
    reader: Callable[[bytes], Document] = parse,
) -> Reply:
    """The reply, accepted on the control and the operation level; results are for the caller.

    `control_id` is what we sent; a reply that names another is not ours. Raises the SourceError
    family.
    """
    kind = kind_of(answer.body)
    if kind is not BodyKind.XML:
        raise _no_xml(answer, kind, now)
    try:
        reply = read_reply(reader(answer.body))
    except (SourceProtocolError, SourceUnavailable):
        if answer.status != HTTPStatus.OK:
            raise _by_status(answer, now) from None
        raise
    error = _refusal(reply, session_used)
    if error is None and answer.status != HTTPStatus.OK:
        error = _by_status(answer, now)
    if error is not None:
        raise _with_retry_after(error, answer, now)
    if reply.control_id and reply.control_id != control_id:
        raise SourceUnavailable("the gateway answered another request than ours")
    return reply


def _refusal(reply: Reply, session_used: bool) -> SourceError | None:
    sign_in = reply.authentication
    if sign_in is None:
        if reply.errors or not reply.control_accepted:
            return refusal(Level.CONTROL, reply.errors, session_used=session_used)
        return SourceUnavailable("the gateway's reply holds no sign-in and no error")
    if not sign_in.accepted or reply.errors:
        return refusal(Level.OPERATION, reply.errors, session_used=session_used)
    return None


def _no_xml(answer: HttpReply, kind: BodyKind, now: datetime) -> SourceError:
    """What a web page, JSON, CSV or nothing means, by status."""
    code = _GATEWAY_CODE.search(answer.body[:65536])
    if kind is BodyKind.JSON and code:
        message = GatewayMessage(code.group().decode())
        return _with_retry_after(refusal(Level.CONTROL, (message,)), answer, now)
    blocked = b"cf-error-details" in answer.body[:65536]
    if answer.status != HTTPStatus.OK and not blocked:
        return _by_status(answer, now)
    if kind in (BodyKind.HTML, BodyKind.EMPTY) or blocked:
        return SourceUnavailable(f"the gateway answered with {_AS[kind]} instead of XML")
    return SourceProtocolError(f"the gateway answered with {_AS[kind]} instead of XML")


_AS = {
    BodyKind.HTML: "a web page",
    BodyKind.EMPTY: "nothing",
    BodyKind.JSON: "JSON",
    BodyKind.TEXT: "text",
    BodyKind.XML: "XML",
}


def _by_status(answer: HttpReply, now: datetime) -> SourceError:
    status = answer.status
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        error = build(Meaning.RATE_LIMITED, GatewayMessage("GW-0010"))
        return _with_retry_after(error, answer, now)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.REQUEST_TIMEOUT:
        return SourceUnavailable(f"the gateway answered HTTP {status}")
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        return SourceProtocolError(f"the gateway redirected (HTTP {status}), which is not followed")
    return SourceRejected(f"the gateway answered HTTP {status}: check INTACCT_ENDPOINT")


def _with_retry_after(error: SourceError, answer: HttpReply, now: datetime) -> SourceError:
    if isinstance(error, SourceRateLimited):
        error.retry_after = retry_after(answer.headers.get("retry-after", ""), now)
    return error


def retry_after(header: str, now: datetime) -> float | None:
    """Seconds a Retry-After asks for, as a number or a date; None where absent or absurd."""
    header = header.strip()
    if header.isascii() and header.isdigit():
        seconds = float(header)
    else:
        try:
            moment = parsedate_to_datetime(header)
        except ValueError:
            return None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        seconds = max(0.0, (moment - now).total_seconds())
    return seconds if seconds <= _LONGEST_RETRY_AFTER else None
