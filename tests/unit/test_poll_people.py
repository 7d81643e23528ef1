"""Who is told when the person a rule means cannot be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from tests.support.polling import Office


def told(office: Office, record_no: str) -> Mapping[str, Any]:
    """What the audit says about the first step."""
    (case,) = office.cases(record_no)
    data = cast("Mapping[str, Any]", office.tables.chains[case.chain][0].data)
    first: Mapping[str, Any] = data["alerts"][0]
    return first


def change(office: Office, name: str, **changes: Any) -> None:
    office.approvers.put(replace(office.approvers.people[name], **changes))


def test_an_approver_without_a_phone_is_passed_over_for_the_default_and_the_audit_says_so() -> None:
    office = Office()
    change(office, "ann", phone="")
    office.intacct.submit("1")
    assert office.poll().alerts == 1
    assert [dispatch.recipient for dispatch in office.dispatches("1")] == ["dee"]
    assert told(office, "1")["passed_over"] == [{"approver": "ann", "reason": "no phone number"}]
    assert not office.telemetry.said("approver_unreachable")


def test_an_approver_nobody_knows_is_passed_over_too() -> None:
    office = Office()
    del office.approvers.people["ann"]
    office.intacct.submit("1")
    office.poll()
    assert told(office, "1")["passed_over"] == [{"approver": "ann", "reason": "unknown approver"}]


def test_when_nobody_is_left_an_operator_hears_of_it() -> None:
    office = Office()
    change(office, "ann", phone="")
    change(office, "dee", opted_out=True)
    office.intacct.submit("1")
    report = office.poll()
    assert report.outcome == "polled"
    assert office.telemetry.metrics["AlertsFailed"] == 1
    (line,) = office.telemetry.said("approver_unreachable", "error")
    assert line.fields["approver"] == "ann"
    assert office.story("1") == [("bill.submitted", 1, "open")]
    assert told(office, "1")["stopped"] == "no_channel"
    assert not office.queue.rung


def test_an_approver_without_a_salt_does_not_keep_the_company_from_being_polled() -> None:
    office = Office()
    change(office, "ann", salt="")
    office.intacct.submit("1")
    assert office.poll().outcome == "polled"
    assert [dispatch.recipient for dispatch in office.dispatches("1")] == ["dee"]


def test_a_person_who_got_a_phone_is_told_of_the_next_bill() -> None:
    office = Office()
    change(office, "ann", phone="")
    office.intacct.submit("1")
    office.poll()
    change(office, "ann", phone="+15550100077")
    office.intacct.submit("2")
    office.poll()
    assert [dispatch.recipient for dispatch in office.dispatches("2")] == ["ann"]


def test_no_name_number_or_text_is_said_to_operators() -> None:
    office = Office()
    change(office, "ann", phone="")
    change(office, "dee", phone="")
    office.intacct.submit("1")
    office.poll()
    said = repr([line.fields for line in office.telemetry.lines])
    for secret in ("Baker Steel", "Approver", "+1555", "12,500", "INV-1"):
        assert secret not in said
