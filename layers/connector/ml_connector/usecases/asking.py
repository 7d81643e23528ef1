"""What the provider says about what was sent: its lists first, then one by one what they left out.

One list call per thousand. Those that no list showed, and calls that are over, whose list does not
say how, are asked for by themselves, oldest first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import TypeAlias

from ml_connector.domain.delivery import CallStatus, Sending
from ml_connector.domain.dispatches import Dispatch
from ml_connector.domain.fairness import in_turn
from ml_connector.domain.instants import seconds
from ml_connector.domain.pricing import awaits_price
from ml_connector.errors import DeliveryError

from .steps import DispatchPorts

#: One list page of the provider.
PAGE = 1000

#: Messages that no list page showed are asked for one by one, no more than this many a run.
STRAGGLERS = 50

#: No more pages than this are read a run: where other traffic fills the lists, single reads and
#: the next runs find the rest.
MOST_PAGES = 20

#: By the provider's id; None for what it does not know. Without an entry: not to be told now.
Shown: TypeAlias = dict[str, Sending | None]


class Asking:
    """One run's questions, until `end`.

    Where the run is `crowded`, others are due that it does not look at: what the lists say of their
    ends is kept for when it is their turn.
    """

    def __init__(self, ports: DispatchPorts, end: datetime, *, crowded: bool) -> None:
        self._ports = ports
        self._end = end
        self._crowded = crowded
        self.trouble: list[str] = []

    def texts(self, sent: Sequence[Dispatch]) -> Shown:
        """What the provider says about texts."""
        messenger = self._ports.messenger
        answers = _Answers(sent, lambda _: False)
        return self._ask(
            sent, answers, messenger.list_created_since, lambda each: messenger.fetch(each.sid)
        )

    def calls(self, sent: Sequence[Dispatch]) -> Shown:
        """The same about calls: the list says which are over, each of those says how it ended.

        What another sender placed before the secret was changed is in no list, and asked for there.
        """
        caller = self._ports.caller
        answers = _Answers(sent, lambda call: call.status is not CallStatus.ACTIVE)

        def outcome(call: Dispatch) -> Sending | None:
            return caller.with_sender(call.sender).outcome(call.sid)

        return self._ask(sent, answers, caller.list_started_since, outcome)

    def _ask(
        self,
        sent: Sequence[Dispatch],
        answers: _Answers,
        listing: Callable[[datetime], Iterator[Sending]],
        fetch: Callable[[Dispatch], Sending | None],
    ) -> Shown:
        self._remember(sent, answers)
        try:
            if answers.missing:
                self._read_lists(listing(self._since(sent, answers)), answers)
            self._read_each(sent, answers, fetch)
        except DeliveryError as error:
            self.trouble.append(error.code)
            self._ports.telemetry.warning("list_failed", code=error.code, reason=error.safe_message)
        return answers.shown

    def _remember(self, sent: Sequence[Dispatch], answers: _Answers) -> None:
        """What earlier lists showed is not asked for again, unless it was without its price."""
        for dispatch in sent:
            ended = self._ports.ends.take(dispatch.sid)
            if ended and not awaits_price(dispatch):
                answers.note(ended)

    def _read_lists(self, listed: Iterator[Sending], answers: _Answers) -> None:
        for count, one in enumerate(listed, start=1):
            if not answers.note(one) and self._crowded:
                self._ports.ends.keep(one)
            missing, read = answers.missing, count // PAGE
            if not missing or (count % PAGE == 0 and not self._worth_a_page(read, missing)):
                return

    def _read_each(
        self,
        sent: Sequence[Dispatch],
        answers: _Answers,
        fetch: Callable[[Dispatch], Sending | None],
    ) -> None:
        unseen = sorted((x for x in sent if x.sid not in answers.shown), key=_urgency)
        unseen = sorted(in_turn(unseen, whose), key=awaits_price)
        for dispatch in unseen[: STRAGGLERS + len(answers.single)]:
            if self._ports.clock.now() >= self._end:
                return
            answers.shown[dispatch.sid] = fetch(dispatch)

    def _worth_a_page(self, read: int, missing: int) -> bool:
        """A page costs what one single read does; without end none are read."""
        return read < min(missing, MOST_PAGES) and self._ports.clock.now() < self._end

    def _since(self, sent: Sequence[Dispatch], answers: _Answers) -> datetime:
        """Before the oldest of which nothing is known yet."""
        oldest = min(_sent_at(x) for x in sent if not answers.knows(x.sid))
        return oldest - seconds(self._ports.timings.list_lookback)


class _Answers:
    """What is known so far of what is asked about."""

    def __init__(self, sent: Sequence[Dispatch], to_be_read: Callable[[Sending], bool]) -> None:
        self._wanted = {dispatch.sid for dispatch in sent}
        self._to_be_read = to_be_read
        self.shown: Shown = {}
        self.single: set[str] = set()

    def note(self, one: Sending) -> bool:
        """Take note of what a list shows; false where nobody asked about it."""
        if one.sid not in self._wanted:
            return False
        if self._to_be_read(one):
            self.single.add(one.sid)
        else:
            self.shown[one.sid] = one
        return True

    def knows(self, sid: str) -> bool:
        """Whether a list showed it."""
        return sid in self.shown or sid in self.single

    @property
    def missing(self) -> int:
        """How many no list showed yet."""
        return len(self._wanted) - len(self.shown) - len(self.single)


def whose(dispatch: Dispatch) -> tuple[str, str]:
    """Whose turn it takes."""
    return dispatch.company, dispatch.recipient


def _urgency(dispatch: Dispatch) -> tuple[bool, datetime]:
    """What became of a dispatch comes before what it cost, and the oldest first."""
    return awaits_price(dispatch), _sent_at(dispatch)


def _sent_at(dispatch: Dispatch) -> datetime:
    return dispatch.claimed_at or dispatch.created_at
