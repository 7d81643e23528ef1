"""One random history of plans: texts and calls, later steps, repetitions, managers, and storms.

What a campaign of plain texts cannot show: that no step of a plan is dropped without a word in the
audit, that no call is placed while another of the same alert goes on, and that confirmed is what
somebody's key press confirmed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

from ml_connector.domain.cases import Alert, Case, CaseState, StopReason
from ml_connector.domain.delivery import CallStatus
from ml_connector.domain.dispatches import DispatchState
from ml_connector.domain.flows import parse
from tests.support.calls import (
    CANNOT_BE_CONNECTED,
    GETS_STUCK,
    HANGS_UP,
    IS_BUSY,
    IS_OVER_IN_THREE_SECONDS,
    IS_VOICEMAIL,
    NOBODY_ANSWERS,
    PRESSES_ONE,
    PRESSES_TWO,
    Placed,
)
from tests.support.memory_store import MemoryFlowStore
from tests.support.phones import Text
from tests.support.world import COMPANIES

from .history import History, Weather, for_a_thousand

LIVES = (
    PRESSES_ONE,
    PRESSES_TWO,
    NOBODY_ANSWERS,
    IS_BUSY,
    IS_VOICEMAIL,
    HANGS_UP,
    IS_OVER_IN_THREE_SECONDS,
    CANNOT_BE_CONNECTED,
    GETS_STUCK,
)
CHANNELS = (("sms",), ("voice",), ("sms", "voice"), ("sms", "voice"))

#: A plan is at rest when nothing of it is left: longer than the longest plan below.
LONGEST_REST = timedelta(hours=60)


@dataclass(slots=True)
class PlanVerdict:
    """What is wrong with a history of plans; nothing, when everything is zero."""

    cases: int = 0
    calls: int = 0
    texts: int = 0
    dropped: list[str] = field(default_factory=list)
    """Steps that neither began nor were left out with a reason."""
    twice: list[str] = field(default_factory=list)
    """Alerts with two accepted creates and no failure of the first in between."""
    loose: list[str] = field(default_factory=list)
    """Alerts and cases that are neither done nor looked at any more."""
    untrue: list[str] = field(default_factory=list)
    """Cases confirmed by nobody, or confirmed and not said to be."""
    unheard: list[str] = field(default_factory=list)
    """Bills that somebody said are not theirs, and that nobody else was told of; or they again."""
    broken: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Whether nothing is wrong."""
        return not any(getattr(self, name) for name in self.wrongs)

    @property
    def wrongs(self) -> tuple[str, ...]:
        """The names of everything that may be wrong."""
        return ("dropped", "twice", "loose", "untrue", "unheard", "broken")

    def add(self, other: PlanVerdict) -> None:
        """Count another history in."""
        self.cases += other.cases
        self.calls += other.calls
        self.texts += other.texts
        for name in self.wrongs:
            getattr(self, name).extend(getattr(other, name))


