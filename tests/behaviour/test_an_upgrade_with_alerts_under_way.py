"""The stack is updated, and taken back, while alerts are under way: each arrives, and once.

The newer version is this one with three changes in the copy that is built: it says another word in
its log, writes messages of a version of its own, and takes both.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

import pytest

from ml_connector.domain.cases import CaseState
from ml_connector.domain.dispatches import DispatchState
from sandbox.aws.local import ROOT
from sandbox.aws.stack import deploy
from sandbox.intacct.client import Record
from tests.support.runbook_site import Site, runbook_site

pytestmark = pytest.mark.deployed

_QUEUE = "layers/connector/ml_connector/aws/queue.py"
NEWER = (
    ("functions/send/app.py", '"message_done"', '"message_done_by_the_newer"'),
    (_QUEUE, "VERSION = 1", "VERSION = 2"),
    (_QUEUE, "version != VERSION", "version not in (1, 2)"),
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with runbook_site(tmp_path_factory.mktemp("shell")) as started:
        yield started


def redeploy(site: Site, mutations: Sequence[tuple[str, str, str]]) -> None:
    world = site.world
    world.stack = deploy(
        world.aws, ROOT / "template.yaml", world.stack.parameters, mutations=mutations
    )


def queued(site: Site, *amounts: str) -> list[Record]:
    """Bills whose messages wait on the queue, for nobody fetches them."""
    site.world.stack.switch_event_source("SendFunctionAlertsQueue", on=False)
    bills = [site.submit(amount) for amount in amounts]
    site.until(lambda: all(map(site.world.dispatches, bills)), "their dispatches")
    return bills


def running(site: Site) -> bool:
    """Whether the newer version has sent anything."""
    return any("message_done_by_the_newer" in line for line in site.world.stack.log("SendFunction"))


def test_an_upgrade_and_a_step_back_lose_nothing_and_double_nothing(site: Site) -> None:
    world = site.world
    # Under way in other ways than on the queue: a call that rings, a retry that waits.
    world.phone("fay").behave("no_answer")
    due = date.today() + timedelta(days=20)  # noqa: DTZ011 - the company's own calendar
    called = world.submit("V-100", "26000.00", "R-7001", due)
    world.phone("bob").turn_off()
    retried = site.submit("6000.00")
    site.until(
        lambda: [d.state for d in world.dispatches(retried)][:1] == [DispatchState.UNDELIVERED],
        "the first try to fail",
    )
    site.until(lambda: world.phone("fay").calls(), "the first call")

    before = queued(site, "12000.00", "3000.00", "1100.00", "400.00")
    redeploy(site, NEWER)
    world.phone("bob").turn_on()
    world.stack.switch_event_source("SendFunctionAlertsQueue", on=True)
    site.await_told_once(*before)
    site.until(lambda: running(site), "the newer version to send")
    site.until(lambda: site.arrived(retried), "the retry to arrive")
    texts = [text for text in world.phone("bob").inbox() if retried["RECORDID"] in text.body]
    assert len(texts) == 1

    world.phone("gil").will_press("1")
    newer = queued(site, "13000.00", "3100.00", "1200.00")
    redeploy(site, ())
    world.stack.switch_event_source("SendFunctionAlertsQueue", on=True)
    site.await_told_once(*newer)
    site.until(
        lambda: world.cases(called)[0].state is CaseState.CONFIRMED, "the manager to confirm"
    )
    assert len(world.phone("gil").calls()) == 1
    bodies = [text.body for text in world.phone("fay").inbox()]
    assert sum(called["RECORDID"] in body for body in bodies) <= 1
    site.verified()
