"""Calls as the Call resource shows them, and what every call has to pass before it is placed."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ml_connector.domain.delivery import CallRequest, CallStatus, ProviderCall
from ml_connector.domain.phone import is_e164
from ml_connector.errors import (
    DeliveryError,
    DeliveryOutcomeUnknown,
    DeliveryRejected,
    DeliveryTransient,
)

from .reading import price, whole

if TYPE_CHECKING:
    from .client import TwilioConnection
    from .credentials import Sender
    from .reading import Reader

#: Seconds a call rings. Most voicemails take over after 25 to 30.
RING_SECONDS = 25
_CALL_SID = re.compile(r"CA[0-9a-fA-F]{32}")
_EXECUTION_SID = re.compile(r"FN[0-9a-fA-F]{32}")
#: "Call is not in-progress. Cannot redirect": it is over.
_OVER = 21220

#: Twilio's words for how a plain call stands.
STATUSES = {
    "queued": CallStatus.ACTIVE,
    "initiated": CallStatus.ACTIVE,
    "ringing": CallStatus.ACTIVE,
    "in-progress": CallStatus.ACTIVE,
    "completed": CallStatus.ANNOUNCED,
    "busy": CallStatus.BUSY,
    "no-answer": CallStatus.NO_ANSWER,
    "failed": CallStatus.FAILED,
    "canceled": CallStatus.CANCELED,
}
#: Those of them in which somebody, or something, has picked it up.
TAKEN = frozenset({"in-progress", "completed"})
#: Who may have taken a call, in Twilio's words. `unknown` is no machine: it could not tell.
ANSWERED_BY = frozenset(
    {
        "human",
        "unknown",
        "fax",
        "machine_start",
        "machine_end_beep",
        "machine_end_silence",
        "machine_end_other",
    }
)


def is_machine(answered_by: str) -> bool:
    """Whether nobody heard it."""
    return answered_by == "fax" or answered_by.startswith("machine_")


def is_call_sid(sid: object) -> bool:
    """Whether this names a leg on the telephone network."""
    return isinstance(sid, str) and _CALL_SID.fullmatch(sid) is not None


def is_execution_sid(sid: object) -> bool:
    """Whether this names a run of a flow."""
    return isinstance(sid, str) and _EXECUTION_SID.fullmatch(sid) is not None


def words_of(request: CallRequest, sender: Sender) -> str:
    """What is said, harmless. What Twilio would certainly refuse is refused here, before a call."""
    from ml_connector.domain.voice_script import (  # noqa: PLC0415 - only for those who call
        LONGEST_SPOKEN,
        spoken,
    )

    if not sender.voice_from:
        raise DeliveryRejected(
            "nobody can be called: voice_from in the twilio secret names no number to call from"
        )
    if not is_e164(request.to):
        raise DeliveryRejected("the recipient's number is not E.164, such as +15550100123")
    if len(request.text) > LONGEST_SPOKEN:
        raise DeliveryRejected(f"the text is longer than the {LONGEST_SPOKEN} characters of a call")
    text = spoken(request.text, request.language)
    if not text:
        raise DeliveryRejected("nothing is left to say")
    return text


def call_details(connection: TwilioConnection, reader: Reader, sid: str) -> ProviderCall | None:
    """A leg with its duration, its price and who took it; None where it is gone.

    Its status says `ANNOUNCED` of every call that was taken: whether somebody confirmed it is not
    known on the telephone network.
    """
    if not is_call_sid(sid):
        raise DeliveryRejected("not a call SID: CA and 32 hex digits")
    return reader.found(lambda: shown(connection.calls()(sid).fetch()))


def hang_up(connection: TwilioConnection, reader: Reader, sid: str) -> None:
    """End a leg; one that is over, or gone, stays as it is. Doing it twice does no harm."""
    leg = connection.calls()(sid)
    try:
        reader.create(reader.budget(), lambda: leg.update(status="completed"))
    except DeliveryError as error:
        if error.provider_code == _OVER:
            return
        found = call_details(connection, reader, sid)
        if found is not None and not found.status.final:
            raise may_go_on(error) from error


def may_go_on(error: DeliveryError) -> DeliveryError:
    """What to raise where a call could not be ended: nothing of it needs reconciling."""
    if isinstance(error, DeliveryOutcomeUnknown):
        return DeliveryTransient(f"the call may go on: {error.safe_message}")
    return error


def shown(official: Any) -> ProviderCall:  # noqa: ANN401 - the official classes are untyped
    """Raises ValueError where a call has no SID, for nothing can be done with it.

    A call has no date before it is dialled, in some answers; it is then one of a moment ago.
    """
    if not is_call_sid(official.sid):
        raise ValueError("a call without a SID")
    created_at = official.date_created or official.start_time
    if not isinstance(created_at, datetime):
        created_at = datetime.now(UTC).replace(microsecond=0)
    by = official.answered_by
    return ProviderCall(
        sid=official.sid,
        to=official.to or "",
        status=STATUSES.get(str(official.status).strip().lower(), CallStatus.UNKNOWN),
        created_at=created_at,
        call_sid=official.sid,
        answered_by=by if by in ANSWERED_BY else "",
        duration=whole(official.duration),
        price=price(official.price),
        price_unit=(official.price_unit or "").upper(),
        taken=str(official.status).strip().lower() in TAKEN,
    )
