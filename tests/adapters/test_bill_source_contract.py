"""One contract for the BillSource: the fakes in memory, and the adapter on the simulator."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Protocol

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
from ml_connector.intacct.client import ENDPOINT, IntacctClient
from ml_connector.intacct.credentials import Credentials
from ml_connector.intacct.memory import MemoryCache, MemorySessionStore
from ml_connector.intacct.ports import HttpReply
from ml_connector.intacct.source import IntacctBillSource, IntacctReader
from ml_connector.usecases.ports import BillSource
from sandbox.intacct import (
    COMPANY_ID,
    SENDER_ID,
    SENDER_PASSWORD,
    USER_ID,
    USER_PASSWORD,
    IntacctSimulator,
    Recipe,
    SandboxClock,
)
from tests.soak.wires import Straight, shortened
from tests.support.clock import HandClock
from tests.support.ledger import Ledger
from tests.support.polling import FakeIntacct

#: Not on a whole second: Intacct's stamps are.
MORNING = datetime(2026, 11, 23, 9, 30, 0, 640_000, tzinfo=UTC)
NOBODYS = "999999"


class Books(Protocol):
    """A company's books, the people who work in them, and the way to read them."""

    source: BillSource
    clock: HandClock

    def submit(self, amount: str = "12500.00") -> str:
        """A bill in dollars is submitted; its record number."""

    def approve(self, number: str) -> None:
        """The last approver approves."""

    def decline(self, number: str) -> None:
        """An approver says no."""


class Unruly(Books, Protocol):
    """Books in which more can happen, and a gateway that fails on request."""

    def partially_approve(self, number: str) -> None:
        """One level approves, another has to."""

    def recall(self, number: str) -> None:
        """The submitter takes it back."""

    def amend(self, number: str, amount: str) -> None:
        """The amount changes while it waits."""

    def delete(self, number: str) -> None:
        """It is gone."""

    def spoil(self, number: str) -> None:
        """Its row can no longer be read."""

    def put_in_strange_state(self, number: str) -> None:
        """It gets a state nobody has heard of."""

    def cut(self) -> None:
        """From now on replies lose their ends, and do not say so."""

    def fail(self, kind: type[SourceError]) -> None:
        """Every read fails in this way."""

    def recover(self) -> None:
        """Reads succeed again."""


class InLedger:
    """The fake of the protocol's tests."""

    def __init__(self) -> None:
        self.clock = HandClock(MORNING)
        self._ledger = Ledger(self.clock)
        self.source: BillSource = self._ledger
        self._count = 0

    def submit(self, amount: str = "12500.00") -> str:
        self._count += 1
        return self._ledger.submit(str(self._count), amount).record_no

    def approve(self, number: str) -> None:
        self._ledger.approve(number)

    def decline(self, number: str) -> None:
        self._ledger.decline(number)


class InMemory:
    """The fake of the poll's tests."""

    def __init__(self) -> None:
        self.clock = HandClock(MORNING)
        self._intacct = FakeIntacct(self.clock)
        self.source: BillSource = self._intacct
        self._count = 0

    def submit(self, amount: str = "12500.00") -> str:
        self._count += 1
        self._intacct.submit(str(self._count), amount)
        return str(self._count)

    def approve(self, number: str) -> None:
        self._intacct.move(number, BillState.POSTED)

    def decline(self, number: str) -> None:
        self._intacct.move(number, BillState.DECLINED)

    def partially_approve(self, number: str) -> None:
        self._intacct.move(number, BillState.PARTIALLY_APPROVED)

    def recall(self, number: str) -> None:
        self._intacct.move(number, BillState.DRAFT)

    def amend(self, number: str, amount: str) -> None:
        self._intacct.amend(number, amount)

    def delete(self, number: str) -> None:
        self._intacct.delete(number)

    def spoil(self, number: str) -> None:
        self._intacct.quarantined.add(number)

    def put_in_strange_state(self, number: str) -> None:
        self._intacct.move(number, BillState.UNKNOWN)

    def cut(self) -> None:
        self._intacct.incomplete = {"changed", "key"}

    def fail(self, kind: type[SourceError]) -> None:
        self._intacct.errors.extend([kind("the gateway failed")] * 2)

    def recover(self) -> None:
        self._intacct.errors.clear()


class Damaging:
    """A transport whose replies may be damaged on the way."""

    def __init__(self, straight: Straight) -> None:
        self._straight = straight
        self.damage: Callable[[HttpReply], HttpReply | None] = lambda _: None

    def post(self, url: str, body: bytes, *, seconds: float, limit: int) -> HttpReply:
        reply = self._straight.post(url, body, seconds=seconds, limit=limit)
        return self.damage(reply) or reply


class Simulated:
    """The adapter, in front of the simulated gateway in this process."""

    #: What makes every read fail in one way.
    FAULTS = {  # noqa: RUF012 - read only
        SourceUnavailable: "http_503",
        SourceRateLimited: "gw_0010",
        SourceProtocolError: "two_roots",
    }

    def __init__(self) -> None:
        self.clock = HandClock(MORNING)
        sim = IntacctSimulator(
            Recipe(bills=0), clock=SandboxClock(source=lambda: self.clock.now().timestamp())
        )
        self._admin = sim.admin
        self._wire = Damaging(Straight(sim.gateway, self.clock))
        client = IntacctClient(
            Credentials(SENDER_ID, SENDER_PASSWORD, COMPANY_ID, USER_ID, USER_PASSWORD),
            ENDPOINT,
            "",
            MemorySessionStore(),
            MemoryCache(),
            http=self._wire,
            clock=self.clock,
            sleep=self.clock.sleep,
            random=lambda: 0.5,
        )
        self.source: BillSource = IntacctBillSource(IntacctReader(client))

    def submit(self, amount: str = "12500.00") -> str:
        return str(self._admin.create_bill("V-100", amount, submit=True).recordno)

    def approve(self, number: str) -> None:
        self._admin.approve(int(number))

    def decline(self, number: str) -> None:
        self._admin.decline(int(number))

    def partially_approve(self, number: str) -> None:
        self._admin.partially_approve(int(number))

    def recall(self, number: str) -> None:
        self._admin.recall(int(number))

    def amend(self, number: str, amount: str) -> None:
        self._admin.edit_bill(int(number), amount=amount)

    def delete(self, number: str) -> None:
        self._admin.delete_bill(int(number))

    def spoil(self, number: str) -> None:
        empty = dict.fromkeys(("TRX_TOTALENTERED", "TOTALENTERED"))
        self._admin.edit_record("APBILL", int(number), dict(empty))

    def put_in_strange_state(self, number: str) -> None:
        self._admin.edit_record("APBILL", int(number), {"STATE": "Awaiting Moon"})

    def cut(self) -> None:
        self._wire.damage = lambda reply: shortened(reply, counted=False)

    def fail(self, kind: type[SourceError]) -> None:
        if kind is SourceRejected:
            self._admin.settings(denied=["APBILL"])
        elif kind is SourceAuthError:
            self._admin.user(USER_ID, status="lockedout")
            self._admin.kill_sessions()
        else:
            self._admin.fault(self.FAULTS[kind], count=None)

    def recover(self) -> None:
        self._admin.settings(denied=[])
        self._admin.user(USER_ID, status="active")
        self._admin.clear_faults()
        # A refused login is not tried again at once.
        self.clock.forward(days=1)


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
