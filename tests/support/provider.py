"""An SMS provider in memory: what matters about Twilio, driven by the clock.

It accepts, dates by the second, lists newest first (perhaps late), and keeps a log of everything it
ever accepted. What it answers to a create can be arranged, once or in a row; without arrangement it
accepts, unless the phone is one it refuses. A message is listed `list_delay` after it was accepted,
or with `spread` at a random moment between `least_list_delay` and then.
"""

from __future__ import annotations

import random
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum, auto
from functools import cache

from ml_connector.domain.delivery import MessageStatus, ProviderMessage, SmsRequest, Verdict
from ml_connector.domain.gsm7 import segments
from ml_connector.domain.messages import LONGEST_BODY
from ml_connector.domain.phone import is_e164
from ml_connector.errors import (
    DeliveryBlocked,
    DeliveryError,
    DeliveryNotSent,
    DeliveryOutcomeUnknown,
    DeliveryRejected,
    DeliveryTransient,
)
from ml_connector.twilio.error_codes import at_create
from ml_connector.twilio.verdicts import verdict_on

from .clock import HandClock
from .phones import Phone, Text


class Create(Enum):
    """What may happen to one create."""

    ACCEPTED = auto()
    LOST_REPLY = auto()
    """Accepted, but we never hear of it: 500, a timeout, a reset connection."""
    LOST_REQUEST = auto()
    """Not accepted, and we cannot tell."""
    NOT_SENT = auto()
    """Not a byte left us."""
    BUSY = auto()
    """429."""
    REJECTED = auto()
    BLOCKED = auto()


@dataclass(frozen=True, slots=True)
class Answer:
    """What to answer to one create."""

    create: Create
    error_code: int | None = None
    retry_after: float | None = None


#: The code Twilio gives with a 429.
TOO_MANY_REQUESTS = 20429
#: The code for a message that cannot be changed before it is over.
IN_FLIGHT = 20009
#: What one segment costs.
PRICE = Decimal("0.0083")
_IN_FLIGHT = frozenset({MessageStatus.QUEUED, MessageStatus.SENDING})
_SID = re.compile(r"SM[0-9a-f]{32}")


class Answering:
    """Whoever is asked to create something, and answers the next requests as a test arranged."""

    def __init__(self) -> None:
        self._answers: deque[Answer] = deque()

    def answer_next(
        self,
        create: Create,
        *,
        times: int = 1,
        error_code: int | None = None,
        retry_after: float | None = None,
    ) -> None:
        """Arrange the answers to the next creates."""
        self._answers.extend([Answer(create, error_code, retry_after)] * times)


