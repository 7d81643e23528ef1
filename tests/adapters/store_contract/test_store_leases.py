"""One poll at a time holds a company, and where it stands is kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from ml_connector.domain.documents import CompanyState
from ml_connector.domain.unit_of_work import Fence
from ml_connector.errors import StoreConflict
from tests.support import samples
from tests.support.clock import START
from tests.support.samples import change
from tests.support.stores import Stores


def test_a_company_never_polled_has_an_empty_state(stores: Stores) -> None:
    assert stores.documents.state("acme") == CompanyState("acme")


def test_one_poll_at_a_time_holds_a_company(stores: Stores) -> None:
    soon = START + timedelta(minutes=2)
    first = stores.documents.lease("acme", START, soon)
    assert first == CompanyState("acme", fence=1, lease_until=soon, poll_started_at=START)
    assert stores.documents.lease("acme", START, soon) is None
    assert stores.documents.lease("other", START, soon)


def test_a_lease_given_back_can_be_taken_and_has_a_higher_fence(stores: Stores) -> None:
    first = stores.documents.lease("acme", START, START + timedelta(minutes=2))
    assert first
    stores.documents.finish(replace(first, watermark=START, baseline_done=True))
    state = stores.documents.state("acme")
    assert (state.lease_until, state.watermark, state.baseline_done) == (None, START, True)
    second = stores.documents.lease("acme", START, START + timedelta(minutes=2))
    assert second
    assert second.fence == 2
    assert second.watermark == START


def test_a_lease_that_ran_out_is_taken_over_and_its_old_holder_can_write_nothing(
    stores: Stores,
) -> None:
    later = START + timedelta(minutes=2)
    first = stores.documents.lease("acme", START, later)
    second = stores.documents.lease("acme", later, later + timedelta(minutes=2))
    assert first
    assert second
    with pytest.raises(StoreConflict):
        stores.documents.finish(first)
    with pytest.raises(StoreConflict) as refused:
        stores.alerts.commit(
            change(
                fence=Fence("acme", first.fence),
                documents=(samples.seen(samples.document()),),
            )
        )
    assert refused.value.failed == ("fence:acme",)
    stores.alerts.commit(
        change(fence=Fence("acme", second.fence), documents=(samples.seen(samples.document()),))
    )
    assert len(stores.documents.waiting("acme")) == 1


def test_a_state_comes_back_as_it_was_written(stores: Stores) -> None:
    lease = stores.documents.lease("acme", START, START + timedelta(minutes=2))
    assert lease
    full = replace(
        lease,
        watermark=START + timedelta(microseconds=7),
        baseline_done=True,
        poll_succeeded_at=START,
        last_error="source_unavailable",
    )
    stores.documents.finish(full)
    assert stores.documents.state("acme") == replace(full, lease_until=None)


def test_where_payments_stand_is_kept_with_the_company(stores: Stores) -> None:
    lease = stores.documents.lease("acme", START, START + timedelta(minutes=2))
    assert lease
    after = replace(
        lease,
        payments_watermark=START,
        payments_baseline_done=True,
        payments_swept_at=START + timedelta(seconds=1),
    )
    stores.documents.finish(after)
    assert stores.documents.state("acme") == replace(after, lease_until=None)