class PlanHistory(History):
    """One run of the world under one seed, with a random plan for each approver's bills."""

    def __init__(self, seed: int, weather: Weather) -> None:
        super().__init__(seed, weather)
        world = self.world
        flow = parse(self._flow(), 1)
        world.poll_ports = replace(world.poll_ports, flows=MemoryFlowStore(flow))
        for name in self.natures:
            other = self.random.choice(sorted(self.natures))
            world.change_approver(
                name, channels=self.random.choice(CHANNELS), manager="" if other == name else other
            )
            line = world.calls.line(world.approvers.people[name].phone)
            line.life = self.random.choice(LIVES)
        world.calls.confirms = self.random.random() < 0.8
        world.calls.list_delay = timedelta(seconds=self.random.uniform(0, weather.list_delay))

    def _flow(self) -> Mapping[str, Any]:
        rules = [
            for_a_thousand(
                place, [self._step(first=number == 0) for number in range(self._steps())]
            )
            for place in range(self.weather.people)
        ]
        return {"schema": 1, "companies": COMPANIES, "default_approver": "p0", "rules": rules}

    def _steps(self) -> int:
        return self.random.randint(1, 4)

    def _step(self, *, first: bool) -> dict[str, Any]:
        chance = self.random
        words: dict[str, Any] = {"to": chance.choice(("approver", "approver", "manager", "p1"))}
        if not first and chance.random() < 0.8:
            words["after"] = chance.choice((60, 600, 1800, 7200))
            if chance.random() < 0.6:
                words["unless"] = chance.choice(("confirmed", "acknowledged"))
        if chance.random() < 0.2:
            words |= {"repeat": chance.choice((900, 3600)), "at_most": chance.randint(2, 4)}
            words["until"] = chance.choice(("handled", "confirmed"))
        if chance.random() < 0.5:
            return {"sms": words}
        words |= {"confirm": chance.random() < 0.8, "attempts": chance.randint(1, 3)}
        return {"voice": words}

    def run(self) -> None:
        """The storm and the calm, and then until every plan has come to its end."""
        super().run()
        rest = self.world.clock.now()
        while self.world.clock.now() < rest + LONGEST_REST and not self._still():
            self.world.run(minutes=20)

    def _still(self) -> bool:
        tables = self.world.tables
        if any(case.look_at for case in tables.cases.values()):
            return False
        return not any(
            not dispatch.state.settled and not self._silent(dispatch.sid)
            for dispatch in tables.dispatches.values()
        )

    def _silent(self, sid: str) -> bool:
        """Whether it is a text whose carrier never says more."""
        text = next((text for text in self.world.provider.log if text.sid == sid), None)
        return text is not None and text.final_at() is None


def judge(history: PlanHistory, name: str) -> PlanVerdict:
    """Look for what may not be."""
    world = history.world
    verdict = PlanVerdict(len(world.tables.cases), len(world.calls.log), len(world.provider.log))
    for case in world.tables.cases.values():
        mark = f"{name}:{case.document}"
        alerts = list(world.tables.alerts[case.id].values())
        if not case.state.ended and not _put_off(history, alerts):
            verdict.dropped += [f"{mark} step {step}" for step in _dropped(history, case, alerts)]
        verdict.loose += [f"{mark} {alert.id}" for alert in alerts if _loose(history, case, alert)]
        for alert in alerts:
            if _twice(history, alert):
                verdict.twice.append(f"{mark} {alert.id}")
        if case.look_at and not case.state.ended:
            verdict.loose.append(f"{mark} looked at {case.look_at}")
        if not _true(history, case, alerts):
            verdict.untrue.append(mark)
        verdict.unheard += [f"{mark} {why}" for why in _unheard(history, case, alerts)]
    verdict.broken = [f"{name}:{link.chain}" for link in world.broken_chains()]
    return verdict


def _put_off(history: PlanHistory, alerts: list[Alert]) -> bool:
    """Whether a throttle still holds something back, and with it what comes after."""
    dispatches = history.world.tables.dispatches
    newest = (dispatches[alert.dispatch] for alert in alerts if alert.dispatch)
    return any(dispatch.state is DispatchState.WAITING for dispatch in newest)


def _dropped(history: PlanHistory, case: Case, alerts: list[Alert]) -> list[int]:
    data: list[Any] = [e.data for e in history.world.audit.chain(case.chain)]
    left_out = {step["step"] for entry in data for step in entry.get("left_out", [])}
    begun = {alert.step for alert in alerts}
    begun |= {told["step"] for entry in data for told in _told(entry) if "stopped" in told}
    return [n for n in range(1, len(case.plan) + 1) if n not in begun | left_out]


def _told(entry: Any) -> Iterator[Any]:
    """What an entry says of each step that was begun, or that nobody is left for."""
    alerts = entry.get("alerts", ())
    yield from alerts if isinstance(alerts, list) else ()


