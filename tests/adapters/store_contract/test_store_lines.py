"""The last call to a number: one claim follows another, and none is overlooked."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ml_connector.domain.unit_of_work import LineRecord, SidRecord
from ml_connector.errors import StoreConflict
from ml_connector.usecases.ports import AlertStore
from tests.support.clock import START
from tests.support.samples import change


def call(dispatch: str, before: str = "", line: str = "l1") -> LineRecord:
    return LineRecord(line, dispatch, f"claim of {dispatch}", START + timedelta(days=30), before)


def test_the_last_call_to_a_number_is_read_back(alerts: AlertStore) -> None:
    assert alerts.last_call("l1") is None
    alerts.commit(change(lines=(call("d1"),)))
    assert alerts.last_call("l1") == call("d1")
    assert alerts.last_call("l2") is None


def test_a_claim_follows_the_one_it_knows_of(alerts: AlertStore) -> None:
    alerts.commit(change(lines=(call("d1"),)))
    alerts.commit(change(lines=(call("d2", before="claim of d1"),)))
    alerts.commit(change(lines=(call("d3", line="l2"),)))
    known = alerts.last_call("l1")
    assert known
    assert (known.dispatch_id, known.claim) == ("d2", "claim of d2")


@pytest.mark.parametrize("before", ["", "claim of d0", "claim of d1"])
def test_a_claim_that_does_not_know_of_the_last_one_is_refused_with_all_of_its_change(
    alerts: AlertStore, before: str
) -> None:
    alerts.commit(change(lines=(call("d1"),)))
    alerts.commit(change(lines=(call("d2", before="claim of d1"),)))
    with pytest.raises(StoreConflict) as refused:
        alerts.commit(change(lines=(call("d3", before),), sids=(SidRecord("CA1", "d3"),)))
    assert refused.value.failed == ("line:l1",)
    assert alerts.sid_owner("CA1") is None


def test_where_the_record_was_removed_in_the_meantime_a_claim_goes_through(
    alerts: AlertStore,
) -> None:
    alerts.commit(change(lines=(call("d2", before="claim of d1"),)))
    known = alerts.last_call("l1")
    assert known
    assert known.dispatch_id == "d2"
