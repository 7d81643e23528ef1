"""A poll that dies at any of its writes: run again, it brings about the same things once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from ml_connector.domain.bills import BillState
from tests.support.clock import HandClock
from tests.support.faults import Fault, Faults, Killed
from tests.support.polling import Office

#: Lease, nine bills, one ring, the end: a test holds the story below to it.
WRITES = 12


class DiesAt(Faults):
    """Dies at the n-th write after `arm`; reads do not count."""

    def __init__(self) -> None:
        super().__init__(HandClock())
        self._left: int | None = None
        self._fault = Fault.KILLED_BEFORE
        self.points: list[str] = []

    def arm(self, write: int, fault: Fault) -> None:
        self._left, self._fault = write, fault

    def meet(self, point: str, possible: Sequence[Fault]) -> Fault | None:
        if point == "read" or self._left is None:
            return None
        self.points.append(point)
        self._left -= 1
        if self._left != 0:
            return None
        if self._fault is Fault.KILLED_BEFORE:
            raise Killed(point)
        assert self._fault in possible
        return self._fault


def everything_happens() -> tuple[Office, DiesAt]:
    """Bills told of and waiting, and since then something of every kind has happened."""
    faults = DiesAt()
    office = Office(faults=faults)
    for fate in ("approved", "deleted", "declined", "raised", "changed", "untouched"):
        office.intacct.submit(fate)
    office.poll()
    for number in range(3):
        office.intacct.submit(f"new {number}")
    office.intacct.submit("excluded", currency="EUR")
    office.intacct.move("approved", BillState.POSTED)
    office.intacct.move("declined", BillState.DECLINED)
    office.intacct.move("raised", BillState.PARTIALLY_APPROVED)
    office.intacct.amend("changed", "77.00")
    office.intacct.delete("deleted")
    return office, faults


def result(office: Office) -> dict[str, Any]:
    """All that is stored, but for the times and the write ids of the run."""
    tables = office.tables
    return {
        "cases": {c.id: (c.kind, c.round, c.state, c.end_reason) for c in tables.cases.values()},
        "alerts": {
            alert.id: (alert.recipient, alert.stop_reason, alert.dispatch, alert.version)
            for row in tables.alerts.values()
            for alert in row.values()
        },
        "dispatches": {d.id: (d.text, d.reference, d.state) for d in tables.dispatches.values()},
        "documents": {
            d.id: (d.state, d.round, d.level, d.deleted, d.open_cases, d.head.seq, d.amount)
            for d in tables.documents.values()
        },
        "chains": {n: [entry.kind for entry in chain] for n, chain in tables.chains.items()},
        "watermark": tables.companies["acme"].watermark,
    }


def undisturbed() -> dict[str, Any]:
    office, _ = everything_happens()
    assert office.poll().outcome == "polled"
    return result(office)


def test_the_story_has_as_many_writes_as_the_crashes_below_are_spread_over() -> None:
    office, faults = everything_happens()
    faults.arm(1000, Fault.KILLED_BEFORE)
    office.poll()
    assert len(faults.points) == WRITES
    assert set(faults.points) == {"lease", "commit document.seen", "ring", "finish"}


@pytest.mark.parametrize("fault", [Fault.KILLED_BEFORE, Fault.KILLED_AFTER])
@pytest.mark.parametrize("write", range(1, WRITES + 1))
def test_a_poll_that_died_at_any_write_is_made_up_for_by_the_next(write: int, fault: Fault) -> None:
    office, faults = everything_happens()
    faults.arm(write, fault)
    with pytest.raises(Killed):
        office.poll()
    # Dead functions give no lease back.
    assert office.poll(minutes=10).outcome == "polled"
    assert result(office) == undisturbed()
    assert office.all_chains_hold()
    # Rung for or not: whatever is to be sent is looked at until it is.
    due = {dispatch_id for _, dispatch_id in office.tables.due}
    assert due == set(office.tables.dispatches)


def test_a_poll_that_dies_again_and_again_gets_there_in_the_end() -> None:
    office, faults = everything_happens()
    deaths = 0
    while True:
        # The lease, one bill, and dead: each time one bill further.
        faults.arm(3, Fault.KILLED_BEFORE)
        try:
            outcome = office.poll(minutes=10).outcome
        except Killed:
            deaths += 1
            continue
        break
    assert outcome == "polled"
    assert deaths > 5
    assert result(office) == undisturbed()
