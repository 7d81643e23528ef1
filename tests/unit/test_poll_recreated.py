"""Purchase orders' bills that come back under another number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from ml_connector.domain.audit import check
from ml_connector.domain.bills import PURCHASING, BillsRead, BillState
from ml_connector.domain.dispatches import DispatchState
from ml_connector.errors import SourceUnavailable
from tests.support.faults import Fault, Killed
from tests.support.paying import PayingOffice


def submit(office: PayingOffice, record_no: str, module: str = PURCHASING) -> None:
    office.intacct.submit(record_no)
    bill = office.intacct.bills[record_no]
    office.intacct.bills[record_no] = replace(bill, module=module, number="INV-77")


def edited(office: PayingOffice, **changes: object) -> None:
    """The purchase order of bill 1 is edited: it is bill 2 now."""
    bill = office.intacct.bills.pop("1")
    new = replace(bill, record_no="2", modified=office.clock.now())
    office.intacct.bills["2"] = replace(new, **changes)  # type: ignore[arg-type]


def office_with_order(module: str = PURCHASING) -> PayingOffice:
    office = PayingOffice()
    submit(office, "1", module)
    office.poll()
    return office


def test_a_bill_recreated_between_two_polls_is_not_told_again() -> None:
    office = office_with_order()
    edited(office)
    report = office.poll()
    assert (report.alerts, report.ended, report.events) == (0, 0, 0)
    assert office.story("1") == [("bill.submitted", 1, "open")]
    old, new = office.document("1"), office.document("2")
    assert (old.deleted, old.open_cases) == (True, ())
    assert new.open_cases == tuple(case.id for case in office.cases("1"))
    assert (new.waiting, new.round) == (True, 1)
    assert "continued_by" in repr(office.tables.chains["doc#acme#bill#1"][-1].data)
    assert "continues_bill" in repr(office.tables.chains["doc#acme#bill#2"][0].data)
    assert office.all_chains_hold()


def test_a_recreated_bill_has_its_own_link() -> None:
    office = PayingOffice()
    submit(office, "1")
    office.intacct.bills["1"] = replace(office.intacct.bills["1"], url="https://intacct.com/1")
    office.poll()
    edited(office, url="https://intacct.com/2")
    office.poll()
    links = [office.document(number).url for number in ("1", "2")]
    assert links == ["https://intacct.com/1", "https://intacct.com/2"]


def test_a_bill_recreated_while_the_pages_were_read_is_not_told_again() -> None:
    office = office_with_order()
    old = office.intacct.bills["1"]
    edited(office)
    # One page still showed the old number, a later one the new one.
    office.intacct.bills["1"] = old
    by_key = office.intacct.read_by_key

    def a_moment_later(numbers: Sequence[str]) -> BillsRead:
        del office.intacct.bills["1"]
        return by_key(numbers)

    office.intacct.read_by_key = a_moment_later  # type: ignore[method-assign]
    report = office.poll()
    assert (report.alerts, report.ended, report.events) == (0, 0, 0)
    assert office.document("1").deleted
    assert office.story("1") == [("bill.submitted", 1, "open")]


def test_a_new_bill_recreated_while_the_pages_were_read_is_told_once() -> None:
    office = PayingOffice()
    submit(office, "1")
    submit(office, "2")
    by_key = office.intacct.read_by_key

    def a_moment_later(numbers: Sequence[str]) -> BillsRead:
        del office.intacct.bills["1"]
        return by_key(numbers)

    office.intacct.read_by_key = a_moment_later  # type: ignore[method-assign]
    assert office.poll().alerts == 1
    assert (office.story("1"), office.story("2")) == ([], [("bill.submitted", 1, "open")])


def test_two_new_bills_alike_are_told_both_when_both_are_there() -> None:
    office = PayingOffice()
    submit(office, "1")
    submit(office, "2")
    assert office.poll().alerts == 2
    assert office.poll().events == 0


@pytest.mark.parametrize("part", ["changed", "key"])
def test_before_it_is_known_what_became_of_the_old_number_nobody_hears_of_the_new_one(
    part: str,
) -> None:
    office = office_with_order()
    edited(office)
    office.intacct.incomplete = {part}
    assert (office.poll().outcome, office.story("2")) == ("incomplete", [])
    office.intacct.incomplete.clear()
    assert office.poll().events == 0
    assert office.story("1") == [("bill.submitted", 1, "open")]


def test_nor_when_the_old_number_cannot_be_asked_for() -> None:
    office = office_with_order()
    edited(office)
    by_key = office.intacct.read_by_key

    def down(numbers: Sequence[str]) -> BillsRead:
        raise SourceUnavailable(f"no answer about {numbers}")

    office.intacct.read_by_key = down  # type: ignore[method-assign]
    submit(office, "3", module="")
    assert office.poll().alerts == 1
    assert office.story("2") == []
    office.intacct.read_by_key = by_key  # type: ignore[method-assign]
    assert office.poll().events == 0


def test_an_order_s_bill_with_the_number_of_one_entered_by_hand_is_told() -> None:
    office = office_with_order(module="3.AP")
    submit(office, "2")
    assert office.poll().alerts == 1


def test_what_was_told_of_the_old_number_ends_with_the_new_one() -> None:
    office = office_with_order()
    edited(office)
    office.poll()
    office.intacct.move("2", BillState.POSTED)
    assert office.poll().ended == 1
    assert office.story("1") == [("bill.submitted", 1, "handled")]


def test_an_amount_that_changed_with_the_number_is_a_change() -> None:
    office = office_with_order()
    bill = office.intacct.bills["1"]
    edited(office, amount=replace(bill.amount, amount=bill.amount.amount + 1))
    office.poll()
    assert office.story("2") == [("bill.changed", 1, "open")]
    assert office.story("1") == [("bill.submitted", 1, "open")]


def test_rounds_go_on_under_the_new_number() -> None:
    office = office_with_order()
    edited(office)
    office.poll()
    office.intacct.move("2", BillState.DECLINED)
    office.poll()
    office.intacct.move("2", BillState.SUBMITTED)
    office.poll()
    assert office.story("2") == [("bill.submitted", 2, "open")]


def vanished_before(office: PayingOffice, hours: float = 1) -> None:
    """The poll sees the old bill gone before the new one is there."""
    bill = office.intacct.bills.pop("1")
    assert office.poll().ended == 1
    office.clock.forward(hours=hours)
    office.intacct.bills["2"] = replace(bill, record_no="2", modified=office.clock.now())


def sent(office: PayingOffice) -> None:
    for name, dispatch in office.tables.dispatches.items():
        office.tables.dispatches[name] = replace(dispatch, state=DispatchState.DELIVERED)


def test_a_bill_that_vanished_within_a_day_before_is_not_told_again() -> None:
    office = office_with_order()
    sent(office)
    vanished_before(office)
    assert office.poll().alerts == 0
    assert office.document("2").round == 1
    assert "continued_by" in repr(office.tables.chains["doc#acme#bill#1"][-1].data)


def test_an_alert_that_had_not_been_sent_when_its_bill_vanished_is_told_after_all() -> None:
    office = office_with_order()
    vanished_before(office)
    assert office.poll().alerts == 1
    assert office.story("2") == [("bill.submitted", 2, "open")]


def test_after_a_day_it_is_another_bill() -> None:
    office = office_with_order()
    sent(office)
    vanished_before(office, hours=25)
    assert office.poll().alerts == 1
    assert office.story("2") == [("bill.submitted", 1, "open")]


def test_bills_that_come_from_nowhere_else_are_bills_of_their_own() -> None:
    office = office_with_order("3.AP")
    edited(office)
    report = office.poll()
    assert (report.alerts, report.ended) == (1, 1)


def test_a_bill_with_another_number_of_the_same_vendor_is_another_bill() -> None:
    office = office_with_order()
    edited(office, number="INV-78")
    report = office.poll()
    assert (report.alerts, report.ended) == (1, 1)


def test_a_second_bill_with_the_number_of_one_that_is_still_there_is_told() -> None:
    office = office_with_order()
    submit(office, "2")
    assert office.poll().alerts == 1


def test_an_order_s_new_bill_is_told_although_too_many_others_vanished() -> None:
    office = PayingOffice()
    for number in range(10):
        office.intacct.submit(str(number))
    office.poll()
    office.intacct.bills.clear()
    submit(office, "77")
    office.poll()
    assert office.telemetry.said("bills_vanished", "error")
    assert office.story("77") == [("bill.submitted", 1, "open")]


def test_a_poll_killed_in_between_leaves_both_documents_as_one() -> None:
    office = office_with_order()
    edited(office)
    office.faults.arrange("commit document.seen", Fault.KILLED_AFTER)
    try:
        office.poll()
    except Killed:
        office.clock.forward(minutes=3)
    assert office.poll().alerts == 0
    assert office.story("1") == [("bill.submitted", 1, "open")]
    assert not office.story("2")


def test_documents_restored_to_before_a_re_creation_are_continued_again() -> None:
    office = office_with_order()
    backup = dict(office.tables.documents)
    restored = backup["acme", "bill#1"].head
    edited(office)
    office.poll()
    office.tables.documents = backup
    report = office.poll()
    assert (report.outcome, report.alerts) == ("polled", 0)
    assert (office.document("1").generation, office.document("2").generation) == (2, 2)
    assert office.document("2").open_cases == tuple(case.id for case in office.cases("1"))
    entries = office.tables.chains["doc#acme#bill#1#2"]
    assert entries[0].data["continues"] == {"chain": "doc#acme#bill#1", "seq": 1}
    assert check(entries, office.document("1").head, start=restored) is None
