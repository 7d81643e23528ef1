"""One outgoing message or call, from the decision to send it to the day its fate is known.

::

    waiting ─claim→ sending ─→ sent ─→ delivered | undelivered | failed | unconfirmed
                       │               calls: confirmed | declined | unanswered | machine
                       └─→ unknown ─reconcile→ sent | not sent (a new dispatch)

The functions below are the only way from one state to another. Each takes the dispatch and the
present time and returns the dispatch as it is afterwards; a step the diagram does not show raises
`IllegalTransition`. Writing the result is somebody else's work.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from .delivery import ARRIVED, FINAL, NOBODY_TOOK_IT, RANK, CallStatus, MessageStatus
from .frozen import frozen


class DispatchState(StrEnum):
    """What is known about one message or call. Each sentence is what a person would be told."""

    WAITING = "waiting"
    """It will be sent when it is due; nothing has been sent yet."""
    SENDING = "sending"
    """One function holds the claim and may be talking to Twilio right now."""
    UNKNOWN = "unknown"
    """Twilio may or may not have accepted it; only Twilio's lists can tell."""
    SENT = "sent"
    """Twilio accepted it; whether it arrived is not known yet."""
    DELIVERED = "delivered"
    """It arrived."""
    UNDELIVERED = "undelivered"
    """The carrier says it did not arrive."""
    FAILED = "failed"
    """Twilio refused it or could not send it."""
    UNCONFIRMED = "unconfirmed"
    """Sent long ago and no receipt came; or the call was taken and no key was asked for."""
    CONFIRMED = "confirmed"
    """The call was taken, and somebody pressed 1."""
    DECLINED = "declined"
    """The call was taken, and somebody pressed 2: not theirs."""
    UNANSWERED = "unanswered"
    """Nobody took the call, or nobody pressed a key."""
    MACHINE = "machine"
    """A voicemail or a fax took the call."""
    NOT_SENT = "not_sent"
    """It certainly was not sent, and never will be under this id."""

    @property
    def settled(self) -> bool:
        """Whether nothing more is expected to happen to it by itself."""
        return self not in _UNSETTLED


_UNSETTLED = frozenset(
    {DispatchState.WAITING, DispatchState.SENDING, DispatchState.UNKNOWN, DispatchState.SENT}
)

#: Every step there is. `waiting → unknown` is what may have been sent before tables were restored,
#: without anybody having written it down. `not_sent → sent` is a message the provider listed only
#: after the grace period; `unconfirmed → …` is a receipt that came after its soft timeout.
STEPS: dict[DispatchState, frozenset[DispatchState]] = {
    DispatchState.WAITING: frozenset(
        {
            DispatchState.WAITING,
            DispatchState.SENDING,
            DispatchState.UNKNOWN,
            DispatchState.NOT_SENT,
        }
    ),
    DispatchState.SENDING: frozenset(
        {
            DispatchState.WAITING,
            DispatchState.SENT,
            DispatchState.UNKNOWN,
            DispatchState.FAILED,
        }
    ),
    DispatchState.UNKNOWN: frozenset(
        {DispatchState.UNKNOWN, DispatchState.SENT, DispatchState.NOT_SENT}
    ),
    DispatchState.SENT: frozenset(
        {
            DispatchState.SENT,
            DispatchState.DELIVERED,
            DispatchState.UNDELIVERED,
            DispatchState.FAILED,
            DispatchState.UNCONFIRMED,
            DispatchState.CONFIRMED,
            DispatchState.DECLINED,
            DispatchState.UNANSWERED,
            DispatchState.MACHINE,
        }
    ),
    DispatchState.UNCONFIRMED: frozenset(
        {DispatchState.DELIVERED, DispatchState.UNDELIVERED, DispatchState.FAILED}
    ),
    DispatchState.NOT_SENT: frozenset({DispatchState.SENT}),
    DispatchState.DELIVERED: frozenset(),
    DispatchState.UNDELIVERED: frozenset(),
    DispatchState.FAILED: frozenset(),
    DispatchState.CONFIRMED: frozenset(),
    DispatchState.DECLINED: frozenset(),
    DispatchState.UNANSWERED: frozenset(),
    DispatchState.MACHINE: frozenset(),
}


