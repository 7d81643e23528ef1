"""Credentials are changed while bills come in: nothing is deployed, restarted, lost or sent twice.

Each time the old ones are refused from the moment they are changed, before the new ones are stored:
the worst order there is. What is stored is stored with the commands of docs/runbooks, by somebody
who has the Operator policy and nothing else.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from contextlib import suppress

import pytest

from ml_connector.domain.dispatches import DispatchState
from sandbox.aws import wait
from sandbox.intacct.client import Record
from sandbox.intacct.world import USER_ID, USER_PASSWORD
from sandbox.twilio.settings import DEFAULT_ACCOUNT_SID
from sandbox.world import COMPANY, INTACCT_COMPANY, LocalWorld
from tests.behaviour.least_privilege.asking import Principals
from tests.behaviour.least_privilege.commanding import run
from tests.behaviour.least_privilege.rows import FUNCTIONS

pytestmark = pytest.mark.deployed

WITHIN = 90.0
FIRST, SECOND = "SK" + "a1" * 16, "SK" + "b2" * 16


def store(world: LocalWorld, principals: Principals, what: str, answers: Sequence[str]) -> None:
    result = run(world, principals.session("Operator"), "secrets", "set", what, answers=answers)
    assert result.exit_code == 0, result.output


def store_key(world: LocalWorld, principals: Principals, key: str) -> None:
    answers = [DEFAULT_ACCOUNT_SID, key, f"secret of {key}", world.sender]
    store(world, principals, "twilio", answers)


def store_password(world: LocalWorld, principals: Principals, password: str) -> None:
    answers = ["", COMPANY, INTACCT_COMPANY, USER_ID, password, "", ""]
    store(world, principals, "intacct", answers)


def accept_only(world: LocalWorld, key: str) -> None:
    """From now on Twilio knows no other API key."""
    world.twilio.settings(keys={key: {"secret": f"secret of {key}"}})


def refused_by_twilio(world: LocalWorld) -> int:
    return sum(request.status == 401 for request in world.twilio.requests())


def await_delivered(world: LocalWorld, *bills: Record) -> None:
    for bill in bills:
        wait.until(
            lambda bill=bill: (
                [d.state for d in world.dispatches(bill)][-1:] == [DispatchState.DELIVERED]
            ),
            f"{bill['RECORDID']} to be delivered",
            timeout=WITHIN,
        )


def texts_about(world: LocalWorld, person: str, bill: Record) -> int:
    return sum(bill["RECORDID"] in text.body for text in world.phone(person).inbox())


def processes(world: LocalWorld) -> dict[str, set[int]]:
    return {name: set(world.stack.worker_pids(f"{name}Function")) for name in FUNCTIONS}


def deployed(world: LocalWorld) -> dict[str, str]:
    client = world.aws.client("lambda")
    found = (
        client.get_function_configuration(FunctionName=world.stack.physical[f"{name}Function"])
        for name in FUNCTIONS
    )
    return {entry["FunctionName"]: entry["LastModified"] for entry in found}


@pytest.fixture
def on_the_first_key(world: LocalWorld, principals: Principals) -> None:
    """The functions work with an API key that has just been read, and will keep it for minutes."""
    accept_only(world, FIRST)
    store_key(world, principals, FIRST)
    for name in ("Send", "StatusCheck"):
        for pid in world.stack.worker_pids(f"{name}Function"):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    warm = world.submit("V-103", "3000.00", "R-1000")
    await_delivered(world, warm)


@pytest.mark.usefixtures("on_the_first_key")
def test_a_new_twilio_key_is_used_at_once_where_the_old_one_is_refused(
    world: LocalWorld, principals: Principals
) -> None:
    before, versions, refused = processes(world), deployed(world), refused_by_twilio(world)
    world.phone("cho").turn_off()
    retried = world.submit("V-103", "3100.00", "R-1001")
    wait.until(lambda: len(world.dispatches(retried)) > 1, "a second try", timeout=WITHIN)

    accept_only(world, SECOND)
    during = world.submit("V-103", "1100.00", "R-1002")
    wait.until(lambda: refused_by_twilio(world) > refused, "the old key's refusal", timeout=WITHIN)
    store_key(world, principals, SECOND)
    after = world.submit("V-103", "5100.00", "R-1003")
    world.phone("cho").turn_on()

    await_delivered(world, retried, during, after)
    told = {"cho": retried, "dee": during, "bob": after}
    assert {person: texts_about(world, person, bill) for person, bill in told.items()} == {
        "cho": 1,
        "dee": 1,
        "bob": 1,
    }
    assert deployed(world) == versions
    assert all(before[name] & processes(world)[name] for name in FUNCTIONS)


def test_a_new_intacct_password_costs_one_refused_login(
    world: LocalWorld, principals: Principals
) -> None:
    before, versions, tally = processes(world), deployed(world), world.intacct.tally()
    # Stricter than any tenant: the second wrong password would be the end of it.
    world.intacct.settings(lock_after=2)
    try:
        world.intacct.user(USER_ID, password="a new password")
        world.intacct.kill_sessions()
        bills = [world.submit("V-104", "1200.00", f"R-{number}") for number in (2001, 2002)]

        def refused() -> int:
            return world.intacct.tally()["logins_failed"] - tally["logins_failed"]

        wait.until(lambda: refused() > 0, "the old password's refusal", timeout=WITHIN)
        store_password(world, principals, "a new password")
        bills.append(world.submit("V-104", "1300.00", "R-2003"))
        await_delivered(world, *bills)
        assert [texts_about(world, "dee", bill) for bill in bills] == [1, 1, 1]
        assert refused() == 1
        assert world.intacct.tally()["logins"] == tally["logins"] + 1
    finally:
        world.intacct.settings(lock_after=10)
    assert deployed(world) == versions
    assert before["Poll"] & processes(world)["Poll"]


def test_a_password_that_is_stored_before_it_is_needed_costs_nothing(
    world: LocalWorld, principals: Principals
) -> None:
    """The usual order: an open session outlives the change, and the next login has the new one."""
    tally = world.intacct.tally()
    world.intacct.user(USER_ID, password=USER_PASSWORD)
    store_password(world, principals, USER_PASSWORD)
    world.intacct.kill_sessions()
    bill = world.submit("V-105", "1400.00", "R-3001")
    await_delivered(world, bill)
    assert texts_about(world, "dee", bill) == 1
    assert world.intacct.tally()["logins_failed"] == tally["logins_failed"]
    assert world.intacct.tally()["logins"] == tally["logins"] + 1
