"""One contract for the BillSource: the fakes in memory, and the adapter on the simulator."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import UTC, date, timedelta

import pytest

from ml_connector.domain.bills import Bill, BillsRead, BillState
from ml_connector.errors import (
    SourceAuthError,
    SourceError,
    SourceProtocolError,
    SourceRateLimited,
    SourceRejected,
    SourceUnavailable,
)
from tests.adapters.bill_source_books import MORNING, Books, InLedger, InMemory, Simulated, Unruly

NOBODYS = "999999"


@pytest.fixture(params=[InLedger, InMemory, Simulated])
def books(request: pytest.FixtureRequest) -> Books:
    made: Books = request.param()
    return made


@pytest.fixture(params=[InMemory, Simulated])
def unruly(request: pytest.FixtureRequest) -> Unruly:
    made: Unruly = request.param()
    return made


Read = Callable[[Books, Sequence[str]], BillsRead]
BOTH = pytest.mark.parametrize(
    "read",
    [
        lambda books, _numbers: books.source.read_waiting_and_changed(MORNING),
        lambda books, numbers: books.source.read_by_key(numbers),
    ],
    ids=["waiting and changed", "by key"],
)


def numbers(read: BillsRead) -> list[str]:
    return sorted(bill.record_no for bill in read.bills)


def states(read: BillsRead) -> dict[str, BillState]:
    return {bill.record_no: bill.state for bill in read.bills}


def only(bills: Collection[Bill]) -> Bill:
    (bill,) = bills
    return bill


# ----------------------------------------------------------------------------- what is read
@BOTH
def test_a_bill_is_read_as_it_was_entered(books: Books, read: Read) -> None:
    number = books.submit("12500.50")
    bill = only(read(books, [number]).bills)
    assert (bill.record_no, bill.state) == (number, BillState.SUBMITTED)
    assert (bill.vendor_id, bill.vendor_name) == ("V-100", "Baker Steel")
    assert str(bill.amount) == "USD 12,500.50"
    assert BillState.of(bill.state_text) is bill.state
    assert bill.number
    assert isinstance(bill.due, date)


@BOTH
def test_a_change_is_dated_in_utc_by_the_second(books: Books, read: Read) -> None:
    number = books.submit()
    books.clock.forward(seconds=100.7)
    books.approve(number)
    bill = only(read(books, [number]).bills)
    assert bill.modified is not None
    assert bill.modified.tzinfo is UTC
    assert bill.modified == books.clock.now().replace(microsecond=0)


@BOTH
def test_a_quiet_read_is_complete_and_reports_nothing(books: Books, read: Read) -> None:
    made = [books.submit(), books.submit()]
    found = read(books, made)
    assert found.complete
    assert (found.quarantined, found.problems, found.unknown_states) == (0, (), ())
    assert (found.zone_error, found.zone_verified, found.cleaned) == (None, True, 0)
    assert found.transactions > 0


def test_empty_books_are_read_completely(books: Books) -> None:
    for since in (None, MORNING):
        read = books.source.read_waiting_and_changed(since)
        assert (read.bills, read.complete) == ((), True)


# ----------------------------------------------------------------------- waiting and changed
def test_the_first_read_shows_what_waits_and_nothing_else(books: Books) -> None:
    waiting, posted, declined = books.submit(), books.submit(), books.submit()
    books.approve(posted)
    books.decline(declined)
    assert numbers(books.source.read_waiting_and_changed(None)) == [waiting]


def test_what_waits_is_shown_however_old_it_is(books: Books) -> None:
    number = books.submit()
    books.clock.forward(days=90)
    assert numbers(books.source.read_waiting_and_changed(books.clock.now())) == [number]


def test_what_changed_is_shown_in_its_new_state(books: Books) -> None:
    posted, declined, old = books.submit(), books.submit(), books.submit()
    books.approve(old)
    books.clock.forward(minutes=10)
    since = books.clock.now()
    books.approve(posted)
    books.decline(declined)
    read = books.source.read_waiting_and_changed(since)
    assert states(read) == {posted: BillState.POSTED, declined: BillState.DECLINED}


def test_a_change_in_the_second_asked_from_is_shown(books: Books) -> None:
    number = books.submit()
    books.clock.forward(minutes=1)
    books.approve(number)
    second = books.clock.now().replace(microsecond=0)
    for since in (second, second + timedelta(microseconds=999_999)):
        assert numbers(books.source.read_waiting_and_changed(since)) == [number]
    after = second + timedelta(seconds=1)
    assert numbers(books.source.read_waiting_and_changed(after)) == []


def test_a_bill_that_waits_and_changed_is_shown_once(books: Books) -> None:
    number = books.submit()
    assert numbers(books.source.read_waiting_and_changed(MORNING)) == [number]


def test_both_levels_of_approval_wait_and_a_recalled_bill_does_not(unruly: Unruly) -> None:
    first, second, recalled = unruly.submit(), unruly.submit(), unruly.submit()
    unruly.partially_approve(second)
    unruly.recall(recalled)
    assert states(unruly.source.read_waiting_and_changed(None)) == {
        first: BillState.SUBMITTED,
        second: BillState.PARTIALLY_APPROVED,
    }
    changed = states(unruly.source.read_waiting_and_changed(MORNING))
    assert changed[recalled] is BillState.DRAFT


def test_an_amended_bill_is_shown_with_its_new_amount(unruly: Unruly) -> None:
    number = unruly.submit("100.00")
    unruly.amend(number, "250.25")
    bill = only(unruly.source.read_waiting_and_changed(None).bills)
    assert str(bill.amount) == "USD 250.25"


def test_a_deleted_bill_is_absent_from_a_complete_read(unruly: Unruly) -> None:
    kept, deleted = unruly.submit(), unruly.submit()
    unruly.delete(deleted)
    for read in (
        unruly.source.read_waiting_and_changed(MORNING),
        unruly.source.read_by_key([kept, deleted]),
    ):
        assert (numbers(read), read.complete) == ([kept], True)


# ------------------------------------------------------------------------------------ by key
def test_bills_are_read_by_their_numbers_whatever_their_state(books: Books) -> None:
    waiting, posted, _other = books.submit(), books.submit(), books.submit()
    books.approve(posted)
    books.clock.forward(days=90)
    assert states(books.source.read_by_key([posted, waiting])) == {
        waiting: BillState.SUBMITTED,
        posted: BillState.POSTED,
    }


def test_a_number_without_a_row_is_left_out_of_a_complete_read(books: Books) -> None:
    number = books.submit()
    read = books.source.read_by_key([NOBODYS, number])
    assert (numbers(read), read.complete) == ([number], True)
    read = books.source.read_by_key([NOBODYS])
    assert (numbers(read), read.complete) == ([], True)


def test_a_number_asked_for_twice_is_shown_once(books: Books) -> None:
    number = books.submit()
    assert numbers(books.source.read_by_key([number, number])) == [number]


def test_no_numbers_are_no_question(books: Books) -> None:
    books.submit()
    # What is asked once a day, such as the user's zone, is known afterwards.
    books.source.read_waiting_and_changed(None)
    read = books.source.read_by_key([])
    assert (read.bills, read.complete, read.transactions) == ((), True, 0)


# ------------------------------------------------------------------------------------ trouble
@BOTH
def test_a_row_that_cannot_be_read_is_set_aside_and_named(unruly: Unruly, read: Read) -> None:
    good, bad = unruly.submit(), unruly.submit("77.31")
    unruly.spoil(bad)
    found = read(unruly, [good, bad])
    assert numbers(found) == [good]
    assert found.complete
    assert found.quarantined == len(found.problems) == 1
    assert bad in found.problems[0]
    assert "77.31" not in found.problems[0]


def test_only_what_was_read_is_counted_as_set_aside(unruly: Unruly) -> None:
    good, bad = unruly.submit(), unruly.submit()
    unruly.spoil(bad)
    found = unruly.source.read_by_key([good])
    assert (numbers(found), found.quarantined, found.problems) == ([good], 0, ())


def test_a_state_nobody_knows_is_kept_and_reported(unruly: Unruly) -> None:
    number = unruly.submit()
    unruly.put_in_strange_state(number)
    read = unruly.source.read_by_key([number])
    bill = only(read.bills)
    assert bill.state is BillState.UNKNOWN
    assert read.unknown_states == (bill.state_text,)
    assert numbers(unruly.source.read_waiting_and_changed(None)) == []


@BOTH
def test_a_read_that_was_cut_is_not_complete(unruly: Unruly, read: Read) -> None:
    made = [unruly.submit() for _ in range(4)]
    unruly.cut()
    found = read(unruly, made)
    assert not found.complete
    assert set(numbers(found)) <= set(made)


@pytest.mark.parametrize(
    "kind",
    [
        SourceUnavailable,
        SourceRateLimited,
        SourceProtocolError,
        SourceRejected,
        SourceAuthError,
    ],
)
def test_a_read_that_fails_is_an_error_of_its_kind_and_passes(
    unruly: Unruly, kind: type[SourceError]
) -> None:
    number = unruly.submit()
    unruly.source.read_waiting_and_changed(None)
    unruly.fail(kind)
    with pytest.raises(SourceError) as failed:
        unruly.source.read_waiting_and_changed(MORNING)
    assert isinstance(failed.value, kind)
    assert failed.value.retryable is kind.retryable
    with pytest.raises(kind):
        unruly.source.read_by_key([number])
    unruly.recover()
    assert numbers(unruly.source.read_waiting_and_changed(None)) == [number]
