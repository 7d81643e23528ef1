"""How a call of the flow ended, from what the execution's context and its steps say.

Three witnesses: the variable the flow sets last (`outcome`), the key that was pressed, and the
branch the steps took. What a live context holds beside them is not documented, and its values come
from a telephone: nothing is taken over unless it is one of the words expected here.

::

    outcome    key    steps          result
    ---------------------------------------------------------------------------
    any        any    any            MACHINE where a machine took the call
    confirmed  -      -              CONFIRMED, unless key and steps both say otherwise
    other      -      -              that outcome
    none       1      -              CONFIRMED: they hung up right after pressing it
    none       2      -              DECLINED
    none       other  -              WRONG_KEY
    none       none   confirmed      NO_INPUT: the steps alone never confirm
    none       none   other          what the steps say
    none       none   none           NO_INPUT where it was taken, else how the leg ended
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from ml_connector.domain.delivery import CallStatus
from ml_connector.domain.frozen import frozen

from .calls import ANSWERED_BY, TAKEN, is_call_sid, is_machine

#: The widgets of the flow in flows/voice.json that are looked at.
CALL, ASK, OUTCOME = "call_approver", "ask", "outcome"
#: What the flow sets its variable to, in the state `set_<word>`.
OUTCOMES = {
    status.value: status
    for status in (
        CallStatus.CONFIRMED,
        CallStatus.DECLINED,
        CallStatus.NO_INPUT,
        CallStatus.WRONG_KEY,
        CallStatus.MACHINE,
        CallStatus.BUSY,
        CallStatus.NO_ANSWER,
        CallStatus.FAILED,
    )
}
_STATE = "set_"
_YES = CallStatus.CONFIRMED
_OUTVOTED = 2
_REPEAT = "*"
_KEYS = {"1": CallStatus.CONFIRMED, "2": CallStatus.DECLINED}
_LEGS = {
    "busy": CallStatus.BUSY,
    "no-answer": CallStatus.NO_ANSWER,
    "failed": CallStatus.FAILED,
    "canceled": CallStatus.CANCELED,
}
_LONGEST_ID = 200
_DEEPEST = 6


class Transition(NamedTuple):
    """One step of an execution: the widget it left, by which event, and the one it came to."""

    source: str
    event: str
    target: str


@frozen
class Ending:
    """How an execution ended; `witness` is what its steps say, empty where they say nothing."""

    status: CallStatus
    witness: str


@frozen
class Context:
    """What is believed of an execution's context. `key` is the last one pressed."""

    dispatch_id: str = ""
    outcome: CallStatus | None = None
    key: str = ""
    call_sid: str = ""
    call_status: str = ""
    answered_by: str = ""

    @classmethod
    def of(cls, document: object) -> Context:
        """From the context's JSON; whatever is missing, or not as expected, stays empty."""
        call, ask = (_at(document, "widgets", name) for name in (CALL, ASK))
        sid, by = _at(call, "CallSid") or _at(ask, "CallSid"), _at(call, "AnsweredBy")
        return cls(
            dispatch_id=_dispatch_id(document),
            outcome=OUTCOMES.get(_word(_at(document, "flow", "variables", OUTCOME))),
            key=_key(_at(ask, "Digits")),
            call_sid=sid if isinstance(sid, str) and is_call_sid(sid) else "",
            call_status=_word(_at(call, "CallStatus")),
            answered_by=by if isinstance(by, str) and by in ANSWERED_BY else "",
        )


def ending(context: Context, steps: Iterable[Transition]) -> Ending:
    """How an execution ended that is over; the table is in this module's docstring."""
    taken = list(steps)
    branches = {OUTCOMES[word] for word in _branches(taken)}
    # One run sets one outcome: a second branch makes this no witness at all.
    witness = branches.pop() if len(branches) == 1 else None
    status = _status(context, witness, taken)
    return Ending(status, witness.value if witness else "")


def _status(context: Context, witness: CallStatus | None, steps: list[Transition]) -> CallStatus:
    if is_machine(context.answered_by):
        return CallStatus.MACHINE
    said = [context.outcome, _meaning(context.key), witness]
    believed = said if _confirms(*said) else [None if each is _YES else each for each in said]
    for status in believed:
        if status is not None:
            return status
    if _YES in said or _was_taken(context, steps):
        return CallStatus.NO_INPUT
    # Neither dialled nor failed: it was ended before.
    ended_early = CallStatus.CANCELED if context.call_sid else CallStatus.FAILED
    return _LEGS.get(context.call_status, ended_early)


def _confirms(
    outcome: CallStatus | None, pressed: CallStatus | None, witness: CallStatus | None
) -> bool:
    """Whether a confirmation may be believed; a wrong one would leave a bill to nobody."""
    against = [each for each in (outcome, pressed, witness) if each not in (None, _YES)]
    return _YES in (outcome, pressed) and len(against) < _OUTVOTED


def _meaning(key: str) -> CallStatus | None:
    if not key or key == _REPEAT:
        return None
    return _KEYS.get(key, CallStatus.WRONG_KEY)


def _was_taken(context: Context, steps: list[Transition]) -> bool:
    return (
        bool(context.answered_by)
        or context.call_status in TAKEN
        or any(step.source == CALL and step.event == "answered" for step in steps)
    )


def _branches(steps: Iterable[Transition]) -> Iterator[str]:
    for step in steps:
        for name in (step.source, step.target):
            word = name.removeprefix(_STATE)
            if name.startswith(_STATE) and word in OUTCOMES:
                yield word


# ---------------------------------------------------------------------------- values
def _dispatch_id(document: object) -> str:
    """The id the execution was started with: where it should be, or anywhere."""
    places = (("flow", "data"), ("trigger", "request", "parameters"))
    for place in places:
        found = _id(_at(document, *place, "dispatch_id"))
        if found:
            return found
    return next((found for found in map(_id, _anywhere(document)) if found), "")


def _anywhere(document: object, depth: int = _DEEPEST) -> Iterator[object]:
    if not isinstance(document, Mapping) or not depth:
        return
    if "dispatch_id" in document:
        yield document["dispatch_id"]
    for value in document.values():
        yield from _anywhere(value, depth - 1)


def _at(document: object, *path: str) -> object:
    for name in path:
        document = document.get(name) if isinstance(document, Mapping) else None
    return document


def _id(value: object) -> str:
    return value if isinstance(value, str) and len(value) <= _LONGEST_ID else ""


def _word(value: object) -> str:
    return value.strip().lower() if isinstance(value, str) else ""


def _key(value: object) -> str:
    """One key, or empty: more than one was never asked for."""
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    return text if isinstance(text, str) and len(text) == 1 and text in "0123456789*#" else ""