#: Why something that waits is looked for before it is ever sent.
UNRECORDED = "may have been sent before tables were restored"


class IllegalTransition(Exception):
    """A step the state diagram does not have: somebody acted on what is no longer so."""


@frozen
class Member:
    """An alert that a dispatch carries, with the case it belongs to."""

    case_id: str
    alert_id: str


@frozen
class Dispatch:
    """One outgoing SMS or call. Its members and its text are fixed when it is made.

    `due_at` is when it may be claimed; `look_at` is when the status check looks at it next, and
    None once nothing more is expected. `attempt` counts what the plan's budget counts: deferrals
    and requests that Twilio certainly never processed do not. `replaces` names a dispatch whose
    fate was unknown and that was judged not sent; it is looked for once more right before sending.
    For calls `text` is what is spoken, `language` its IETF tag, and `confirm` whether a key press
    is waited for; `call_sid` is the leg on the telephone network. `price`, negative, `segments` and
    `duration` (seconds) are known long after, for the cost report. `blank_at` is when its text is
    to be removed at the provider, None where it is not, or was: then `blanked_at` says when.
    `sender` is what a call was claimed to be placed with, a flow or a number; empty for texts,
    which are found whoever they come from, and where an earlier version claimed it.
    """

    id: str
    company: str
    channel: str
    recipient: str
    members: tuple[Member, ...]
    text: str
    reference: str
    validity_seconds: int
    created_at: datetime
    due_at: datetime
    look_at: datetime | None
    state: DispatchState = DispatchState.WAITING
    sequence: int = 1
    attempt: int = 1
    replaces: str = ""
    rings: int = 0
    returns: int = 0
    to: str = ""
    claim_token: str = ""
    claimed_at: datetime | None = None
    sid: str = ""
    sent_at: datetime | None = None
    provider_status: MessageStatus | CallStatus | None = None
    error_code: int | None = None
    empty_lists: int = 0
    last_empty_at: datetime | None = None
    reason: str = ""
    version: int = 1
    write_id: str = ""
    confirm: bool = False
    language: str = ""
    call_sid: str = ""
    segments: int = 0
    duration: int | None = None
    price: Decimal | None = None
    price_unit: str = ""
    blank_at: datetime | None = None
    blanked_at: datetime | None = None
    sender: str = ""

    @property
    def voice(self) -> bool:
        """Whether it is a call."""
        return self.channel == "voice"

    @property
    def addressee(self) -> str:
        """Under which name it is recorded that it was sent: texts to a person, and calls, apart."""
        return f"{self.recipient}/{self.channel}" if self.voice else self.recipient


def _step(dispatch: Dispatch, to: DispatchState, *allowed_from: DispatchState) -> None:
    if dispatch.state not in allowed_from or to not in STEPS[dispatch.state]:
        raise IllegalTransition(f"{dispatch.id}: {dispatch.state} cannot become {to}")


def claim(
    dispatch: Dispatch,
    *,
    token: str,
    to: str,
    now: datetime,
    deadline: datetime,
    sender: str = "",
) -> Dispatch:
    """Take it: from here on one holder may send it. Needs `waiting` and a due time reached."""
    _step(dispatch, DispatchState.SENDING, DispatchState.WAITING)
    if dispatch.due_at > now:
        raise IllegalTransition(f"{dispatch.id}: not due yet")
    return replace(
        dispatch,
        state=DispatchState.SENDING,
        claim_token=token,
        claimed_at=now,
        to=to,
        sender=sender,
        look_at=deadline,
    )


def defer(dispatch: Dispatch, *, until: datetime, look_at: datetime, reason: str) -> Dispatch:
    """Not now: throttled, paused, or not due. Uses up nothing."""
    _step(dispatch, DispatchState.WAITING, DispatchState.WAITING)
    return replace(dispatch, due_at=until, look_at=look_at, reason=reason, rings=0)


