"""Daily lists through random weeks, crashes and clocks that jump: one each, and never a night."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_connector.domain.cases import Case
from ml_connector.usecases.poll import poll_company
from tests.support.faults import Fault
from tests.support.lists import CHICAGO, TEXT, flow, list_cases, lists, times, until, world_at
from tests.support.world import COMPANY, EACH_ALONE, World, number

EVERY_DAY = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
PEOPLE = ("ann", "bob", "cho")
QUIET = {"20:00-08:00": (20, 8), "22:00-10:00": (22, 10), "00:00-21:00": (0, 21), "": (0, 0)}
ZONES = ("America/Chicago", "Europe/Berlin", "Australia/Sydney", "")


def three_people(begin: str) -> World:
    """Ann, Bob and Cho are told of every bill; each text is about one bill."""
    steps = [{"sms": {"to": who}} for who in PEOPLE]
    world = world_at(
        begin, flow(*steps, daily_list={"at": "08:00", "days": EVERY_DAY}), timings=EACH_ALONE
    )
    for place, who in enumerate(PEOPLE[1:], start=2):
        world.approver(who, number(place))
    return world


# ------------------------------------------------------------------------- random weeks
person = st.fixed_dictionaries(
    {
        "quiet_hours": st.sampled_from(sorted(QUIET)),
        "working_days": st.sampled_from(((), ("mon", "tue", "wed", "thu", "fri"), ("tue", "sat"))),
        "zone": st.sampled_from(ZONES),
    }
)
DAYS = 4
MINUTES = DAYS * 24 * 60


@settings(max_examples=8, deadline=None)
@given(
    begin=st.sampled_from(("2026-11-25T03:00", "2027-03-12T16:00", "2027-11-05T16:00")),
    hours=st.tuples(person, person, person),
    bills=st.lists(
        st.tuples(st.integers(0, MINUTES - 600), st.integers(60, MINUTES)), min_size=1, max_size=5
    ),
)
def test_in_random_weeks_each_waiting_bill_is_on_one_list_a_day_of_everybody_who_was_told(
    begin: str, hours: tuple[dict[str, Any], ...], bills: list[tuple[int, int]]
) -> None:
    world = three_people(begin)
    for who, own in zip(PEOPLE, hours, strict=True):
        world.change_approver(who, **own)
    start = world.clock.now()
    happens = sorted(
        (at, act, str(4000 + place))
        for place, (submitted, lasts) in enumerate(bills)
        for at, act in ((submitted, "submit"), (submitted + lasts, "approve"))
        if at < MINUTES
    )
    approved: dict[str, datetime] = {}
    for at, act, name in happens:
        world.run_until(start + timedelta(minutes=at))
        if act == "submit":
            world.ledger.submit(name)
        else:
            world.ledger.approve(name)
            approved[name] = world.clock.now()
    world.run_until(start + timedelta(minutes=MINUTES))
    for place, (who, own) in enumerate(zip(PEOPLE, hours, strict=True), start=1):
        judge = Judge(world, who, number(place), own, approved)
        judge.look(start, world.clock.now())
    assert not world.broken_chains()


class Judge:
    """What one person should have got, reckoned from the texts on their phone alone."""

    def __init__(
        self,
        world: World,
        who: str,
        phone: str,
        own: dict[str, Any],
        approved: dict[str, datetime],
    ) -> None:
        self.wall = ZoneInfo(str(own["zone"]) or "America/Chicago")
        self.quiet = QUIET[str(own["quiet_hours"])]
        self.days = own["working_days"] or EVERY_DAY
        self.approved = approved
        self.cases = [case for case in list_cases(world) if case.document == f"list#{who}"]
        self.texts = lists(world, phone)
        self.told: dict[str, datetime] = {}
        for text in world.provider.log:
            if text.to == phone and ", bill " in text.body:
                name = text.body.split(", bill ")[1][:4]
                self.told.setdefault(name, text.accepted_at)

    def look(self, start: datetime, end: datetime) -> None:
        by_day = Counter(one.opened_at.astimezone(self.wall).date() for one in self.cases)
        assert set(by_day.values()) <= {1}, "nobody gets two of a day"
        for text in self.texts:
            assert self.may_be_told(text.accepted_at), "never in quiet hours, nor on days off"
        for case in self.cases:
            assert {one.document for one in case.listed} == self.waiting(case.opened_at)
        day = start.astimezone(self.wall).date()
        while day <= end.astimezone(self.wall).date():
            self.look_at(datetime(day.year, day.month, day.day, 8, tzinfo=self.wall), start, end)
            day += timedelta(days=1)

    def look_at(self, eight: datetime, start: datetime, end: datetime) -> None:
        """Where something waits that was told long before, there is a list as soon as may be."""
        moments = (eight.astimezone(UTC) + timedelta(minutes=m) for m in range(4 * 60 - 10))
        first = next((at for at in moments if self.may_be_told(at)), None)
        if first is None or not start < first < end - timedelta(minutes=15):
            return
        clear = all(abs(at - first) > timedelta(minutes=15) for at in self.approved.values())
        old = [n for n, at in self.told.items() if first - at > timedelta(minutes=75)]
        if clear and any(f"bill#{n}" in self.waiting(first) for n in old):
            made = [
                x for x in self.cases if timedelta() <= x.opened_at - first <= timedelta(minutes=9)
            ]
            assert len(made) == 1

    def waiting(self, at: datetime) -> set[str]:
        """What was told by then, and was not seen by a poll to be approved."""
        seen = {name for name, when in self.approved.items() if when + timedelta(minutes=3) < at}
        unseen = {name for name, when in self.approved.items() if when > at}
        known = {name for name, when in self.told.items() if when < at}
        doubtful = {name for name in known if name in self.approved} - seen - unseen
        listed = {
            one.document.removeprefix("bill#")
            for case in self.cases
            if case.opened_at == at
            for one in case.listed
        }
        return {f"bill#{name}" for name in (known - seen - doubtful) | (doubtful & listed)}

    def may_be_told(self, at: datetime) -> bool:
        local = at.astimezone(self.wall)
        begin, end = self.quiet
        inside = begin <= local.hour < end if begin <= end else not end <= local.hour < begin
        quiet = inside and begin != end
        return f"{local:%a}".lower() in self.days and not quiet


# ----------------------------------------------------------------------------- crashes
@pytest.mark.parametrize("skip", range(3))
@pytest.mark.parametrize("fault", [Fault.KILLED_BEFORE, Fault.KILLED_AFTER])
@pytest.mark.parametrize("point", ["commit case.opened", "finish", "ring", "read"])
def test_wherever_a_poll_dies_everybody_gets_one_list(point: str, fault: Fault, skip: int) -> None:
    if point == "read" and fault is Fault.KILLED_AFTER:
        fault = Fault.THROTTLED
    world = three_people("2026-11-23T14:00")
    world.ledger.submit("4711")
    until(world, "2026-11-24T07:59")
    before = len(world.provider.log)
    world.faults.arrange(point, *[Fault.STALLED] * skip, fault)
    until(world, "2026-11-24T12:00")
    assert Counter(one.to for one in lists(world)) == {number(n): 1 for n in (1, 2, 3)}
    assert len(world.provider.log) == before + 3
    assert len(list_cases(world)) == 3
    assert not world.broken_chains()


def test_a_poll_that_was_overtaken_makes_no_second_list() -> None:
    world = three_people("2026-11-23T14:00")
    world.ledger.submit("4711")
    until(world, "2026-11-24T08:00")
    ports, documents = world.poll_ports, world.poll_ports.documents
    lease = documents.lease(COMPANY, world.clock.now(), world.clock.ahead(1))
    assert lease
    world.clock.forward(seconds=30)
    poll_company(COMPANY, ports, world.clock.ahead(100))
    made: list[Case] = list_cases(world)
    assert len(made) == 3
    from ml_connector.usecases.daily_lists import tell_lists  # noqa: PLC0415 - as the poll does

    company = ports.flows.current().companies[0]  # type: ignore[union-attr]
    seen_to = tell_lists(1, company, lease, CHICAGO, ports, world.clock.ahead(100))
    assert len(seen_to) == 3
    assert list_cases(world) == made


def test_a_clock_that_jumps_back_to_yesterday_brings_no_second_list() -> None:
    world = three_people("2026-11-23T14:00")
    world.ledger.submit("4711")
    until(world, "2026-11-25T09:00")
    assert len(times(world)) == 2
    world.clock.forward_to(world.clock.now())
    world.clock._now -= timedelta(days=1, hours=1)
    until(world, "2026-11-25T12:00")
    assert len(times(world)) == 2
    until(world, "2026-11-26T12:00")
    assert times(world)[-1] == "Thu 11-26 08:00"


def test_a_list_is_sent_once_although_everything_goes_wrong_now_and_then() -> None:
    chances = {Fault.KILLED_BEFORE: 0.01, Fault.KILLED_AFTER: 0.01, Fault.LOST_REPLY: 0.02}
    for seed in range(4):
        world = World(
            timings=EACH_ALONE,
            seed=seed,
            flow=flow(TEXT, daily_list={"at": "08:00", "days": EVERY_DAY}),
        )
        world.clock.forward_to(datetime(2026, 11, 23, 20, tzinfo=UTC))
        world.baseline()
        world.ledger.submit("4711")
        until(world, "2026-11-24T07:50")
        world.faults._chances = dict(chances)
        until(world, "2026-11-24T10:00")
        world.faults.calm()
        until(world, "2026-11-24T13:00")
        assert len(list_cases(world)) == 1
        assert len(lists(world)) == 1
        assert not world.broken_chains()
