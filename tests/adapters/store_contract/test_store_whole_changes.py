"""A change is one: all of it is written or nothing, and once."""

from __future__ import annotations

import pytest

from ml_connector.domain.unit_of_work import Counter, Fence, SidRecord
from ml_connector.errors import StoreConflict, StoreError, StoreUnavailable
from ml_connector.usecases.commit import commit
from ml_connector.usecases.ports import AlertStore
from tests.support import samples
from tests.support.clock import START, HandClock
from tests.support.samples import change
from tests.support.stores import Stores


def test_all_of_a_change_is_written_or_nothing(stores: Stores) -> None:
    stores.alerts.commit(samples.opening())
    with pytest.raises(StoreConflict) as refused:
        stores.alerts.commit(
            change(
                cases=(samples.written(samples.case("c2")),),
                alerts=(samples.alert("a2", "c2"),),
                dispatches=(samples.dispatch("d2"), samples.dispatch("d1", version=9)),
                sids=(SidRecord("SM2", "d2"),),
                counters=(Counter("sms#ann#900#0", 5, START),),
            )
        )
    assert refused.value.failed == ("dispatch:d1",)
    assert stores.alerts.dispatch("d2") is None
    assert stores.alerts.case_file("c2") is None
    assert stores.alerts.sid_owner("SM2") is None
    assert list(stores.audit.chain("case#c2")) == []


def test_everything_that_is_refused_is_named(alerts: AlertStore) -> None:
    alerts.commit(samples.opening())
    full = Counter("sms#ann#900#0", 1, START)
    alerts.commit(change(counters=(full,), sids=(SidRecord("SM1", "d1"),)))
    with pytest.raises(StoreConflict) as refused:
        alerts.commit(
            change(
                fence=Fence("acme", 1),
                cases=(samples.written(samples.case()),),
                alerts=(samples.alert("a7"), samples.alert(version=5)),
                dispatches=(samples.dispatch(version=7),),
                sids=(SidRecord("SM1", "d9"),),
                counters=(full,),
            )
        )
    assert refused.value.failed == (
        "fence:acme",
        "audit:case#c1",
        "case:c1",
        "sid:SM1",
        "dispatch:d1",
        "alert:a1",
        "counter:sms#ann#900#0",
    )


def test_a_change_written_again_counts_once(stores: Stores) -> None:
    one = change(
        cases=(samples.written(samples.case()),),
        dispatches=(samples.dispatch(),),
        counters=(Counter("sms#ann#900#0", 2, START),),
    )

    def stored_write_id() -> str | None:
        stored = stores.alerts.dispatch("d1")
        return stored.write_id if stored else None

    clock = HandClock()
    for _ in range(2):
        commit(
            stores.alerts,
            one,
            stored_write_id=stored_write_id,
            clock=clock,
            until=clock.now(),
            sleep=clock.sleep,
        )
    assert len(list(stores.audit.chain("case#c1"))) == 1
    stores.alerts.commit(change(counters=one.counters))


def test_a_change_that_was_refused_is_judged_anew_when_it_is_written_again(
    alerts: AlertStore,
) -> None:
    late = change(dispatches=(samples.dispatch(version=2),))
    with pytest.raises(StoreConflict):
        alerts.commit(late)
    alerts.commit(change(dispatches=(samples.dispatch(),)))
    alerts.commit(late)
    stored = alerts.dispatch("d1")
    assert stored
    assert stored.version == 2


def test_a_change_with_more_parts_than_a_transaction_holds_is_refused_whole(
    alerts: AlertStore,
) -> None:
    many = tuple(samples.dispatch(f"d{place}") for place in range(101))
    with pytest.raises(StoreError) as refused:
        alerts.commit(change(dispatches=many))
    assert not isinstance(refused.value, StoreConflict | StoreUnavailable)
    assert alerts.dispatch("d0") is None


def test_a_change_that_names_one_item_twice_is_refused_and_not_tried_again(
    alerts: AlertStore,
) -> None:
    with pytest.raises(StoreError) as refused:
        alerts.commit(change(dispatches=(samples.dispatch(), samples.dispatch(rings=1))))
    assert not isinstance(refused.value, StoreConflict | StoreUnavailable)
    assert alerts.dispatch("d1") is None