def give_back(dispatch: Dispatch, *, until: datetime, look_at: datetime, reason: str) -> Dispatch:
    """The holder certainly sent nothing (no byte left, or 429): it waits again, free of charge."""
    _step(dispatch, DispatchState.WAITING, DispatchState.SENDING)
    return replace(
        dispatch,
        state=DispatchState.WAITING,
        due_at=until,
        look_at=look_at,
        claim_token="",  # nosec B106 # nobody holds a claim yet
        claimed_at=None,
        reason=reason,
        rings=0,
        returns=dispatch.returns + 1,
    )


def record_sent(
    dispatch: Dispatch,
    *,
    sid: str,
    status: MessageStatus | CallStatus,
    now: datetime,
    look_at: datetime,
) -> Dispatch:
    """Twilio accepted it under `sid`: seen by the holder, or found in a list afterwards."""
    _step(
        dispatch,
        DispatchState.SENT,
        DispatchState.SENDING,
        DispatchState.UNKNOWN,
        DispatchState.NOT_SENT,
    )
    return replace(
        dispatch,
        state=DispatchState.SENT,
        sid=sid,
        sent_at=now,
        provider_status=status,
        look_at=look_at,
        reason="",
    )


def lose_track(dispatch: Dispatch, *, look_at: datetime, reason: str) -> Dispatch:
    """The outcome cannot be known from here: no answer, a 5xx, or a holder that died."""
    _step(dispatch, DispatchState.UNKNOWN, DispatchState.SENDING)
    return replace(dispatch, state=DispatchState.UNKNOWN, look_at=look_at, reason=reason)


def doubt(
    dispatch: Dispatch, *, to: str, since: datetime, look_at: datetime, reason: str
) -> Dispatch:
    """It may have been sent to `to` since then, by a claim that nobody knows of any more."""
    _step(dispatch, DispatchState.UNKNOWN, DispatchState.WAITING)
    return replace(
        dispatch,
        state=DispatchState.UNKNOWN,
        to=to,
        claimed_at=since,
        look_at=look_at,
        reason=reason,
    )


def note_empty_list(dispatch: Dispatch, *, now: datetime, look_at: datetime) -> Dispatch:
    """A list did not show it. Two of these, far enough apart and late enough, mean not sent."""
    _step(dispatch, DispatchState.UNKNOWN, DispatchState.UNKNOWN)
    return replace(
        dispatch, empty_lists=dispatch.empty_lists + 1, last_empty_at=now, look_at=look_at
    )


def settle_not_sent(
    dispatch: Dispatch, *, reason: str, watch_at: datetime | None = None
) -> Dispatch:
    """It was never sent: reconciled as such, or stopped before anybody claimed it.

    After a reconciliation the provider's lists are watched on: a message listed only now would be
    one too many, and somebody has to hear of it.
    """
    _step(dispatch, DispatchState.NOT_SENT, DispatchState.WAITING, DispatchState.UNKNOWN)
    return replace(dispatch, state=DispatchState.NOT_SENT, look_at=watch_at, reason=reason)


def refuse(dispatch: Dispatch, *, error_code: int | None, reason: str) -> Dispatch:
    """Twilio refused it at the door."""
    _step(dispatch, DispatchState.FAILED, DispatchState.SENDING)
    return replace(
        dispatch, state=DispatchState.FAILED, look_at=None, error_code=error_code, reason=reason
    )


def look_again(dispatch: Dispatch, *, look_at: datetime, rung: bool = False) -> Dispatch:
    """Nothing new; the next look is later. `rung` counts a message put on the queue again."""
    if dispatch.look_at is None:
        raise IllegalTransition(f"{dispatch.id}: {dispatch.state} is settled")
    return replace(dispatch, look_at=look_at, rings=dispatch.rings + (1 if rung else 0))


def rest(dispatch: Dispatch) -> Dispatch:
    """Nothing more is expected: it leaves the index of what is looked at."""
    if not dispatch.state.settled:
        raise IllegalTransition(f"{dispatch.id}: {dispatch.state} is not settled")
    return replace(dispatch, look_at=None)


