"""More waiting bills gone at once than is believable: mostly a permission, sometimes a deletion."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ml_connector.domain.bills import Bill, BillState
from ml_connector.domain.instants import to_text
from ml_connector.errors import SourceUnavailable
from tests.support.bills import COMPANY
from tests.support.paying import PayingOffice
from tests.support.polling import FLOW


def office_with(count: int = 10) -> PayingOffice:
    """An office where so many bills were told and wait, on a Monday."""
    office = PayingOffice()
    for number in range(count):
        office.intacct.submit(str(number))
    office.poll()
    return office


def take_away(office: PayingOffice, count: int = 7) -> dict[str, Bill]:
    """These bills are shown no more; what they were."""
    taken = {str(number): office.intacct.bills[str(number)] for number in range(count)}
    office.intacct.delete(*taken)
    return taken


def poll_for(office: PayingOffice, hours: int) -> None:
    for _ in range(hours):
        office.poll(minutes=60)


def ended(office: PayingOffice) -> list[str]:
    return sorted(case.end_reason for case in office.tables.cases.values() if case.state.ended)


# ------------------------------------------------------------------------------ in doubt
def test_when_too_many_vanish_nothing_is_cancelled_and_somebody_is_called() -> None:
    office = office_with(12)
    take_away(office, 6)
    assert office.poll().ended == 0
    assert {case.state.value for case in office.tables.cases.values()} == {"open"}
    assert all(document.waiting for document in office.tables.documents.values())
    (line,) = office.telemetry.said("bills_vanished", "error")
    assert (line.fields["bills"], line.fields["waiting"]) == (6, 12)
    assert "ml-connector alerts gone --company acme" in str(line.fields["fix"])
    assert office.telemetry.metrics["PollsFailed"] == 1
    assert office.tables.companies[COMPANY].last_error == "bills_vanished"


def test_while_too_many_are_missing_everything_else_goes_on() -> None:
    office = office_with(12)
    office.paying.pay("50")
    office.poll()
    take_away(office, 6)
    office.intacct.submit("new")
    office.intacct.move("11", BillState.POSTED)
    office.paying.clear("50")
    report = office.poll()
    assert (report.alerts, report.ended) == (2, 1)
    assert office.payment_story("50") == [("payment.cleared", 1, "open")]
    assert office.dispatches("new")[0].id in office.queue.rung
    after = office.tables.companies[COMPANY]
    assert after.poll_succeeded_at == office.clock.now()
    assert after.watermark == office.intacct.bills["11"].modified
    assert office.poll().alerts == 0


def test_since_when_a_bill_has_been_missed_is_in_its_trail_once() -> None:
    office = office_with()
    take_away(office)
    office.poll()
    first = to_text(office.clock.now())
    office.poll()
    trail = [entry.data for entry in office.tables.chains["doc#acme#bill#0"]]
    assert [data.get("absent_since") for data in trail] == [None, first]
    assert office.all_chains_hold()


def test_in_a_maintenance_nobody_is_called() -> None:
    office = office_with()
    now = office.clock.now()
    window = {"from": to_text(now), "to": to_text(office.clock.ahead(7200))}
    acme = {**FLOW["companies"][COMPANY], "calendar": {"maintenance": [window]}}
    office.publish(companies={COMPANY: acme})
    take_away(office)
    office.poll()
    assert not office.telemetry.said("bills_vanished", "error")
    assert office.telemetry.said("bills_vanished", "event")
    assert office.telemetry.metrics["PollsFailed"] == 0


# ------------------------------------------------------------------------- they come back
def test_bills_that_come_back_were_never_gone() -> None:
    office = office_with(12)
    taken = take_away(office, 6)
    poll_for(office, 8)
    office.intacct.bills.update(taken)
    assert office.poll().events == 0
    assert office.document("0").absent_since is None
    assert office.tables.companies[COMPANY].last_error == ""
    assert len(office.queue.rung) == 12


def test_that_some_came_back_makes_the_others_no_less_doubtful() -> None:
    office = office_with()
    taken = take_away(office, 8)
    office.poll()
    office.intacct.bills.update({name: taken[name] for name in ("5", "6", "7")})
    office.poll()
    assert ended(office) == []
    assert office.telemetry.said("bills_vanished")[-1].fields["bills"] == 5


def test_a_row_with_a_state_nobody_knows_is_a_row() -> None:
    office = office_with()
    taken = take_away(office)
    office.poll()
    odd = replace(taken["0"], state=BillState.UNKNOWN, state_text="Parked")
    office.intacct.bills["0"] = replace(odd, modified=office.clock.now())
    office.poll()
    assert office.document("0").absent_since is None
    assert office.document("0").waiting


# ----------------------------------------------------------------------- they stay away
def test_bills_that_stay_away_for_a_day_of_complete_reads_were_deleted() -> None:
    office = office_with()
    take_away(office)
    office.poll()
    poll_for(office, 23)
    assert ended(office) == []
    poll_for(office, 1)
    assert ended(office) == ["bill.deleted"] * 7
    assert office.tables.companies[COMPANY].last_error == ""
    assert office.poll().outcome == "polled"
    assert office.all_chains_hold()


def test_a_weekend_is_no_day_on_which_anybody_would_have_noticed() -> None:
    office = office_with()
    poll_for(office, 24 * 4)  # Friday
    take_away(office)
    poll_for(office, 24 * 2)
    assert ended(office) == []
    poll_for(office, 25)
    assert ended(office) == ["bill.deleted"] * 7


def test_a_time_without_reads_is_no_time_of_absence() -> None:
    office = office_with()
    take_away(office)
    office.poll()
    poll_for(office, 20)
    for _ in range(4):
        office.intacct.errors.append(SourceUnavailable("down"))
        office.poll(minutes=60)
    poll_for(office, 2)
    assert ended(office) == []
    poll_for(office, 23)
    assert ended(office) == ["bill.deleted"] * 7


def test_each_bill_has_a_day_of_its_own() -> None:
    office = office_with()
    take_away(office)
    office.poll()
    poll_for(office, 22)
    office.intacct.delete("9")
    poll_for(office, 2)
    assert ended(office) == ["bill.deleted"] * 7
    assert office.document("9").waiting
    poll_for(office, 24)
    assert ended(office) == ["bill.deleted"] * 8


def test_a_bill_taken_for_deleted_that_shows_up_again_is_told_again() -> None:
    office = office_with()
    taken = take_away(office)
    poll_for(office, 26)
    office.intacct.bills.update(taken)
    assert office.poll().alerts == 7
    assert office.story("0")[-1] == ("bill.submitted", 2, "open")


# ------------------------------------------------------------------------ somebody says so
@pytest.mark.parametrize("back", [False, True])
def test_what_an_operator_says_is_gone_goes_with_the_next_poll_unless_it_is_there(
    back: bool,
) -> None:
    office = office_with()
    taken = take_away(office)
    office.poll()
    for key, document in office.tables.documents.items():
        if document.absent_since:
            office.tables.documents[key] = replace(document, said_gone=True)
    if back:
        office.intacct.bills.update(taken)
    office.poll()
    assert ended(office) == ([] if back else ["bill.deleted"] * 7)
    assert not office.document("0").said_gone