def _loose(history: PlanHistory, case: Case, alert: Alert) -> bool:
    """Whether an alert just ended somewhere: nothing sent, nothing to come, and no reason."""
    if case.state.ended or alert.stop_reason:
        return False
    dispatch = history.world.tables.dispatches[alert.dispatch]
    done = {
        DispatchState.WAITING,
        DispatchState.DELIVERED,
        DispatchState.CONFIRMED,
        DispatchState.UNCONFIRMED,
        DispatchState.SENT,
    }
    # A call that was answered with no key after somebody else confirmed is not placed again.
    confirmed = case.state is CaseState.CONFIRMED
    return dispatch.state not in done and not confirmed


def _twice(history: PlanHistory, alert: Alert) -> bool:
    world = history.world
    sids = {
        dispatch.id
        for dispatch in world.tables.dispatches.values()
        if any(member.alert_id == alert.id for member in dispatch.members)
    }
    calls = [call for call in world.calls.log if call.request.dispatch_id in sids]
    # Of those that were claimed: another's text may have the reference of one that never was.
    claimed = (d for d in world.tables.dispatches.values() if d.to)
    owners = {d.reference for d in claimed if d.id in sids}
    # One recorded for another dispatch is that one's: references come twice now and then.
    mine = sids | {None}
    texts = [text for text in world.provider.log if text.body[-4:] in owners]
    texts = [text for text in texts if world.tables.sids.get(text.sid) in mine]
    texts = [text for text in texts if _to_recipient(history, alert, text)]
    again = any(not _over_without(first, second) for first, second in pairwise(calls))
    return again or any(not first.failed(second.accepted_at) for first, second in pairwise(texts))


def _to_recipient(history: PlanHistory, alert: Alert, text: Text) -> bool:
    return text.to == history.world.approvers.people[alert.recipient].phone


def _over_without(first: Placed, second: Placed) -> bool:
    """Whether the first call was over, and nobody had said yes or no to it."""
    status = first.status(second.accepted_at)
    return status.final and status not in (CallStatus.CONFIRMED, CallStatus.DECLINED)


def _true(history: PlanHistory, case: Case, alerts: list[Alert]) -> bool:
    world = history.world
    ids = {alert.id for alert in alerts}
    confirmed = any(
        dispatch.state is DispatchState.CONFIRMED
        and any(member.alert_id in ids for member in dispatch.members)
        for dispatch in world.tables.dispatches.values()
    )
    if case.state.ended:
        return True
    return confirmed == (case.state is CaseState.CONFIRMED)


def _unheard(history: PlanHistory, case: Case, alerts: list[Alert]) -> Iterator[str]:
    """What is wrong about those who pressed 2, told from the audit and the alerts alone."""
    chain = list(history.world.audit.chain(case.chain))
    declined = {one.data["dispatch"]: one.at for one in chain if one.kind == "dispatch.declined"}
    said_no = {
        alert.recipient: (alert, declined[alert.dispatch])
        for alert in alerts
        if alert.stop_reason is StopReason.DECLINED and alert.dispatch in declined
    }
    for who, (first, at) in said_no.items():
        later = [one for one in alerts if one.created_at > first.created_at]
        if any(one.recipient == who and one.created_at > at for one in later):
            yield f"{who} was told again"
        if case.state.ended or case.state is CaseState.CONFIRMED:
            continue
        nobody = any(one.at >= at and "nobody else" in str(one.data) for one in chain)
        if not nobody and all(one.recipient in said_no for one in later):
            yield f"nobody but {who}"


def campaign(seeds: range, weather: Weather | None = None) -> PlanVerdict:
    """Run one history per seed, and judge them all."""
    total = PlanVerdict()
    for seed in seeds:
        history = PlanHistory(seed, weather or Weather(bills=(3, 10)))
        history.run()
        total.add(judge(history, str(seed)))
    return total
