"""What replies need of the store: texts by their reference, known SIDs, how far was read."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from ml_connector.domain.replies import InboxMark
from ml_connector.domain.unit_of_work import ReferenceRecord, SidRecord
from ml_connector.errors import StoreConflict
from ml_connector.usecases.ports import AlertStore
from tests.support import samples
from tests.support.clock import START
from tests.support.samples import change


def reference(code: str, after: float, recipient: str = "ann") -> ReferenceRecord:
    at = START + timedelta(seconds=after)
    return ReferenceRecord(recipient, code, f"d-{code}", at, at + timedelta(days=30))


# ------------------------------------------------------------------------------- references
def test_what_was_texted_to_a_person_is_listed_the_newest_first(alerts: AlertStore) -> None:
    texts = [reference("K7F2", 1.5), reference("M3X9", 90.25), reference("PQRT", 7)]
    for text in texts:
        alerts.commit(change(references=(text,)))
    alerts.commit(change(references=(reference("VWXY", 8, "ben"),)))
    shown = alerts.references("ann", START)
    assert [(one.reference, one.at) for one in shown] == [
        (one.reference, one.at) for one in (texts[1], texts[2], texts[0])
    ]
    assert [one.dispatch_id for one in shown] == ["d-M3X9", "d-PQRT", "d-K7F2"]
    assert {one.recipient for one in shown} == {"ann"}
    assert alerts.references("nobody", START) == []


def test_what_was_texted_before_is_left_out(alerts: AlertStore) -> None:
    alerts.commit(change(references=(reference("K7F2", 1), reference("M3X9", 2))))
    at = START + timedelta(seconds=2)
    assert [one.reference for one in alerts.references("ann", at)] == ["M3X9"]
    assert alerts.references("ann", at + timedelta(microseconds=1)) == []


def test_a_reference_comes_back_as_it_was_written(alerts: AlertStore) -> None:
    text = reference("K7F2", 3)
    alerts.commit(change(references=(text,)))
    assert alerts.references("ann", START) == [text]


def test_a_reference_is_written_with_the_rest_of_its_change_or_not_at_all(
    alerts: AlertStore,
) -> None:
    alerts.commit(change(sids=(SidRecord("SM1", "d1"),)))
    with pytest.raises(StoreConflict) as refused:
        alerts.commit(change(sids=(SidRecord("SM1", "d2"),), references=(reference("K7F2", 1),)))
    assert refused.value.failed == ("sid:SM1",)
    assert alerts.references("ann", START) == []


def test_what_is_refused_is_still_named_where_a_reference_goes_along(alerts: AlertStore) -> None:
    alerts.commit(change(dispatches=(samples.dispatch(),)))
    with pytest.raises(StoreConflict) as refused:
        alerts.commit(
            change(
                dispatches=(samples.dispatch(version=5),),
                sids=(SidRecord("SM1", "d1"),),
                references=(reference("K7F2", 1),),
            )
        )
    assert refused.value.failed == ("dispatch:d1",)


# ------------------------------------------------------------------------------ known SIDs
def test_of_many_sids_those_recorded_are_known(alerts: AlertStore) -> None:
    names = [f"SM{place:03d}" for place in range(130)]
    for start in (0, 65):
        records = tuple(SidRecord(name, "nothing") for name in names[start : start + 65])
        alerts.commit(change(sids=records))
    assert alerts.known_sids([*names, *names[:5], "SM999"]) == set(names)
    assert alerts.known_sids(["SM999"]) == set()
    assert alerts.known_sids([]) == set()


# --------------------------------------------------------------------------------- the mark
def test_before_the_first_look_there_is_no_mark(alerts: AlertStore) -> None:
    assert alerts.inbox_mark() is None


def test_the_mark_comes_back_as_it_was_moved(alerts: AlertStore) -> None:
    mark = InboxMark(
        read_until=START - timedelta(microseconds=7),
        looked_at=START,
        awaited_at=START - timedelta(days=2),
    )
    alerts.move_inbox_mark(mark)
    assert alerts.inbox_mark() == mark
    later = InboxMark(START, START + timedelta(minutes=1))
    alerts.move_inbox_mark(later)
    assert alerts.inbox_mark() == later


def test_an_earlier_look_never_replaces_a_later_one(alerts: AlertStore) -> None:
    mark = InboxMark(START, START + timedelta(minutes=1))
    alerts.move_inbox_mark(mark)
    alerts.move_inbox_mark(InboxMark(START + timedelta(hours=1), START))
    assert alerts.inbox_mark() == mark
    alerts.move_inbox_mark(replace(mark, awaited_at=START))
    assert alerts.inbox_mark() == replace(mark, awaited_at=START)
