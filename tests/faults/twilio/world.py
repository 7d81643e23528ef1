"""Processes and time: who works, who sleeps, who is killed, and when the clock moves on.

The clock stands still while any worker works, and moves to the next thing to happen once all of
them sleep or wait for work. A function whose time is over is killed before the clock reaches that
moment, whatever it is doing.
"""

from __future__ import annotations

import heapq
import itertools
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from multiprocessing.connection import Connection, wait

from ml_connector.errors import ConnectorError
from sandbox.twilio.admin import TwilioAdmin
from tests.support.clock import START
from tests.support.faults import label
from tests.support.world import SEND_TIMEOUT, STATUS_TIMEOUT

from .clock import SharedClock
from .desk import Desk
from .line import Ask, Failure
from .nursery import Nursery
from .points import Caller, Kill
from .worker import Job, Office

#: Workers alive at the same time.
HANDS = 5
#: Messages handed out together: the more, the more often they come again because of one death.
BATCH = 3
#: How often the company is polled, and how far apart status checks begin, seconds.
POLL_EVERY = 240.0
CHECK_EVERY = (20.0, 60.0)
#: How long an account is suspended, seconds.
SUSPENDED = (20.0, 200.0)
#: A poll that was asked for begins within this.
STARTS_WITHIN = 2.0
#: Two checks overlap now and then: a schedule fires at least once.
SECOND_CHECK = 0.25
#: An answer of a worker or of the simulated Twilio that takes longer than this is none, real time.
STUCK_SECONDS = 60.0
LOOK_EVERY = 0.02
CREATES = ("messages.create", "executions.create")


@dataclass(slots=True)
class Hand:
    """A worker's process. `wake_at` and `deadline` in seconds of the campaign's clock."""

    pid: int
    connection: Connection
    caller: Caller = field(default_factory=Caller)
    idle: bool = False
    wake_at: float | None = None
    on_wake: Callable[[], None] | None = None
    deadline: float | None = None

    @property
    def busy(self) -> bool:
        """Whether it works, so that time has to stand still."""
        return not self.idle and self.wake_at is None


class Stuck(Exception):
    """The campaign itself does not get on; nothing it says can be trusted."""


