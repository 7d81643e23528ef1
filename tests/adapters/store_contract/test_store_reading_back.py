"""What is written of cases, alerts and dispatches comes back as it was."""

from __future__ import annotations

from dataclasses import replace

from ml_connector.domain.audit import Json, check
from ml_connector.domain.cases import CaseState, StopReason
from ml_connector.usecases.ports import AlertStore
from tests.support import samples
from tests.support.clock import START
from tests.support.samples import change
from tests.support.stores import Stores


def test_what_was_never_written_is_not_there(alerts: AlertStore) -> None:
    assert alerts.dispatch("d1") is None
    assert alerts.dispatches(["d1", "d2"]) == []
    assert alerts.dispatches([]) == []
    assert alerts.case_file("c1") is None
    assert alerts.sid_owner("SM1") is None
    assert alerts.standstill("acme", "sms").pauses == ()
    assert alerts.look_due(START, 10) == []


def test_a_dispatch_comes_back_as_it_was_written(alerts: AlertStore) -> None:
    first = change(dispatches=(samples.dispatch(),))
    alerts.commit(first)
    assert alerts.dispatch("d1") == samples.dispatch(write_id=first.write_id)
    second = change(dispatches=(samples.told_dispatch(version=2),))
    alerts.commit(second)
    assert alerts.dispatch("d1") == samples.told_dispatch(version=2, write_id=second.write_id)


def test_what_a_dispatch_no_longer_has_is_gone(alerts: AlertStore) -> None:
    alerts.commit(change(dispatches=(samples.told_dispatch(),)))
    again = change(dispatches=(samples.dispatch(version=2, look_at=None),))
    alerts.commit(again)
    bare = samples.dispatch(version=2, look_at=None, write_id=again.write_id)
    assert alerts.dispatch("d1") == bare


def test_a_case_comes_back_with_its_alerts_in_order(alerts: AlertStore) -> None:
    rows = (
        samples.alert("a9", step=1),
        samples.alert("a1", step=2, stop_reason=StopReason.NO_CHANNEL),
        samples.alert("a2", step=1, occurrence=2),
    )
    write = samples.written(samples.case())
    one = change(cases=(write,), alerts=rows)
    alerts.commit(one)
    file = alerts.case_file("c1")
    assert file
    assert file.case == samples.case(head=write.entry.head, write_id=one.write_id)
    assert [a.id for a in file.alerts] == ["a9", "a2", "a1"]
    assert file.alert("a1") == replace(rows[1], write_id=one.write_id)


def test_an_ended_case_comes_back_ended(alerts: AlertStore) -> None:
    alerts.commit(samples.opening())
    file = alerts.case_file("c1")
    assert file
    over = file.case.ended(CaseState.HANDLED, "bill.approved", START)
    alerts.commit(change(cases=(samples.written(over, "case.handled"),)))
    file = alerts.case_file("c1")
    assert file
    assert (file.case.state, file.case.end_reason) == (CaseState.HANDLED, "bill.approved")
    assert file.case.ended_at == START
    assert file.case.head.seq == 2


def test_many_dispatches_are_read_at_once_each_once(alerts: AlertStore) -> None:
    names = [f"d{place:03d}" for place in range(130)]
    for start in range(0, len(names), 65):
        part = tuple(samples.dispatch(name) for name in names[start : start + 65])
        alerts.commit(change(dispatches=part))
    found = alerts.dispatches([*names, *names[:5], "unknown"])
    assert sorted(dispatch.id for dispatch in found) == names


def test_the_audit_trail_comes_back_whole_and_verifies(stores: Stores) -> None:
    stores.alerts.commit(samples.opening())
    file = stores.alerts.case_file("c1")
    assert file
    data: dict[str, Json] = {
        "text": "ä ” \n",
        "number": 7,
        "nothing": None,
        "list": [1, {"a": True}],
    }
    write = samples.written(file.case, "dispatch.claimed", **data)
    stores.alerts.commit(change(cases=(write,)))
    entries = list(stores.audit.chain("case#c1"))
    assert [entry.kind for entry in entries] == ["case.opened", "dispatch.claimed"]
    assert entries[1] == write.entry
    assert check(entries, write.entry.head) is None
