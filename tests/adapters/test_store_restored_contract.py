"""Everything the stores promise about tables that were restored: in memory and on DynamoDB."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import boto3
import botocore.session
import pytest
from moto import mock_aws

from ml_connector.domain.audit import entry_after
from ml_connector.domain.standstill import Restoring, Standstill
from ml_connector.domain.unit_of_work import CaseWrite, Change
from ml_connector.errors import StoreConflict
from ml_connector.store.alerts import DynamoAlertStore
from ml_connector.store.audit import DynamoAuditTrail
from ml_connector.store.connection import SharedConnection
from tests.support import samples
from tests.support.clock import START
from tests.support.memory_store import MemoryAlertStore, MemoryAuditTrail, Tables
from tests.support.tables import REGION, bind_models, create_tables

Alerts = MemoryAlertStore | DynamoAlertStore
Trail = MemoryAuditTrail | DynamoAuditTrail
MINUTE = timedelta(minutes=1)


@pytest.fixture(params=["memory", "dynamodb"])
def stores(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Alerts, Trail]]:
    if request.param == "memory":
        tables = Tables()
        yield MemoryAlertStore(tables), MemoryAuditTrail(tables)
        return
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    with mock_aws():
        create_tables(boto3.client("dynamodb", region_name=REGION))
        session = botocore.session.Session()
        session.set_config_variable("region", REGION)
        connection = SharedConnection(session)
        bind_models(connection)
        yield DynamoAlertStore(connection), DynamoAuditTrail()


def test_a_case_may_be_written_over_the_head_that_is_stored(stores: tuple[Alerts, Trail]) -> None:
    alerts, trail = stores
    case = samples.case()
    first = entry_after(case.head, case.chain, START, "case.opened", {})
    alerts.commit(Change("w1", cases=(CaseWrite(case, first),)))
    last = first
    for _ in range(3):
        last = entry_after(last.head, case.chain, START, "case.stepped", {})
    again = CaseWrite(replace(case, head=first.head), last, over=1)
    with pytest.raises(StoreConflict) as refused:
        alerts.commit(Change("w2", cases=(replace(again, over=2),)))
    assert refused.value.failed == (f"case:{case.id}",)
    alerts.commit(Change("w3", cases=(again,)))
    stored = alerts.case_file(case.id)
    assert stored is not None
    assert stored.case.head == last.head
    assert [entry.seq for entry in trail.chain(case.chain)] == [1, 4]
    assert [entry.seq for entry in trail.chain(case.chain, 1)] == [4]


def test_a_case_that_is_gone_is_made_again_late_in_its_chain(
    stores: tuple[Alerts, Trail],
) -> None:
    alerts, _ = stores
    case = samples.case()
    first = entry_after(case.head, case.chain, START, "case.opened", {})
    late = entry_after(first.head, case.chain, START, "case.restored", {})
    alerts.commit(Change("w1", cases=(CaseWrite(case, late, over=0),)))
    stored = alerts.case_file(case.id)
    assert stored is not None
    assert stored.case.head == late.head
    with pytest.raises(StoreConflict):
        alerts.commit(Change("w2", cases=(CaseWrite(case, late, over=0),)))


def test_who_is_behind_is_refused_by_the_chain_alone_and_who_lost_a_race_by_both(
    stores: tuple[Alerts, Trail],
) -> None:
    alerts, _ = stores
    case = samples.case()
    first = entry_after(case.head, case.chain, START, "case.opened", {})
    second = entry_after(first.head, case.chain, START, "case.stepped", {})
    alerts.commit(Change("w1", cases=(CaseWrite(case, first),)))
    alerts.commit(Change("w2", cases=(CaseWrite(replace(case, head=first.head), second),)))
    with pytest.raises(StoreConflict) as lost:
        alerts.commit(Change("w3", cases=(CaseWrite(replace(case, head=first.head), second),)))
    assert set(lost.value.failed) == {f"audit:{case.chain}", f"case:{case.id}"}
    third = entry_after(second.head, case.chain, START, "case.stepped", {})
    alerts.commit(Change("w4", cases=(CaseWrite(case, third, over=2),)))
    behind = CaseWrite(case, replace(second, seq=2), over=3)
    with pytest.raises(StoreConflict) as refused:
        alerts.commit(Change("w5", cases=(behind,)))
    assert refused.value.failed == (f"audit:{case.chain}",)


def test_what_a_restore_leaves_is_read_with_the_pause_of_a_company(
    stores: tuple[Alerts, Trail],
) -> None:
    alerts, _ = stores
    assert alerts.standstill("acme") == Standstill()
    alerts.pause("acme", START + MINUTE, "blocked")
    mark = Restoring(START + 5 * MINUTE, "a test", START - MINUTE, START + 9 * MINUTE)
    alerts.stand_still(mark)
    assert alerts.standstill("acme") == Standstill(START + MINUTE, mark)
    assert alerts.standstill("other") == Standstill(None, mark)
    alerts.stand_still(Restoring(START, "over"))
    assert alerts.standstill("acme") == Standstill(START + MINUTE, Restoring(START, "over"))


def test_a_standstill_is_over_by_itself_and_wariness_later() -> None:
    mark = Restoring(START + MINUTE, "a test", START - MINUTE, START + 9 * MINUTE)
    still = Standstill(START + 2 * MINUTE, mark)
    assert still.restoring_at(START)
    assert not still.restoring_at(START + MINUTE)
    assert still.paused_at(START) == START + 2 * MINUTE
    assert still.paused_at(START + 2 * MINUTE) is None
    assert still.wary_since(START + 8 * MINUTE) == START - MINUTE
    assert still.wary_since(START + 9 * MINUTE) is None
    assert Standstill().wary_since(START) is None
