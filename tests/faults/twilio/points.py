"""Where a worker is killed: the step before and after each thing it asks the world for."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.support.doorbell import Message

from .cells import Step

#: A sweep's note of a ring; every other change without an audit entry is of no interest here.
RUNG = "rung"

#: Around a transaction of the send function, by its kind: before it, and when it is written and not
#: answered yet.
_SEND: dict[str, tuple[Step, Step]] = {
    "dispatch.claimed": (Step.BEFORE_CLAIM, Step.DURING_CLAIM),
    "dispatch.sent": (Step.BEFORE_RECORD, Step.DURING_RECORD),
    "dispatch.returned": (Step.BEFORE_RETURN, Step.AFTER_RETURN),
    "dispatch.unknown": (Step.BEFORE_UNKNOWN, Step.AFTER_UNKNOWN),
    "dispatch.adopted": (Step.BEFORE_RECORD, Step.AFTER_ADOPTION),
}
#: After a transaction of the status check.
_CHECK: dict[str, Step] = {
    "dispatch.unknown": Step.AFTER_LOST,
    "dispatch.not_listed": Step.AFTER_EMPTY,
    "dispatch.adopted": Step.AFTER_ADOPTION,
    "dispatch.not_sent": Step.AFTER_NOT_SENT,
    "dispatch.delivered": Step.AFTER_SUCCESS,
    "dispatch.confirmed": Step.AFTER_SUCCESS,
    "dispatch.undelivered": Step.AFTER_FAILURE,
    "dispatch.unanswered": Step.AFTER_FAILURE,
    "case.fresh_look_asked": Step.AFTER_LOOK,
    "case.stepped": Step.AFTER_STEP,
    RUNG: Step.AFTER_SWEEP,
}
#: After a ring, by the kind of the transaction before it.
RUNG_AFTER = {
    "dispatch.not_sent": Step.RUNG_NOT_SENT,
    "dispatch.undelivered": Step.RUNG_FAILURE,
    "dispatch.unanswered": Step.RUNG_FAILURE,
    "case.stepped": Step.RUNG_STEP,
    RUNG: Step.RUNG_SWEEP,
}
#: With these the phone that failed first is within reach again.
FAILURES = frozenset({"dispatch.undelivered", "dispatch.unanswered"})


def around(kind: str, *, sends: bool) -> tuple[Step | None, Step | None]:
    """The steps around a transaction of the send function (`sends`), or of the status check."""
    if sends:
        return _SEND.get(kind, (None, None))
    after = _CHECK.get(kind)
    return (Step.BEFORE_CHECK if after else None), after


class Kill(BaseException):
    """Whoever asked is to be killed now; what was asked for is done, or not, as it is."""


@dataclass(slots=True)
class Caller:
    """What the desk knows of the worker that asks."""

    batch: dict[int, Message] = field(default_factory=dict)
    """The messages it was handed, by their numbers; none in a status check."""
    wrote: dict[str, str] = field(default_factory=dict)
    """What it wrote last, by the run's person."""

    @property
    def sends(self) -> bool:
        """Whether it is the send function."""
        return bool(self.batch)


@dataclass(frozen=True, slots=True)
class Late:
    """A POST whose sender may give up or die: Twilio is done with it by `until`.

    That is on the campaign's clock. It is the `number`-th one to that phone, from 1.
    """

    until: float
    number: int
