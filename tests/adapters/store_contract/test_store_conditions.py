"""A part of a change is refused where what is stored is not what it was made from."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from ml_connector.domain.unit_of_work import Counter, SidRecord
from ml_connector.errors import StoreConflict
from ml_connector.usecases.ports import AlertStore
from tests.support import samples
from tests.support.clock import START
from tests.support.samples import change
from tests.support.stores import Stores


def test_a_new_item_must_not_exist(alerts: AlertStore) -> None:
    alerts.commit(samples.opening())
    for part, name in (
        ({"dispatches": (samples.dispatch(),)}, "dispatch:d1"),
        ({"alerts": (samples.alert(),)}, "alert:a1"),
    ):
        with pytest.raises(StoreConflict) as refused:
            alerts.commit(change(**part))
        assert refused.value.failed == (name,)


@pytest.mark.parametrize("version", [3, 4])
def test_a_version_only_follows_the_one_before(alerts: AlertStore, version: int) -> None:
    alerts.commit(samples.opening())
    with pytest.raises(StoreConflict) as refused:
        alerts.commit(change(dispatches=(samples.dispatch(version=version),)))
    assert refused.value.failed == ("dispatch:d1",)


def test_a_version_that_was_overtaken_is_refused(alerts: AlertStore) -> None:
    alerts.commit(samples.opening())
    alerts.commit(change(dispatches=(samples.dispatch(version=2, rings=1),)))
    with pytest.raises(StoreConflict):
        alerts.commit(change(dispatches=(samples.dispatch(version=2, rings=9),)))
    stored = alerts.dispatch("d1")
    assert stored
    assert stored.rings == 1


def test_something_that_does_not_exist_has_no_second_version(alerts: AlertStore) -> None:
    with pytest.raises(StoreConflict):
        alerts.commit(change(dispatches=(samples.dispatch(version=2),)))
    assert alerts.dispatch("d1") is None


def test_two_entries_never_take_the_same_place_in_a_chain(stores: Stores) -> None:
    stores.alerts.commit(samples.opening())
    with pytest.raises(StoreConflict) as refused:
        stores.alerts.commit(change(cases=(samples.written(samples.case(), "another"),)))
    assert refused.value.failed == ("audit:case#c1", "case:c1")
    assert [entry.kind for entry in stores.audit.chain("case#c1")] == ["case.opened"]


def test_a_case_changed_by_somebody_else_is_refused(alerts: AlertStore) -> None:
    alerts.commit(samples.opening())
    file = alerts.case_file("c1")
    assert file
    alerts.commit(change(cases=(samples.written(file.case, "one"),)))
    with pytest.raises(StoreConflict) as refused:
        alerts.commit(change(cases=(samples.written(file.case, "other"),)))
    assert refused.value.failed == ("audit:case#c1", "case:c1")


def test_a_providers_id_belongs_to_one_dispatch_for_ever(alerts: AlertStore) -> None:
    alerts.commit(change(sids=(SidRecord("SM1", "d1"),)))
    assert alerts.sid_owner("SM1") == "d1"
    with pytest.raises(StoreConflict) as refused:
        alerts.commit(change(sids=(SidRecord("SM1", "d2"),)))
    assert refused.value.failed == ("sid:SM1",)
    assert alerts.sid_owner("SM1") == "d1"


# ---------------------------------------------------------------------------------------- counters
def test_a_counter_counts_up_to_its_limit(alerts: AlertStore) -> None:
    counter = Counter("sms#ann#900#0", 2, START + timedelta(days=1))
    alerts.commit(change(counters=(counter,)))
    alerts.commit(change(counters=(counter,)))
    with pytest.raises(StoreConflict) as refused:
        alerts.commit(change(counters=(counter,)))
    assert refused.value.failed == ("counter:sms#ann#900#0",)
    alerts.commit(change(counters=(replace(counter, key="sms#ann#900#900"),)))


def test_a_counter_takes_several_at_once_and_never_passes_its_limit(alerts: AlertStore) -> None:
    two = Counter("cap#acme#2026-11-23", 5, START + timedelta(days=1), amount=2)
    alerts.commit(change(counters=(two,)))
    alerts.commit(change(counters=(two,)))
    with pytest.raises(StoreConflict):
        alerts.commit(change(counters=(two,)))
    alerts.commit(change(counters=(replace(two, amount=1),)))
    with pytest.raises(StoreConflict):
        alerts.commit(change(counters=(replace(two, amount=1),)))
    alerts.commit(change(counters=(replace(two, back=True),)))
    alerts.commit(change(counters=(two,)))


def test_what_was_counted_and_not_sent_is_given_back(alerts: AlertStore) -> None:
    counter = Counter("sms#ann#900#0", 1, START + timedelta(days=1))
    alerts.commit(change(counters=(counter,)))
    alerts.commit(change(counters=(replace(counter, back=True),)))
    alerts.commit(change(counters=(counter,)))
    with pytest.raises(StoreConflict):
        alerts.commit(change(counters=(counter,)))
