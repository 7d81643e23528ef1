"""The tables of the campaign: where a process is killed, times what else goes wrong."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["CELLS", "LEGEND", "Cell", "Channel", "Step", "Trouble", "possible"]


class Channel(StrEnum):
    """How somebody is told."""

    TEXT = "text"
    CALL = "call"


class Step(StrEnum):
    """Where a process is killed: between every two side effects of a send and a status check.

    What a status check does about one alert begins with `BEFORE_CHECK`; each of the others is the
    gap after one of its side effects and before the next.
    """

    NOWHERE = "not killed"
    # ------------------------------------------------------------------------- the send
    BEFORE_CLAIM = "before the claim"
    DURING_CLAIM = "claim written, unanswered"
    AFTER_CLAIM = "claimed, before the POST"
    HALF_POST = "half of the POST sent"
    WHOLE_POST = "POST sent, no answer yet"
    BEFORE_RECORD = "answered, before the record"
    DURING_RECORD = "record written, unanswered"
    AFTER_RECORD = "recorded, message not deleted"
    BEFORE_RETURN = "before it is given back"
    AFTER_RETURN = "given back"
    BEFORE_UNKNOWN = "before an unknown outcome"
    AFTER_UNKNOWN = "unknown outcome noted"
    # ----------------------------------------------------------------- the status check
    BEFORE_CHECK = "found due, nothing noted"
    AFTER_LOST = "dead claim lost"
    AFTER_EMPTY = "empty list noted"
    AFTER_ADOPTION = "found and adopted"
    AFTER_NOT_SENT = "judged not sent, not rung"
    RUNG_NOT_SENT = "judged not sent, rung"
    AFTER_SUCCESS = "success noted"
    AFTER_FAILURE = "failure noted, not rung"
    RUNG_FAILURE = "failure noted, rung"
    AFTER_SWEEP = "ring noted, not rung"
    RUNG_SWEEP = "swept and rung"
    AFTER_LOOK = "fresh look wanted, not asked"
    ASKED_LOOK = "fresh look asked for"
    AFTER_STEP = "later step begun, not rung"
    RUNG_STEP = "later step begun, rung"


class Trouble(StrEnum):
    """What else goes wrong with a run."""

    NONE = "nothing"
    BUSY = "429"
    ERROR_BEFORE = "5xx before"
    ERROR_AFTER = "5xx after"
    RESET_AFTER = "reset after"
    TIMEOUT = "gave up"
    LATE_LIST = "late list"
    IDLE = "idle closed"
    SHORT = "short call"
    LINE = "line in use"
    LOST_REPLY = "lost reply"
    CONFLICTS = "conflicts"
    THROTTLED = "throttled"
    STALE = "stale index"
    THRICE = "thrice"


#: What each trouble is, for the legend under the tables.
LEGEND = {
    Trouble.BUSY: "429 with Retry-After, never processed",
    Trouble.ERROR_BEFORE: "500 or 503, nothing accepted",
    Trouble.ERROR_AFTER: "500 or 503, accepted",
    Trouble.RESET_AFTER: "connection reset, accepted",
    Trouble.TIMEOUT: "the client gave up: accepted at once, or only afterwards",
    Trouble.LATE_LIST: "listed 100 to 170 s after it was accepted; the grace period is 180 s",
    Trouble.IDLE: "a kept connection was closed silently; the POST runs into the reset",
    Trouble.SHORT: "connection reset, accepted, and the call over within three seconds",
    Trouble.LINE: "409: another call to the number is going on",
    Trouble.LOST_REPLY: "the store's first writes are done and their answers lost",
    Trouble.CONFLICTS: "writes meet others': cancelled, or overtaken, several times in a row",
    Trouble.THROTTLED: "reads, writes and rings are refused several times in a row",
    Trouble.STALE: "the index of what is due hides the dispatch, or shows what moved on",
    Trouble.THRICE: "each message three times, at nearly the same moment",
}

#: Calls meet what is different for calls; the store and the queue do not know what they carry.
_TROUBLES = {
    Channel.TEXT: tuple(x for x in Trouble if x not in (Trouble.SHORT, Trouble.LINE)),
    Channel.CALL: (
        Trouble.NONE,
        Trouble.ERROR_AFTER,
        Trouble.TIMEOUT,
        Trouble.LATE_LIST,
        Trouble.SHORT,
        Trouble.LINE,
    ),
}
#: With these the holder of the claim gets no answer that says what happened.
_NO_ANSWER = frozenset(
    {
        Trouble.ERROR_BEFORE,
        Trouble.ERROR_AFTER,
        Trouble.RESET_AFTER,
        Trouble.TIMEOUT,
        Trouble.IDLE,
        Trouble.SHORT,
    }
)
_RETURNED = frozenset({Trouble.BUSY, Trouble.LINE})
_RETURNS = frozenset({Step.BEFORE_RETURN, Step.AFTER_RETURN})
_UNKNOWNS = frozenset({Step.BEFORE_UNKNOWN, Step.AFTER_UNKNOWN})
#: The steps of a plan that goes on: its second text comes ten minutes after the first.
LATER = frozenset(
    {
        Step.AFTER_LOOK,
        Step.ASKED_LOOK,
        Step.AFTER_STEP,
        Step.RUNG_STEP,
    }
)

#: What may get in the way of a plan that goes on. What a text meets after that, others show.
_LATER_TROUBLES = frozenset(
    {
        Trouble.NONE,
        Trouble.LOST_REPLY,
        Trouble.CONFLICTS,
        Trouble.THROTTLED,
        Trouble.STALE,
        Trouble.THRICE,
    }
)

Cell = tuple[Channel, Step, Trouble]


def possible(channel: Channel, step: Step, trouble: Trouble) -> bool:
    """Whether a run can meet both: nothing is given back without a 429 or a 409, for one."""
    if trouble not in _TROUBLES[channel]:
        return False
    if step in LATER:
        return channel is Channel.TEXT and trouble in _LATER_TROUBLES
    if step in _RETURNS:
        return trouble in _RETURNED
    return step not in _UNKNOWNS or trouble in _NO_ANSWER


CELLS: tuple[Cell, ...] = tuple(
    (channel, step, trouble)
    for channel in Channel
    for step in Step
    for trouble in Trouble
    if possible(channel, step, trouble)
)