class World:
    """Everything that happens in one epoch."""

    def __init__(self, desk: Desk, office: Office, admin: TwilioAdmin) -> None:
        self._desk = desk
        self._nursery = Nursery(office)
        self._admin = admin
        self._clock: SharedClock = office.clock
        self._dice: random.Random = desk.dice
        self._hands: list[Hand] = []
        self._events: list[tuple[float, int, Callable[[], object]]] = []
        self._order = itertools.count()
        self._checks = 0
        self._read_to = 0
        self._done: Counter[str] = Counter()
        """POSTs Twilio is done with, by the number called or texted; read as far as needed."""
        self.killed = 0
        self.ran_out = 0

    # ------------------------------------------------------------------------------ an epoch
    def live(self) -> None:
        """Let everything happen until nothing more does."""
        nature = self._desk.nature
        last = max(run.approve_at or run.submit_at for run in self._desk.runs.values())
        self._clock.move_to(0.0)
        self._desk.poll()
        for run in self._desk.runs.values():
            self._submit_and_approve(run.bill, run.amount, run.submit_at, run.approve_at)
        least = last + max(2 * POLL_EVERY, nature.lingers)
        self._every(POLL_EVERY, self._desk.poll)
        if self._dice.random() < nature.suspended:
            self._at(self._dice.uniform(0, last), self._suspend)
        self._tick()
        try:
            while not self._over(least, nature.horizon):
                self._hand_out()
                if any(hand.busy for hand in self._hands):
                    self._listen()
                else:
                    self._let_time_pass()
        finally:
            while self._hands:
                self._end(self._hands[-1])
            self._nursery.close()

    def _over(self, least: float, horizon: float) -> bool:
        now = self._clock.monotonic()
        if now >= horizon:
            return True
        still = all(hand.idle for hand in self._hands)
        return still and now > least and self._desk.settled()

    def _submit_and_approve(
        self, bill: str, amount: str, submit_at: float, approve_at: float | None
    ) -> None:
        self._at(submit_at, lambda: self._desk.ledger.submit(bill, amount=amount))
        if approve_at is not None:
            self._at(approve_at, lambda: self._desk.ledger.approve(bill))

    def _at(self, when: float, what: Callable[[], object]) -> None:
        heapq.heappush(self._events, (when, next(self._order), what))

    def _every(self, seconds: float, what: Callable[[], None]) -> None:
        def again() -> None:
            what()
            self._every(seconds, what)

        self._at(self._clock.monotonic() + seconds, again)

    def _suspend(self) -> None:
        """Nothing works at Twilio until the account is opened again."""
        fault = self._admin.fault("suspended", count=None)
        self._at(self._clock.monotonic() + self._dice.uniform(*SUSPENDED), fault.lift)

    def _tick(self) -> None:
        """A status check is due, or two; and the next tick comes."""
        self._checks += 2 if self._dice.random() < SECOND_CHECK else 1
        self._at(self._clock.monotonic() + self._dice.uniform(*CHECK_EVERY), self._tick)

    # ---------------------------------------------------------------------------------- work
    def _hand_out(self) -> None:
        """Give what is to be done to whoever is free, and hire as long as that is not enough."""
        while self._checks or self._anything_visible():
            hand = next((one for one in self._hands if one.idle), None)
            if hand is None:
                if len(self._hands) == HANDS:
                    return
                self._hire()
                return
            if self._checks:
                self._checks -= 1
                self._start(hand, Caller(), Job(timeout=STATUS_TIMEOUT))
                continue
            most = 1 if self._desk.nature.crowded else self._dice.randint(1, BATCH)
            batch = self._desk.queue.receive(most)
            if batch:
                messages = tuple((one.number, one.body) for one in batch)
                caller = Caller({one.number: one for one in batch})
                self._start(hand, caller, Job(messages, SEND_TIMEOUT))

    def _anything_visible(self) -> bool:
        visible = self._desk.queue.next_visible()
        return visible is not None and visible <= self._clock.now()

    def _start(self, hand: Hand, caller: Caller, job: Job) -> None:
        hand.caller = caller
        hand.deadline = self._clock.monotonic() + job.timeout
        self._reply(hand, job)

    def _hire(self) -> None:
        self._hands.append(Hand(*self._nursery.hire(self._dice.getrandbits(32))))

    def _end(self, hand: Hand) -> None:
        """Kill it, and wait until it is dead: then its end of the line is closed."""
        os.kill(hand.pid, signal.SIGKILL)
        with suppress(EOFError, OSError):
            while True:
                hand.connection.recv()
        self._forget(hand)

    def _forget(self, hand: Hand) -> None:
        hand.connection.close()
        self._hands.remove(hand)

    def _lost(self, hand: Hand) -> None:
        self._desk.broken.append("a worker ended by itself")
        self._forget(hand)

    # ------------------------------------------------------------------------------ requests
    def _listen(self) -> None:
        connections = [hand.connection for hand in self._hands if hand.busy]
        ready = wait(connections, timeout=STUCK_SECONDS)
        if not ready:
            raise Stuck("no worker says anything")
        for hand in [one for one in self._hands if one.connection in ready]:
            try:
                ask = hand.connection.recv()
            except (EOFError, OSError):
                self._lost(hand)
            else:
                self._attend(hand, ask)

    def _attend(self, hand: Hand, ask: Ask) -> None:
        match ask.what:
            case "said":
                self._desk.said.append(ask.arguments)
            case "counted":
                self._desk.metrics[ask.arguments[0]] += int(ask.arguments[1])
            case "broken":
                self._desk.broken.append(ask.arguments[0])
            case "sleep":
                self._sleep(hand, ask.arguments[0], lambda: self._reply(hand, None))
            case "next":
                hand.idle, hand.deadline = True, None
            case _:
                self._stall_or_serve(hand, ask)

    def _stall_or_serve(self, hand: Hand, ask: Ask) -> None:
        """Now and then a process stands still on its way to the store, or back, or is killed."""
        pause = self._pause(ask)
        if ask.what == "call" and self._dice.random() < self._desk.nature.killed:
            self._kill_around(hand, ask)
        elif not pause:
            self._serve(hand, ask)
        elif self._desk.nature.crowded or self._dice.random() < 0.5:
            self._sleep(hand, pause, lambda: self._serve(hand, ask))
        else:
            self._serve(hand, ask, pause)

    def _kill_around(self, hand: Hand, ask: Ask) -> None:
        """Before what it asks for is done, or after it."""
        if self._dice.random() < 0.5:
            with suppress(Kill, ConnectorError):
                self._desk.answer(hand.caller, ask.what, ask.arguments)
        self.killed += 1
        self._end(hand)

    def _pause(self, ask: Ask) -> float:
        nature = self._desk.nature
        if ask.what != "call" or ask.arguments[1] != "commit":
            return 0.0
        if nature.crowded:
            return 0.5 if label(ask.arguments[2][0]) == "dispatch.claimed" else 0.0
        stalled = self._dice.random() < nature.stalled
        return self._dice.uniform(0, nature.longest_stall) if stalled else 0.0

    def _serve(self, hand: Hand, ask: Ask, pause: float = 0.0) -> None:
        try:
            answer = self._desk.answer(hand.caller, ask.what, ask.arguments)
        except Kill:
            self.killed += 1
            self._end(hand)
            return
        except ConnectorError as error:
            answer = Failure.of(error)
        if pause:
            self._sleep(hand, pause, lambda: self._reply(hand, answer))
        else:
            self._reply(hand, answer)

    def _reply(self, hand: Hand, answer: object) -> None:
        hand.idle = False
        try:
            hand.connection.send(answer)
        except OSError:
            self._lost(hand)

    # ---------------------------------------------------------------------------------- time
    def _sleep(self, hand: Hand, seconds: float, then: Callable[[], None]) -> None:
        hand.wake_at = self._clock.monotonic() + max(seconds, 0.0)
        hand.on_wake = then

    def _let_time_pass(self) -> None:
        """On to the next thing to happen."""
        now = self._clock.monotonic()
        if self._desk.asked_for_poll:
            self._desk.asked_for_poll = False
            self._at(now + STARTS_WITHIN, self._desk.poll)
        instants = [self._events[0][0]]
        instants += [hand.wake_at for hand in self._hands if hand.wake_at is not None]
        instants += [hand.deadline for hand in self._hands if hand.deadline is not None]
        visible = self._desk.queue.next_visible()
        if visible is not None and visible > self._clock.now():
            instants.append(_seconds(visible))
        target = max(now, min(instants))
        self._wait_for_twilio(target)
        for hand in [one for one in self._hands if one.deadline and one.deadline <= target]:
            self.ran_out += 1
            self._end(hand)
        self._clock.move_to(target)
        while self._events and self._events[0][0] <= target:
            heapq.heappop(self._events)[2]()
        for hand in [x for x in self._hands if x.wake_at is not None and x.wake_at <= target]:
            then, hand.wake_at, hand.on_wake = hand.on_wake, None, None
            if then:
                then()

    def _wait_for_twilio(self, target: float) -> None:
        """What is still on its way to Twilio arrives there before it is too late for the lists."""
        late = self._desk.late
        patience = time.monotonic() + STUCK_SECONDS
        while any(one.until < target for one in late.values()):
            for request in self._admin.requests(self._read_to):
                self._read_to = request.seq
                self._done[request.recipient] += request.endpoint in CREATES
            for number in [x for x in late if self._done[x] >= late[x].number]:
                del late[number]
            if time.monotonic() > patience:
                raise Stuck("the simulated Twilio lost a request")
            if late:
                time.sleep(LOOK_EVERY)


def _seconds(instant: datetime) -> float:
    return (instant - START).total_seconds()
