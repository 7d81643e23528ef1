"""A provider of calls in memory: what matters about Twilio's voice, driven by the clock.

It accepts, dates by the second, lists newest first (perhaps late), refuses a second call to a
number while one is going on, and keeps a log of everything it ever accepted. What it answers to a
request can be arranged; without arrangement it accepts, unless the line is one it refuses.

::

    calls.line("+15550100001").life = NOBODY_ANSWERS
    calls.line("+15550100001").next_calls(NOBODY_ANSWERS, PRESSES_ONE)
    calls.answer_next(Create.LOST_REPLY)
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from math import inf

from ml_connector.domain.delivery import CallRequest, CallStatus, ProviderCall, Verdict
from ml_connector.domain.phone import is_e164
from ml_connector.domain.voice_script import LONGEST_SPOKEN, spoken
from ml_connector.errors import (
    DeliveryBusy,
    DeliveryError,
    DeliveryNotSent,
    DeliveryOutcomeUnknown,
    DeliveryRejected,
    DeliveryTransient,
)
from ml_connector.twilio.verdicts import verdict_on
from ml_connector.usecases.ports import Caller

from .clock import HandClock
from .provider import TOO_MANY_REQUESTS, Answer, Answering, Create, blocked

_SID = re.compile(r"(?:FN|CA)[0-9a-fA-F]{32}")
#: What calls are placed with: the flow where they ask for a key, else our number.
FLOW, OURS = f"FW{1:032x}", "+15550100100"
_ENDS_UNHEARD = frozenset(
    {CallStatus.BUSY, CallStatus.NO_ANSWER, CallStatus.FAILED, CallStatus.CANCELED}
)


@dataclass(frozen=True, slots=True)
class Life:
    """What becomes of a call: it is over after so many seconds, and that is how it ends.

    `answered_after` is None where nobody and nothing takes it; `by` is who the provider believes
    took it. `error_code` is the call's own, once it is over.
    """

    ends: CallStatus
    after: float
    answered_after: float | None = None
    by: str = ""
    error_code: int | None = None


def _taken(ends: CallStatus, after: float) -> Life:
    return Life(ends, after, answered_after=5, by="human")


#: Somebody listens and presses a key.
PRESSES_ONE = _taken(CallStatus.CONFIRMED, 30)
PRESSES_TWO = _taken(CallStatus.DECLINED, 30)
PRESSES_NINE = _taken(CallStatus.WRONG_KEY, 45)
#: Somebody listens, and that is all.
SAYS_NOTHING = _taken(CallStatus.NO_INPUT, 60)
HANGS_UP = _taken(CallStatus.NO_INPUT, 8)
IS_OVER_IN_THREE_SECONDS = Life(CallStatus.NO_INPUT, 3, answered_after=1, by="human")
#: Nobody hears it.
IS_VOICEMAIL = Life(CallStatus.MACHINE, 12, answered_after=8, by="machine_start")
IS_BUSY = Life(CallStatus.BUSY, 3)
NOBODY_ANSWERS = Life(CallStatus.NO_ANSWER, 27)
CANNOT_BE_CONNECTED = Life(CallStatus.FAILED, 2)
#: It hangs in the provider until it is ended.
GETS_STUCK = _taken(CallStatus.NO_INPUT, inf)


@dataclass(slots=True)
class Placed:
    """One call the provider accepted: what it costs, and what became of it."""

    sid: str
    request: CallRequest
    accepted_at: datetime
    listed_from: datetime
    life: Life
    sender: str

    @property
    def confirms(self) -> bool:
        """Whether it is a run of a flow."""
        return self.sender.startswith("FW")

    @property
    def to(self) -> str:
        """The number that was called."""
        return self.request.to

    def age(self, now: datetime) -> float:
        """Seconds since it was accepted."""
        return (now - self.accepted_at).total_seconds()

    def active(self, now: datetime) -> bool:
        """Whether it is going on."""
        return self.age(now) < self.life.after

    def rang(self, now: datetime) -> bool:
        """Whether the phone made itself heard, or somebody's voicemail was called."""
        dialled = self.life.answered_after is not None or self.life.ends is CallStatus.NO_ANSWER
        return dialled and self.age(now) >= 1

    def heard(self, now: datetime) -> bool:
        """Whether a person heard the text."""
        since = self.life.answered_after
        return since is not None and self.life.by == "human" and self.age(now) >= since

    def status(self, now: datetime) -> CallStatus:
        """Where it stands; a call that does not confirm ends announced, if it is taken at all."""
        if self.active(now):
            return CallStatus.ACTIVE
        if self.confirms or self.life.ends in _ENDS_UNHEARD:
            return self.life.ends
        return CallStatus.ANNOUNCED

    def end(self, now: datetime) -> None:
        """End it, if it is not over."""
        if not self.active(now):
            return
        age, since = self.age(now), self.life.answered_after
        if since is not None and since <= age:
            self.life = replace(self.life, after=age, ends=CallStatus.NO_INPUT)
        else:
            self.life = Life(CallStatus.CANCELED, age)


