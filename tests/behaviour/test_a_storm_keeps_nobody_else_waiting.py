"""One company's storm, or one person's backlog, costs others a turn and not their place."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from ml_connector.domain.cases import CaseState
from ml_connector.domain.standstill import Pause
from tests.support.two_companies import BEA, TwoCompanies
from tests.support.world import COMPANY

#: A run looks after so many and rings for so many here, that a small storm is one.
LOOKS, RINGS = 40, 20
MINUTES = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def small_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ml_connector.usecases.check_status.LOOK_LIMIT", LOOKS)
    monkeypatch.setattr("ml_connector.usecases.check_status.SWEEP_LIMIT", RINGS)


@pytest.fixture
def without_turns(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """The oldest first, whosever they are, as a plain queue would have it."""

    def patch() -> None:
        for module in ("tests.support.memory_store", "ml_connector.usecases.check_status"):
            monkeypatch.setattr(f"{module}.in_turn", lambda items, _: list(items))

    return patch


def goes_quiet_until(world: TwoCompanies, minutes: float, extra: float) -> datetime:
    """All of Acme's people may be told from then on, and Bea a little later."""
    begins = world.clock.now()
    ends = begins + timedelta(minutes=minutes)
    late = ends + timedelta(minutes=extra)
    for who in (*world.people, "bea"):
        end = late if who == "bea" else ends
        hours = f"{begins - MINUTES:%H:%M}-{end:%H:%M}"
        world.change_approver(who, quiet_hours=hours, zone="UTC")
    return late.replace(second=0, microsecond=0)


def at_eight(bills: int = 300, **world: Any) -> timedelta:
    """How long after the end of her quiet hours Bea's phone buzzes, in a storm of Acme's."""
    town = TwoCompanies(**world)
    town.baseline()
    may_be_told = goes_quiet_until(town, minutes=20, extra=1)
    town.run(minutes=1)
    town.storm(bills)
    town.beta.submit("1", vendor="Quiet Vendor")
    town.run(minutes=60)
    (heard,) = town.heard()
    return heard - may_be_told


def test_whoever_may_be_told_from_eight_on_is_told_although_hundreds_wait_before_them() -> None:
    assert timedelta(0) <= at_eight() <= 2 * MINUTES


def test_without_turns_she_waits_for_all_of_them(without_turns: Callable[[], None]) -> None:
    without_turns()
    assert at_eight() > 6 * MINUTES


@pytest.mark.parametrize("seed", range(6))
def test_so_it_is_under_any_load(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - a seed, not a secret
    waited = at_eight(
        chance.randint(50, 400),
        approvers=chance.randint(1, 20),
        latency=chance.uniform(0.001, 0.03),
    )
    assert timedelta(0) <= waited <= 3 * MINUTES


def test_a_bill_submitted_in_the_middle_of_a_storm_is_told_within_minutes() -> None:
    world = TwoCompanies()
    world.baseline()
    world.run(minutes=1)
    world.storm(400)
    world.run(minutes=3)
    submitted = world.clock.now()
    world.beta.submit("1", vendor="Quiet Vendor")
    world.run(minutes=10)
    (heard,) = world.heard()
    assert heard - submitted <= 3 * MINUTES


def test_a_paused_companys_texts_come_round_and_round_and_keep_nobody_waiting() -> None:
    world = TwoCompanies()
    world.baseline()
    world.run(minutes=1)
    world.storm(300)
    # An operator has to act: everything of Acme's is put off again and again.
    pause = Pause(world.clock.now() + timedelta(minutes=15), "account")
    world.ports.alerts.pause(COMPANY, pause)
    may_be_told = goes_quiet_until(world, minutes=14, extra=2)
    world.beta.submit("1", vendor="Quiet Vendor")
    world.run(minutes=40)
    (heard,) = world.heard()
    assert heard - may_be_told <= 2 * MINUTES


def one_busy(bills: int) -> timedelta:
    """How long one person waits where a colleague's texts come due a minute before."""
    world = TwoCompanies(approvers=2)
    world.baseline()
    may_be_told = goes_quiet_until(world, minutes=20, extra=1)
    busy, other = world.people
    world.change_approver(other, quiet_hours=world.approvers.people["bea"].quiet_hours)
    world.run(minutes=1)
    for each in range(bills):
        world.ledger.submit(str(20_000 + each), vendor=f"Vendor {busy}")
    world.ledger.submit("1", vendor=f"Vendor {other}")
    world.run(minutes=60)
    phone = world.provider.phone(world.approvers.people[other].phone)
    return phone.texts[0].accepted_at - may_be_told


def test_one_persons_backlog_keeps_no_colleague_waiting() -> None:
    assert one_busy(300) <= 2 * MINUTES


def test_without_turns_it_would(without_turns: Callable[[], None]) -> None:
    without_turns()
    assert one_busy(300) > 6 * MINUTES


def second_step(world: TwoCompanies) -> timedelta:
    """How late Bea's second text is, where Acme's polls fail and its steps wait for them."""
    world.baseline()
    world.run(minutes=1)
    world.storm(300)
    world.run(minutes=4)
    world.beta.submit("1", vendor="Quiet Vendor")
    world.run(minutes=20)
    world.ledger.down = True
    world.run(minutes=100)
    assert sum(case.state is CaseState.OPEN for case in world.tables.cases.values()) > 200
    first, second = world.heard()
    return second - first - timedelta(hours=1)


def of_two_steps() -> TwoCompanies:
    return TwoCompanies({"sms": {"to": "approver", "after": 3600}}, approvers=40)


def test_steps_of_a_company_that_cannot_be_read_keep_no_other_companys_waiting() -> None:
    assert second_step(of_two_steps()) <= 5 * MINUTES


def test_without_turns_they_would(without_turns: Callable[[], None]) -> None:
    without_turns()
    assert second_step(of_two_steps()) > 8 * MINUTES


def test_bea_hears_of_nothing_of_acmes() -> None:
    world = TwoCompanies()
    world.baseline()
    world.run(minutes=1)
    world.storm(20)
    world.run(minutes=10)
    assert world.provider.phone(BEA).texts == []
