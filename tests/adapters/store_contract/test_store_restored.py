"""What the stores promise about tables that were restored."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from ml_connector.domain.audit import entry_after
from ml_connector.domain.standstill import Pause, Restoring, Standstill
from ml_connector.domain.unit_of_work import CaseWrite
from ml_connector.errors import StoreConflict
from ml_connector.usecases.ports import AlertStore
from tests.support import samples
from tests.support.clock import START
from tests.support.samples import change
from tests.support.stores import Stores

MINUTE = timedelta(minutes=1)


def test_a_case_may_be_written_over_the_head_that_is_stored(stores: Stores) -> None:
    alerts, trail = stores.alerts, stores.audit
    case = samples.case()
    first = entry_after(case.head, case.chain, START, "case.opened", {})
    alerts.commit(change(cases=(CaseWrite(case, first),)))
    last = first
    for _ in range(3):
        last = entry_after(last.head, case.chain, START, "case.stepped", {})
    again = CaseWrite(replace(case, head=first.head), last, over=1)
    with pytest.raises(StoreConflict) as refused:
        alerts.commit(change(cases=(replace(again, over=2),)))
    assert refused.value.failed == (f"case:{case.id}",)
    alerts.commit(change(cases=(again,)))
    stored = alerts.case_file(case.id)
    assert stored is not None
    assert stored.case.head == last.head
    assert [entry.seq for entry in trail.chain(case.chain)] == [1, 4]
    assert [entry.seq for entry in trail.chain(case.chain, 1)] == [4]


def test_a_case_that_is_gone_is_made_again_late_in_its_chain(
    alerts: AlertStore,
) -> None:
    case = samples.case()
    first = entry_after(case.head, case.chain, START, "case.opened", {})
    late = entry_after(first.head, case.chain, START, "case.restored", {})
    alerts.commit(change(cases=(CaseWrite(case, late, over=0),)))
    stored = alerts.case_file(case.id)
    assert stored is not None
    assert stored.case.head == late.head
    with pytest.raises(StoreConflict):
        alerts.commit(change(cases=(CaseWrite(case, late, over=0),)))


def test_who_is_behind_is_refused_by_the_chain_alone_and_who_lost_a_race_by_both(
    alerts: AlertStore,
) -> None:
    case = samples.case()
    first = entry_after(case.head, case.chain, START, "case.opened", {})
    second = entry_after(first.head, case.chain, START, "case.stepped", {})
    alerts.commit(change(cases=(CaseWrite(case, first),)))
    alerts.commit(change(cases=(CaseWrite(replace(case, head=first.head), second),)))
    with pytest.raises(StoreConflict) as lost:
        alerts.commit(change(cases=(CaseWrite(replace(case, head=first.head), second),)))
    assert set(lost.value.failed) == {f"audit:{case.chain}", f"case:{case.id}"}
    third = entry_after(second.head, case.chain, START, "case.stepped", {})
    alerts.commit(change(cases=(CaseWrite(case, third, over=2),)))
    behind = CaseWrite(case, replace(second, seq=2), over=3)
    with pytest.raises(StoreConflict) as refused:
        alerts.commit(change(cases=(behind,)))
    assert refused.value.failed == (f"audit:{case.chain}",)


def test_what_a_restore_leaves_is_read_with_the_pause_of_a_company(
    alerts: AlertStore,
) -> None:
    assert alerts.standstill("acme") == Standstill()
    pause = Pause(START + MINUTE, "blocked")
    alerts.pause("acme", pause)
    mark = Restoring(START + 5 * MINUTE, "a test", START - MINUTE, START + 9 * MINUTE)
    alerts.stand_still(mark)
    assert alerts.standstill("acme") == Standstill((pause,), mark)
    assert alerts.standstill("other") == Standstill((), mark)
    alerts.stand_still(Restoring(START, "over"))
    assert alerts.standstill("acme") == Standstill((pause,), Restoring(START, "over"))