@dataclass(slots=True)
class Line:
    """One phone as calls see it. What it does with a call is decided when it is accepted."""

    number: str
    life: Life = PRESSES_ONE
    refuses_with: int | None = None
    """The error code the provider refuses this number with at the door."""
    calls: list[Placed] = field(default_factory=list)
    arranged: deque[Life] = field(default_factory=deque)

    def next_calls(self, *lives: Life) -> None:
        """What becomes of the next calls, one each; of those after them, `life` says it."""
        self.arranged.extend(lives)


class Calls(Answering):
    """The Caller port. `log` is the truth about what was accepted, whatever we recorded.

    `confirms` False makes it one without a published flow: calls carry no dispatch id, a second one
    to the same number is taken at once, and lists say how calls ended. Calls are known only where
    they were placed: with this `flow`, or from this `number`.
    """

    def __init__(self, clock: HandClock, *, confirms: bool = True) -> None:
        self._clock = clock
        super().__init__()
        self._by_sid: dict[str, Placed] = {}
        self.confirms = confirms
        self.flow, self.number = FLOW, OURS
        self.lines: dict[str, Line] = {}
        self.log: list[Placed] = []
        self.ended: list[str] = []
        self.list_delay = timedelta(0)
        self.refusals: list[CallRequest] = []
        self.lists_down = False
        self.requests = 0
        self.lists = 0
        self.reads = 0

    # -------------------------------------------------------------------------- arranging
    def line(self, number: str) -> Line:
        """The line with this number; made when first asked for."""
        return self.lines.setdefault(number, Line(number))

    def forget(self, sid: str) -> None:
        """The provider no longer knows a call: its data were kept for a month only."""
        self._by_sid[sid].listed_from = datetime.max.replace(tzinfo=self._clock.now().tzinfo)

    # --------------------------------------------------------------------------- the port
    @property
    def sender(self) -> str:
        """What calls are placed with: the flow, or our number."""
        return self.flow if self.confirms else self.number

    def with_sender(self, sender: str) -> Caller:
        """What was placed with that sender is listed there, and nowhere else."""
        if sender in ("", self.sender):
            return self
        earlier = copy(self)
        earlier.confirms = sender.startswith("FW")
        earlier.flow = earlier.number = sender
        return earlier

    def place_call(self, request: CallRequest, timeout: float) -> ProviderCall:
        """Start one call."""
        if timeout <= 0:
            raise DeliveryNotSent("a request needs time")
        _refuse_the_hopeless(request)
        self.requests += 1
        answer = self._answers.popleft() if self._answers else self._usual(request)
        if answer.create in (Create.ACCEPTED, Create.LOST_REPLY):
            self._refuse_a_second(request.to)
            placed = self._accept(request)
            if answer.create is Create.ACCEPTED:
                return replace(self._listed(placed), dispatch_id=self._carried(placed))
        raise _error_of(answer)

    def list_started_since(self, since: datetime) -> Iterator[ProviderCall]:
        """Everything of our sender since then, newest first."""
        for placed in self._list(since, self.log):
            yield self._listed(placed)

    def list_to(
        self,
        to: str,
        since: datetime,
        *,
        whole: bool = True,  # noqa: ARG002 - memory has no pages
    ) -> Iterator[ProviderCall]:
        """Everything to one number since then, newest first, each with what it carries."""
        for placed in self._list(since, self.line(to).calls):
            yield replace(self._listed(placed), dispatch_id=self._carried(placed))

    def outcome(self, sid: str) -> ProviderCall | None:
        """One call, once it is listed."""
        placed = self._known(sid)
        self._refuse_when_down()
        self.reads += 1
        now = self._clock.now()
        if placed is None or placed.listed_from > now:
            return None
        status, life = placed.status(now), placed.life
        taken = life.answered_after is not None and placed.age(now) >= life.answered_after
        if not status.final:
            leg = _leg(placed) if taken or not placed.confirms else ""
            carried = self._carried(placed)
            return replace(self._listed(placed), dispatch_id=carried, call_sid=leg, taken=taken)
        return replace(
            self._listed(placed),
            status=status,
            dispatch_id=self._carried(placed),
            call_sid=_leg(placed),
            answered_by=life.by,
            witness=status.value if placed.confirms else "",
            error_code=life.error_code,
            duration=None if life.answered_after is None else int(life.after - life.answered_after),
            taken=taken,
        )

    def call_details(self, call_sid: str) -> ProviderCall | None:
        """The leg of a call; nobody in memory is ever billed."""
        return next((self.outcome(x.sid) for x in self.log if _leg(x) == call_sid), None)

    def end(self, sid: str) -> None:
        """End a call that is going on."""
        placed = self._known(sid)
        self._refuse_when_down()
        self.ended.append(sid)
        if placed is not None:
            placed.end(self._clock.now())

    def blank(self, sid: str) -> None:
        """Remove what was said; a call that only announced left nothing."""
        placed = self._known(sid)
        self._refuse_when_down()
        if placed is not None and placed.confirms:
            self.forget(sid)

    def judge_call(self, error_code: int | None) -> Verdict:
        """What to do about a failed call: by Twilio's own table, so that no copy grows stale."""
        return verdict_on(error_code)

    # ----------------------------------------------------------------------------- inside
    def _usual(self, request: CallRequest) -> Answer:
        refuses_with = self.line(request.to).refuses_with
        if refuses_with is None:
            return Answer(Create.ACCEPTED)
        self.refusals.append(request)
        return Answer(Create.REJECTED, error_code=refuses_with)

    def _refuse_a_second(self, to: str) -> None:
        now = self._clock.now()
        going_on = [placed.sid for placed in self.line(to).calls if placed.active(now)]
        if self.confirms and going_on:
            raise DeliveryBusy("another call to this number", conflicting_sid=going_on[-1])

    def _accept(self, request: CallRequest) -> Placed:
        now = self._clock.now()
        line = self.line(request.to)
        placed = Placed(
            sid=f"{'FN' if self.confirms else 'CA'}{len(self.log) + 1:032x}",
            request=request,
            accepted_at=now,
            listed_from=now + self.list_delay,
            life=line.arranged.popleft() if line.arranged else line.life,
            sender=self.sender,
        )
        line.calls.append(placed)
        self.log.append(placed)
        self._by_sid[placed.sid] = placed
        return placed

    def _list(self, since: datetime, among: list[Placed]) -> Iterator[Placed]:
        self._refuse_when_down()
        self.lists += 1
        now, since = self._clock.now(), since.replace(microsecond=0)
        for placed in reversed(among):
            if placed.accepted_at < since:
                return
            if placed.listed_from <= now and placed.sender == self.sender:
                yield placed

    def _known(self, sid: str) -> Placed | None:
        if not _SID.fullmatch(sid):
            raise DeliveryRejected("not the SID of a call")
        placed = self._by_sid.get(sid)
        elsewhere = placed is not None and placed.confirms and placed.sender != self.sender
        return None if elsewhere else placed

    def _refuse_when_down(self) -> None:
        if self.lists_down:
            raise DeliveryTransient("the provider cannot be read")

    def _carried(self, placed: Placed) -> str:
        return placed.request.dispatch_id if placed.confirms else ""

    def _listed(self, placed: Placed) -> ProviderCall:
        status = placed.status(self._clock.now())
        return ProviderCall(
            sid=placed.sid,
            to=placed.to,
            status=CallStatus.ENDED if placed.confirms and status.final else status,
            created_at=placed.accepted_at.replace(microsecond=0),
            call_sid="" if placed.confirms else placed.sid,
        )


def _leg(placed: Placed) -> str:
    """The leg on the telephone network."""
    return "CA" + placed.sid[2:]


def _refuse_the_hopeless(request: CallRequest) -> None:
    if not is_e164(request.to):
        raise DeliveryRejected("no number")
    if not spoken(request.text) or len(request.text) > LONGEST_SPOKEN:
        raise DeliveryRejected("no text, or more than a call says")


def _error_of(answer: Answer) -> DeliveryError:
    code = answer.error_code
    match answer.create:
        case Create.NOT_SENT:
            return DeliveryNotSent("no connection, nothing was sent")
        case Create.BUSY:
            wait = 1.0 if answer.retry_after is None else answer.retry_after
            return DeliveryTransient(
                "too many requests",
                provider_code=TOO_MANY_REQUESTS,
                http_status=429,
                retry_after=wait,
            )
        case Create.REJECTED:
            return DeliveryRejected("refused", provider_code=code, http_status=400)
        case Create.BLOCKED:
            return blocked(code)
        case _:
            return DeliveryOutcomeUnknown("no answer")