def advance(
    dispatch: Dispatch,
    *,
    status: MessageStatus,
    error_code: int | None,
    look_at: datetime,
) -> Dispatch:
    """What a list says about a sent message. A status that would go backwards changes nothing."""
    known = dispatch.provider_status or MessageStatus.UNKNOWN
    known = known if isinstance(known, MessageStatus) else MessageStatus.UNKNOWN
    forward = RANK[status] > RANK[known] or (status in FINAL and dispatch.provider_status != status)
    if status not in FINAL:
        _step(dispatch, DispatchState.SENT, DispatchState.SENT)
        status = status if forward else known
        return replace(dispatch, provider_status=status, look_at=look_at)
    settled = _FINAL_STATE[status]
    _step(dispatch, settled, DispatchState.SENT, DispatchState.UNCONFIRMED)
    return replace(
        dispatch, state=settled, provider_status=status, error_code=error_code, look_at=None
    )


def hang_up(
    dispatch: Dispatch,
    *,
    status: CallStatus,
    error_code: int | None = None,
    call_sid: str = "",
    duration: int | None = None,
) -> Dispatch:
    """How a call ended. ValueError for a status that is no end.

    Where no key press is waited for, whoever took the call and pressed none was told.
    """
    if not status.final:
        raise ValueError(f"{dispatch.id}: {status} is no end of a call")
    told = status in (CallStatus.NO_INPUT, CallStatus.WRONG_KEY) and not dispatch.confirm
    settled = DispatchState.UNCONFIRMED if told else _CALL_STATE[status]
    _step(dispatch, settled, DispatchState.SENT)
    return replace(
        dispatch,
        state=settled,
        provider_status=status,
        error_code=error_code,
        call_sid=call_sid,
        duration=duration,
        look_at=None,
    )


_CALL_STATE = {
    CallStatus.CONFIRMED: DispatchState.CONFIRMED,
    CallStatus.DECLINED: DispatchState.DECLINED,
    CallStatus.MACHINE: DispatchState.MACHINE,
    CallStatus.ANNOUNCED: DispatchState.UNCONFIRMED,
    CallStatus.FAILED: DispatchState.FAILED,
    **dict.fromkeys(NOBODY_TOOK_IT, DispatchState.UNANSWERED),
}

_FINAL_STATE = {
    MessageStatus.UNDELIVERED: DispatchState.UNDELIVERED,
    MessageStatus.FAILED: DispatchState.FAILED,
    MessageStatus.CANCELED: DispatchState.FAILED,
    **dict.fromkeys(ARRIVED, DispatchState.DELIVERED),
}


def stop_waiting_for_receipt(dispatch: Dispatch, *, look_at: datetime | None) -> Dispatch:
    """The soft timeout passed without a receipt; a late one may still come."""
    _step(dispatch, DispatchState.UNCONFIRMED, DispatchState.SENT)
    return replace(dispatch, state=DispatchState.UNCONFIRMED, look_at=look_at)


def successor(
    dispatch: Dispatch,
    *,
    new_id: str,
    reference: str,
    text: str,
    now: datetime,
    wait: timedelta,
    look_after: timedelta,
    counts: bool,
    members: tuple[Member, ...],
    replaces: str = "",
) -> Dispatch:
    """The next try for the members still open: a new dispatch, with a reference of its own.

    `counts` says whether it uses up one attempt of the plan's budget. A dispatch that was judged
    not sent does not: nobody's phone buzzed.
    """
    due_at = now + wait
    return Dispatch(
        id=new_id,
        company=dispatch.company,
        channel=dispatch.channel,
        recipient=dispatch.recipient,
        members=members,
        text=text,
        reference=reference,
        validity_seconds=dispatch.validity_seconds,
        created_at=now,
        due_at=due_at,
        look_at=due_at + look_after,
        sequence=dispatch.sequence + 1,
        attempt=dispatch.attempt + (1 if counts else 0),
        replaces=replaces,
        confirm=dispatch.confirm,
        language=dispatch.language,
    )
