"""What Twilio's error codes mean for us. The codes themselves are data: `error_table.py`.

A code is met in two places and may mean different things there: as the answer to a create (the
message does not exist) or later as the `error_code` of a message that failed. `at_create` and
`after_create` answer for one place each, for any code at all, known or not.

Twilio asks not to rely on `error_code` for programs, since values may change; every dispatcher
does. So an unknown code has a stated meaning, `UNKNOWN_CODE`: permanent for this message, and the
operator is told. Never a retry, which could repeat for ever what nobody understands; never a stop
of all sends, which one odd number could then cause.
"""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from http import HTTPStatus

from ml_connector.domain.frozen import frozen


class Action(StrEnum):
    """What follows from a code."""

    RETRY = "retry"
    """This failure passes. Send again on the same channel after `retry_after`, `retries` times."""
    PERMANENT = "permanent"
    """This message cannot reach this recipient on this channel. Next channel or person now."""
    BLOCKED = "blocked"
    """Nobody can be reached until an operator acts. Stop the sends, alarm, use up no attempt."""
    OUTCOME_UNKNOWN = "outcome_unknown"
    """Twilio does not know itself whether the message exists. Reconcile. Only at a create."""


@frozen
class CodeMeaning:
    """One code, in words.

    `retry_after` is a hint in seconds, for RETRY, where Twilio sends no Retry-After. `retries` says
    how often the same channel is worth another try: 0 means the next channel is better now, None
    that the caller's own attempt budget decides. `operator` says what a person should do, empty
    where nothing is to be done. `account` says of BLOCKED that the account is refused, whatever the
    channel.
    """

    code: int | None
    action: Action
    reason: str
    operator: str = ""
    retry_after: int | None = None
    retries: int | None = None
    account: bool = False


#: For a code that is in no table.
UNKNOWN_CODE = CodeMeaning(
    None,
    Action.PERMANENT,
    "a code this version does not know",
    "look the code up in Twilio's error dictionary; if it is common, ask for it to be added",
)
#: For a message that failed without any code: what Twilio itself calls an unknown error.
NO_CODE = CodeMeaning(
    None, Action.RETRY, "it failed and Twilio gave no code", retry_after=120, retries=1
)
_TOO_MANY = CodeMeaning(
    None, Action.RETRY, "too many requests; this one was never processed", retry_after=1
)
_UNCLEAR = CodeMeaning(
    None, Action.OUTCOME_UNKNOWN, "Twilio's answer does not say whether it was accepted"
)
_NO_ACCESS = CodeMeaning(
    None,
    Action.BLOCKED,
    "access refused without a code",
    "check the credentials, the region they belong to, and what the API key may do",
)
_NOT_THERE = CodeMeaning(
    None,
    Action.BLOCKED,
    "nothing is found at the address used",
    "check the account SID and TWILIO_BASE_URL",
)
_BY_STATUS: dict[int, CodeMeaning] = {
    HTTPStatus.UNAUTHORIZED: _NO_ACCESS,
    HTTPStatus.FORBIDDEN: _NO_ACCESS,
    HTTPStatus.NOT_FOUND: _NOT_THERE,
    HTTPStatus.REQUEST_TIMEOUT: _UNCLEAR,
}


def at_create(code: int | None, http_status: int) -> CodeMeaning:
    """What a refused create means, by its code and, where that says nothing, its HTTP status.

    429 is decided by the status alone: such a request is never processed, whatever the body says
    (Twilio, error 20429). Below 400 and from 500 up the outcome is unknown whatever the code.
    """
    from .error_table import AT_CREATE, SHARED  # noqa: PLC0415 - a table only failures read

    known = None if code is None else AT_CREATE.get(code) or SHARED.get(code)
    if http_status == HTTPStatus.TOO_MANY_REQUESTS:
        if known and known.action is Action.RETRY:
            return known
        return replace(_TOO_MANY, code=code)
    if not HTTPStatus.BAD_REQUEST <= http_status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return replace(_UNCLEAR, code=code)
    return known or replace(_BY_STATUS.get(http_status, UNKNOWN_CODE), code=code)


def after_create(code: int | None) -> CodeMeaning:
    """What the `error_code` of a failed or undelivered message means."""
    from .error_table import AFTER_CREATE, SHARED  # noqa: PLC0415 - a table only failures read

    if code is None:
        return NO_CODE
    return AFTER_CREATE.get(code) or SHARED.get(code) or replace(UNKNOWN_CODE, code=code)
