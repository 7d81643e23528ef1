"""Whether people were told, as reconcile says it of a company that polls, sends and is approved."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from ml_connector.domain.audit import entry_after
from ml_connector.domain.bills import BillState
from ml_connector.domain.digests import KIND
from ml_connector.domain.explaining import DIGEST, NOT_TOLD, TOLD, WAITED_UNREAD, Explained
from ml_connector.errors import SourceUnavailable
from ml_connector.usecases.explaining import explained
from tests.support.bills import COMPANY
from tests.support.evidence import MemoryEvidence
from tests.support.polling import Office
from tests.support.world import World


def of_world(world: World, number: str) -> Explained:
    """What is said of one bill."""
    documents = world.poll_ports.documents
    rows = world.ledger.read_by_key([number]).bills
    state = documents.state(COMPANY)
    (found,) = explained(rows, state, documents, MemoryEvidence(world.tables))
    return found


def of_office(office: Office, number: str) -> Explained:
    documents = office.ports.documents
    rows = [office.intacct.bills[number]]
    state = documents.state(COMPANY)
    (found,) = explained(rows, state, documents, MemoryEvidence(office.tables))
    return found


def said(found: Explained) -> tuple[str, bool]:
    return found.why, found.unexplained


def test_a_bill_that_was_texted_was_told() -> None:
    world = World()
    world.baseline()
    world.ledger.submit("1")
    world.run(minutes=5)
    assert said(of_world(world, "1")) == (TOLD, False)


def test_a_bill_nobody_could_be_told_of_was_not() -> None:
    world = World()
    world.change_approver("ann", phone="")
    world.baseline()
    world.ledger.submit("1")
    world.run(minutes=5)
    assert said(of_world(world, "1")) == (
        f"{NOT_TOLD}: whoever it was for has no usable number",
        False,
    )


def test_a_text_that_stays_where_it_is_is_noticed() -> None:
    office = Office()
    office.intacct.submit("1")
    office.poll()
    assert said(of_office(office, "1")) == (f"{NOT_TOLD}: it is on its way", False)
    office.poll(minutes=180)
    assert said(of_office(office, "1")) == (
        f"{NOT_TOLD}: it is on its way, and nothing since",
        True,
    )


def test_a_second_round_nobody_was_told_of_is_not_told_by_the_first() -> None:
    world = World()
    world.baseline()
    world.ledger.submit("1")
    world.run(minutes=5)
    world.ledger.decline("1")
    world.run(minutes=5)
    world.change_approver("ann", phone="")
    world.ledger.submit("1")
    world.run(minutes=5)
    assert of_world(world, "1").why.startswith(NOT_TOLD)


def test_a_bill_approved_before_anybody_was_told_says_so() -> None:
    office = Office()
    office.intacct.submit("1")
    office.poll()
    office.intacct.move("1", BillState.POSTED)
    office.poll()
    assert said(of_office(office, "1")) == (f"{NOT_TOLD}: it was handled before", False)


def test_a_bill_that_came_and_went_while_nothing_was_read_may_have_waited() -> None:
    office = Office()
    office.poll()
    office.intacct.submit("1")
    for _ in range(3):
        office.intacct.errors.append(SourceUnavailable("down"))
        office.poll(minutes=20)
    office.intacct.move("1", BillState.POSTED)
    office.poll()
    assert said(of_office(office, "1")) == (WAITED_UNREAD, False)
    ((begin, end),) = office.tables.companies[COMPANY].gaps
    assert end - begin == timedelta(minutes=62)


def test_bills_told_in_one_digest_are_told_once_that_went_out() -> None:
    office = Office()
    for number in range(10):
        office.intacct.submit(str(number))
        bill = office.intacct.bills[str(number)]
        days_ago = office.clock.now() - timedelta(days=3)
        office.intacct.bills[str(number)] = replace(bill, modified=days_ago)
    office.poll()
    assert of_office(office, "1").why == f"{NOT_TOLD}: it is on its way"
    (digest,) = [case for case in office.tables.cases.values() if case.kind == KIND]
    chain, now = office.tables.chains[digest.chain], office.clock.now()
    sent = entry_after(digest.head, digest.chain, now, "dispatch.sent", {"sid": "SM1"})
    office.tables.chains[digest.chain] = [*chain, sent]
    assert said(of_office(office, "1")) == (DIGEST, False)