class Provider(Answering):
    """The Messenger port. `log` is the truth about what was accepted, whatever we recorded."""

    def __init__(self, clock: HandClock) -> None:
        self._clock = clock
        super().__init__()
        self._by_sid: dict[str, Text] = {}
        self.phones: dict[str, Phone] = {}
        self.log: list[Text] = []
        self.list_delay = timedelta(0)
        self.least_list_delay = timedelta(0)
        self.spread: random.Random | None = None
        self.refusals: list[SmsRequest] = []
        self.lists_down = False
        #: How long after accepting a message its price is known; None: never.
        self.price_delay: timedelta | None = None
        self.requests = 0
        self.lists = 0
        #: Of each list to one number, whether all of it was wanted.
        self.read_whole: list[bool] = []
        self.fetches = 0
        self.blanks = 0
        self.blanked: set[str] = set()

    # -------------------------------------------------------------------------- arranging
    def phone(self, number: str) -> Phone:
        """The phone with this number; made when first asked for."""
        return self.phones.setdefault(number, Phone(number))

    # ------------------------------------------------------------------------ the port
    def send_sms(self, request: SmsRequest, timeout: float) -> ProviderMessage:
        """Create one message."""
        if timeout <= 0:
            raise DeliveryNotSent("a request needs time")
        _refuse_the_hopeless(request)
        self.requests += 1
        answer = self._answers.popleft() if self._answers else self._usual(request)
        if answer.create in (Create.ACCEPTED, Create.LOST_REPLY):
            text = self._accept(request)
            if answer.create is Create.ACCEPTED:
                return self._shown(text)
        raise _error_of(answer)

    def list_created_since(self, since: datetime) -> Iterator[ProviderMessage]:
        """Everything of our sender since then, newest first."""
        return self._list(since, None)

    def list_to(self, to: str, since: datetime, *, whole: bool = True) -> Iterator[ProviderMessage]:
        """Everything to one number since then, newest first."""
        self.read_whole.append(whole)
        return self._list(since, to)

    def fetch(self, sid: str) -> ProviderMessage | None:
        """One message, once it is listed."""
        if not _SID.fullmatch(sid):
            raise DeliveryRejected("not a message SID")
        self._refuse_when_down()
        self.fetches += 1
        text = self._by_sid.get(sid)
        return self._shown(text) if text and text.listed_from <= self._clock.now() else None

    def blank(self, sid: str) -> None:
        """Remove the text of a message that is over, from lists; phones keep it."""
        if not _SID.fullmatch(sid):
            raise DeliveryRejected("not a message SID")
        self._refuse_when_down()
        self.blanks += 1
        text = self._by_sid.get(sid)
        if text is None:
            return
        if text.status(self._clock.now()) in _IN_FLIGHT:
            raise DeliveryRejected("the message is on its way", provider_code=IN_FLIGHT)
        self.blanked.add(sid)

    def judge(self, error_code: int | None) -> Verdict:
        """What to do about a failed message: by Twilio's own table, so that no copy grows stale."""
        return verdict_on(error_code)

    # ------------------------------------------------------------------------ inside
    def _usual(self, request: SmsRequest) -> Answer:
        refuses_with = self.phone(request.to).refuses_with
        if refuses_with is None:
            return Answer(Create.ACCEPTED)
        self.refusals.append(request)
        return Answer(Create.REJECTED, error_code=refuses_with)

    def _accept(self, request: SmsRequest) -> Text:
        now = self._clock.now()
        phone = self.phone(request.to)
        text = Text(
            sid=f"SM{len(self.log) + 1:032x}",
            to=request.to,
            body=request.body,
            accepted_at=now,
            listed_from=now + self._list_delay(),
            life=phone.life,
        )
        phone.texts.append(text)
        self.log.append(text)
        self._by_sid[text.sid] = text
        return text

    def _list_delay(self) -> timedelta:
        if self.spread is None:
            return self.list_delay
        return self.least_list_delay + (
            (self.list_delay - self.least_list_delay) * self.spread.random()
        )

    def _list(self, since: datetime, to: str | None) -> Iterator[ProviderMessage]:
        self._refuse_when_down()
        self.lists += 1
        now, since = self._clock.now(), since.replace(microsecond=0)
        among = self.phone(to).texts if to else self.log
        for text in reversed(among):
            if text.accepted_at < since:
                return
            if text.listed_from <= now:
                yield self._shown(text)

    def _refuse_when_down(self) -> None:
        if self.lists_down:
            raise DeliveryTransient("the list cannot be had")

    def _shown(self, text: Text) -> ProviderMessage:
        turn, parts = text.turn(self._clock.now()), _parts(text.body)
        delay = self.price_delay
        billed = delay is not None and text.accepted_at + delay <= self._clock.now()
        return ProviderMessage(
            sid=text.sid,
            to=text.to,
            status=turn.status,
            created_at=text.accepted_at.replace(microsecond=0),
            body="" if text.sid in self.blanked else text.body,
            error_code=turn.error_code,
            segments=parts,
            price=-PRICE * parts if billed else None,
            price_unit="USD" if billed else "",
        )


@cache
def _parts(body: str) -> int:
    return segments(body).parts


def _refuse_the_hopeless(request: SmsRequest) -> None:
    is_text = request.body == request.body.encode(errors="replace").decode()
    if not is_text or not request.body.strip() or len(request.body) > LONGEST_BODY:
        raise DeliveryRejected("no text, or more than a message holds")
    if not is_e164(request.to):
        raise DeliveryRejected("no number")


def blocked(code: int | None) -> DeliveryBlocked:
    """A refusal until an operator acts: by Twilio's own table, of the account or of a channel."""
    error = DeliveryBlocked("account", provider_code=code, http_status=401)
    error.account = at_create(code, 401).account
    return error


def _error_of(answer: Answer) -> DeliveryError:
    match answer.create:
        case Create.NOT_SENT:
            return DeliveryNotSent("no connection, nothing was sent")
        case Create.BUSY:
            return DeliveryTransient(
                "too many requests",
                provider_code=TOO_MANY_REQUESTS,
                http_status=429,
                retry_after=1.0 if answer.retry_after is None else answer.retry_after,
            )
        case Create.REJECTED:
            return DeliveryRejected("refused", provider_code=answer.error_code, http_status=400)
        case Create.BLOCKED:
            return blocked(answer.error_code)
        case _:
            return DeliveryOutcomeUnknown("no answer")
