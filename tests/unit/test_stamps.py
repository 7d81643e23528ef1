"""Time stamps that move with the API user's zone, and those that move because of people."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from ml_connector.domain.doubts import WorkflowStep
from ml_connector.domain.stamps import NO_SHIFT, remarked, shift_of, touched
from tests.support.bills import MORNING
from tests.support.paying import PayingOffice

HOUR = timedelta(hours=1)


# ------------------------------------------------------------------------- by how much
@pytest.mark.parametrize(
    ("before", "now", "shift"),
    [(0, -7, 7), (-7, 0, -7), (5.5, 5.5, 0), (None, 3, 0), (3, None, 0), (None, None, 0)],
)
def test_stamps_move_by_what_the_offset_changed(
    before: float | None, now: float | None, shift: float
) -> None:
    offsets = [None if hours is None else hours * HOUR for hours in (before, now)]
    assert shift_of(offsets[0], offsets[1], [2 * HOUR] * 3) == shift * HOUR


@pytest.mark.parametrize(
    ("moved", "shift"),
    [
        ([HOUR] * 6, HOUR),
        ([-9 * HOUR / 2] * 6, -9 * HOUR / 2),
        ([HOUR] * 6 + [3 * HOUR], HOUR),
        ([HOUR] * 5, NO_SHIFT),
        ([HOUR] * 20 + [NO_SHIFT], NO_SHIFT),
        ([timedelta(minutes=61)] * 20, NO_SHIFT),
        ([27 * HOUR] * 20, NO_SHIFT),
    ],
    ids=["all", "back", "one edited too", "few", "one left", "no zone", "too far"],
)
def test_where_the_offset_is_as_it_was_all_stamps_have_to_move_alike(
    moved: list[timedelta], shift: timedelta
) -> None:
    assert shift_of(HOUR, HOUR, moved) == shift


@pytest.mark.parametrize(
    ("moved", "shift", "by_people"),
    [
        (0, 0, False),
        (-1, 0, False),
        (1, 0, True),
        (7, 7, False),
        (0, 7, False),
        (8, 7, True),
        (-7, -7, False),
        (0, -7, False),
        (-6.5, -7, True),
        (-8, -7, False),
    ],
)
def test_a_stamp_moved_by_people_is_told_from_one_that_moved_with_the_zone(
    moved: float, shift: float, by_people: bool
) -> None:
    assert touched(MORNING, MORNING + moved * HOUR, shift * HOUR) is by_people


def test_a_stamp_that_is_not_known_was_moved_by_nobody() -> None:
    assert not touched(None, MORNING, NO_SHIFT)
    assert not touched(MORNING, None, NO_SHIFT)
    assert remarked(None, MORNING, HOUR) == ()


# --------------------------------------------------------------------------- in a poll
def office_with(bills: int, offset: timedelta | None) -> PayingOffice:
    office = PayingOffice()
    office.history.permitted = False
    office.intacct.utc_offset = offset
    for number in range(bills):
        office.intacct.submit(str(number))
        office.clock.forward(seconds=3)
    office.poll()
    return office


def put_right(office: PayingOffice, before: timedelta, now: timedelta) -> None:
    """The operator sets `utc_offset`: what is read as UTC moves by the difference."""
    office.intacct.utc_offset = now
    for name, bill in office.intacct.bills.items():
        assert bill.modified
        office.intacct.bills[name] = replace(bill, modified=bill.modified + before - now)


@pytest.mark.parametrize("hours", [7, -7])
@pytest.mark.parametrize("bills", [1, 30])
def test_a_zone_that_was_put_right_is_no_edit_of_any_bill(hours: int, bills: int) -> None:
    office = office_with(bills, NO_SHIFT)
    put_right(office, NO_SHIFT, hours * HOUR)
    assert office.poll().events == 0
    assert office.document("0").modified == office.intacct.bills["0"].modified
    last = office.tables.chains["doc#acme#bill#0"][-1].data
    assert last["stamp"] == f"moved by {-hours:+d} hours with the API user's zone: no edit"
    (line,) = office.telemetry.said("stamps_moved", "event")
    assert line.fields["hours"] == -hours
    assert office.poll().events == 0
    assert len(office.telemetry.said("stamps_moved")) == 1


@pytest.mark.parametrize("hours", [7, -7])
def test_what_was_edited_in_that_very_minute_is_told_all_the_same(hours: int) -> None:
    office = office_with(3, NO_SHIFT)
    put_right(office, NO_SHIFT, hours * HOUR)
    bill = office.intacct.bills["1"]
    assert bill.modified
    office.intacct.bills["1"] = replace(bill, modified=bill.modified + timedelta(minutes=1))
    assert office.poll().events == 1
    assert office.story("1")[-1] == ("bill.reminder", 1, "open")


def test_and_what_the_history_says_of_it_is_read_by_the_new_zone() -> None:
    office = office_with(1, NO_SHIFT)
    office.history.permitted = True
    put_right(office, NO_SHIFT, 7 * HOUR)
    bill = office.intacct.bills["0"]
    assert bill.modified
    moment = bill.modified + timedelta(minutes=1)
    office.intacct.bills["0"] = replace(bill, modified=moment)
    office.history.steps.append(WorkflowStep("0", moment, "submit"))
    office.poll()
    assert office.story("0")[-1] == ("bill.submitted", 2, "open")


def test_a_zone_changed_in_intacct_shows_before_intacct_is_asked_for_it() -> None:
    office = office_with(8, -8 * HOUR)
    put_right(office, 7 * HOUR, NO_SHIFT)
    office.intacct.utc_offset = -8 * HOUR
    assert office.poll().events == 0
    assert len(office.telemetry.said("stamps_moved")) == 1


def test_an_offset_that_comes_with_the_same_times_moves_nothing() -> None:
    office = office_with(8, NO_SHIFT)
    office.intacct.utc_offset = -7 * HOUR
    assert office.poll().events == 0
    assert office.tables.companies["acme"].utc_offset == -7 * HOUR
