"""The runbook of restores on the deployed template: alerts that went back in time, or are gone.

Nobody is told twice, nobody is forgotten, and in the end the trail is whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from cli.restore.points import EarlierTable
from ml_connector.domain.dispatches import DispatchState
from ml_connector.domain.standstill import Pause
from sandbox.intacct.client import Record
from sandbox.world import COMPANY
from tests.support.runbook_site import Site, runbook_site

pytestmark = pytest.mark.deployed

_QUIET = 8.0
_QUICK = {"grace": 3.0, "empty_list_gap": 2.0, "retry_base": 2.0, "ring_again": 4.0}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with runbook_site(tmp_path_factory.mktemp("shell"), _QUICK) as started:
        yield started


class AlertsTable:
    """The live table, to be meddled with."""

    def __init__(self, site: Site) -> None:
        self._client = site.world.aws.client("dynamodb")
        self.name = site.world.stack.outputs["AlertsTableName"]

    def items(self) -> list[dict[str, Any]]:
        pages = self._client.get_paginator("scan").paginate(
            TableName=self.name, ConsistentRead=True
        )
        return [item for page in pages for item in page["Items"]]

    def emptied(self) -> None:
        for item in self.items():
            self._client.delete_item(TableName=self.name, Key={"pk": item["pk"], "sk": item["sk"]})

    def put_back(self, items: list[dict[str, Any]]) -> None:
        """What somebody does who copies an older table over it."""
        self.emptied()
        for item in items:
            self._client.put_item(TableName=self.name, Item=item)

    def as_of(self, at: datetime) -> EarlierTable:
        """DynamoDB's table beside. The local one holds what is there now, so it is made early."""
        earlier = EarlierTable(self._client, self.name, at)
        earlier.begin()
        earlier.wait(lambda _: None)
        return earlier

    def there(self, name: str) -> bool:
        return name in self._client.list_tables()["TableNames"]


def opened_and_held(site: Site, amount: str) -> Record:
    """A bill whose case is open, and whose text waits for sends to go on."""
    until = datetime.now(UTC) + timedelta(seconds=12)
    site.world.alerts.pause(COMPANY, Pause(until, "a test"))
    bill = site.submit(amount)
    site.until(lambda: site.world.dispatches(bill), "a dispatch that waits")
    (dispatch,) = site.world.dispatches(bill)
    assert dispatch.state is DispatchState.WAITING
    return bill


def test_put_back_by_hand_nothing_is_sent_twice_and_nothing_is_forgotten(site: Site) -> None:
    table = AlertsTable(site)
    told = site.submit("1300.00")
    site.await_told_once(told)
    held = opened_and_held(site, "1400.00")
    before = table.items()
    site.await_told_once(held)

    table.put_back(before)
    lost = site.submit("1500.00")
    site.await_told_once(told, held, lost)
    assert site.stays(lambda: len(site.accepted(held)) == 1, _QUIET)

    page = site.page("restore")
    said = page.run("ml-connector restore\n", answers="y\n")
    assert page.status == 0, said
    assert "reconciled with Twilio" in said
    site.await_told_once(told, held, lost)
    site.verified()


def test_emptied_it_is_put_back_by_the_command_and_the_trail_is_whole(site: Site) -> None:
    table = AlertsTable(site)
    told = site.submit("1600.00")
    site.await_told_once(told)
    at = datetime.now(UTC).replace(microsecond=0)
    earlier = table.as_of(at)
    since = site.submit("1700.00")
    site.await_told_once(since)

    table.emptied()
    page = site.page("restore", **{"2026-11-20T10:00Z": at.isoformat()})
    said = page.run("restore --at 2026-11-20T10:00Z\n", answers="y\n")
    assert page.status == 0, said
    assert not table.there(earlier.name)
    site.await_told_once(told, since)
    assert site.stays(lambda: len(site.accepted(since)) == 1, _QUIET)
    after = site.submit("1800.00")
    site.await_told_once(after)

    said = page.run("audit reconcile", **{"2026-11-20": date.today().isoformat()})  # noqa: DTZ011
    assert page.status == 0, said
    site.verified()
