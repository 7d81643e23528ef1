"""What a query is refused for, what of it, and what is just allowed."""

from __future__ import annotations

from decimal import Decimal

import pytest

from sandbox.intacct import IntacctSimulator, Options
from sandbox.intacct.caller import Caller
from tests.adapters.intacct_queries.asking import compare


@pytest.mark.parametrize("name", ["NOPE", "recordno", "VENDOR.NOPE", "NOPE.NAME", "EINVOICESTATUS"])
@pytest.mark.parametrize("place", ["select", "filter", "order"])
def test_an_unknown_field_fails_the_function_and_is_named(
    caller: Caller, name: str, place: str
) -> None:
    fields = ("RECORDNO", name) if place == "select" else ("RECORDNO",)
    filters = compare("equalto", name, "1") if place == "filter" else ""
    rest = f"<orderby><order><field>{name}</field></order></orderby>" if place == "order" else ""
    answer = caller.query("APBILL", *fields, filters=filters, rest=rest)
    assert answer.text("operation/result/status") == "failure"
    number, text = answer.errors()[0]
    assert number == "DL02000001"
    assert name.removeprefix("VENDOR.") in text


def test_a_field_one_tenant_lacks_is_gone_from_lookup_and_unknown(
    sim: IntacctSimulator, caller: Caller
) -> None:
    sim.admin.settings(absent=["APBILL.TAXSOLUTIONID"])
    assert caller.query("APBILL", "TAXSOLUTIONID").errors()[0][0] == "DL02000001"
    lookup = caller.run("<lookup><object>APBILL</object></lookup>")
    listed = [field.text for field in lookup.root.iter("ID")]
    assert "TAXSOLUTIONID" not in listed
    assert "EINVOICESTATUS" in listed


@pytest.mark.parametrize(
    ("name", "field"),
    [("USERINFO", "CONTACT.CELLPHONE"), ("DEPARTMENT", "PARENT.PARENT.TITLE")],
    ids=["not many-to-one", "two steps up"],
)
def test_paths_that_lead_nowhere_are_refused(caller: Caller, name: str, field: str) -> None:
    assert caller.query(name, field).errors()[0][0] == "DL02000001"


def test_one_step_up_a_hierarchy_is_allowed(caller: Caller) -> None:
    filters = compare("equalto", "DEPARTMENTID", "210")
    answer = caller.query("DEPARTMENT", "PARENT.TITLE", "PARENTID", filters=filters)
    assert answer.rows() == [{"PARENT.TITLE": "Operations", "PARENTID": "200"}]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("WHENMODIFIED", "2026-09-21T14:13:30Z"),
        ("WHENMODIFIED", "13/31/2026 00:00:00"),
        ("WHENDUE", "soon"),
        ("RECORDNO", "one"),
        ("TOTALDUE", "NaN"),
    ],
)
def test_a_literal_of_the_wrong_kind_fails_the_function(
    caller: Caller, field: str, value: str
) -> None:
    answer = caller.query("APBILL", "RECORDNO", filters=compare("equalto", field, value))
    assert answer.errors()[0][0] == "DL02000001"


def test_a_missing_permission_is_told_per_object(sim: IntacctSimulator, caller: Caller) -> None:
    sim.admin.settings(denied=["APPYMT", "AUDITHISTORY"])
    number, text = caller.query("APPYMT", "RECORDNO").errors()[0]
    assert number == "PL04000005"
    assert "on objects of type APPYMT" in text
    number, text = caller.query("AUDITHISTORY", "ID").errors()[0]
    assert number == ""
    assert "do not have permission to view audit history" in text
    assert caller.query("APBILL").errors() == []
    assert caller.run("<lookup><object>APPYMT</object></lookup>").errors() == []


def test_audit_history_takes_codes_and_the_bill_takes_labels(
    sim: IntacctSimulator, caller: Caller
) -> None:
    sim.admin.approve(1, Options(by="ann.approver"))
    conditions = (("OBJECTKEY", "1"), ("ACCESSMODE", "W"), ("WORKFLOWACTION", "approve"))
    wanted = f"<and>{''.join(compare('equalto', *pair) for pair in conditions)}</and>"
    answer = caller.query(
        "AUDITHISTORY", "OBJECTTYPE", "USERID", "WORKFLOWACTION", "ACCESSMODE", filters=wanted
    )
    assert answer.rows() == [
        {
            "OBJECTTYPE": "apbill",
            "USERID": "ann.approver",
            "WORKFLOWACTION": "approve",
            "ACCESSMODE": "W",
        }
    ]


def test_a_payments_state_is_a_label_or_a_code_by_setting(
    sim: IntacctSimulator, caller: Caller
) -> None:
    sim.admin.create_payment([4], state="Approved")
    assert caller.query("APPYMT", "STATE", filters=compare("equalto", "STATE", "Approved")).rows()
    sim.admin.settings(payment_state_codes=True)
    coded = caller.query(
        "APPYMT", "STATE", "DISPLAYSTATE", filters=compare("equalto", "STATE", "A")
    )
    assert coded.rows() == [{"STATE": "A", "DISPLAYSTATE": "Approved"}]


ONE = compare("equalto", "RECORDNO", "1")


@pytest.mark.parametrize(
    ("filters", "rest"),
    [
        (ONE + ONE, ""),
        (f"<and>{ONE}</and>", ""),
        ("<or></or>", ""),
        (f"<not>{ONE}</not>", ""),
        (compare("between", "RECORDNO", "1"), ""),
        (compare("between", "RECORDNO", "1", "2", "3"), ""),
        (compare("in", "RECORDNO"), ""),
        (compare("in", "RECORDNO", *map(str, range(1001))), ""),
        (compare("equalto", "RECORDNO", "1", "2"), ""),
        (compare("isnull", "RECORDNO", "1"), ""),
        ("<equalto><value>1</value><field>RECORDNO</field></equalto>", ""),
        ("<and>" * 60 + ONE + "</and>" * 60, ""),
        ("", "<pagesize>2001</pagesize>"),
        ("", "<pagesize>0</pagesize>"),
        ("", "<pagesize>many</pagesize>"),
        ("", "<offset>-1</offset>"),
        ("", "<pagesize>1</pagesize><pagesize>2</pagesize>"),
        ("", "<limit>1</limit>"),
        ("", "<filter/>"),
        ("", "<orderby/>"),
        ("", "<orderby><order><ascending/><field>RECORDNO</field></order></orderby>"),
        ("", "<orderby><order><field>RECORDNO</field><down/></order></orderby>"),
        ("", "<options><returnformat>pdf</returnformat></options>"),
        (
            "",
            "<options><showprivate>true</showprivate><caseinsensitive>true</caseinsensitive></options>",
        ),
        ("", "<options><includePrivate>true</includePrivate></options>"),
    ],
)
def test_what_the_schema_forbids_is_refused_before_anything_runs(
    sim: IntacctSimulator, caller: Caller, filters: str, rest: str
) -> None:
    answer = caller.query("APBILL", "RECORDNO", filters=filters, rest=rest)
    assert [number for number, _ in answer.errors()] == ["XL03000003"]
    assert answer.text("control/status") == "failure"
    assert answer.root.find("operation") is None
    assert sim.admin.tally()["queries"] == 0


def test_a_thousand_values_and_two_thousand_rows_are_allowed(caller: Caller) -> None:
    filters = compare("in", "RECORDNO", *map(str, range(1000)))
    assert caller.query("APBILL", filters=filters, rest="<pagesize>2000</pagesize>").errors() == []


def test_select_needs_fields_and_knows_no_star(caller: Caller) -> None:
    empty = caller.run("<query><object>APBILL</object><select/></query>")
    assert empty.errors()[0][0] == "XL03000003"
    assert caller.query("APBILL", "*").errors()[0][0] == "DL02000001"


def test_every_object_answers_a_query_on_every_field_lookup_calls_queryable(
    sim: IntacctSimulator, caller: Caller
) -> None:
    bill = sim.admin.create_bill("V-100", Decimal("12.34"), state="Posted")
    payment = sim.admin.create_payment([bill.recordno])
    sim.admin.payment(payment.recordno, "confirm")
    listed = [element.attrib["typename"].upper() for element in caller.run(
        "<inspect><object>*</object></inspect>"
    ).data()]  # fmt: skip
    assert {"APBILL", "APBILLITEM", "APPYMT", "APPYMTDETAIL", "VENDOR", "USERINFO", "EMPLOYEE",
            "DEPARTMENT", "LOCATION", "LOCATIONENTITY", "CLASS", "PROJECT", "GLACCOUNT",
            "AUDITHISTORY"} <= set(listed)  # fmt: skip
    refused = {"APBILL": {"EINVOICESTATUS"}, "APBILLITEM": {"MEGAENTITYID"},
               "PROJECT": {"CFDA", "FUNDEDNAME"}}  # fmt: skip
    for name in listed:
        lookup = caller.run(f"<lookup><object>{name}</object></lookup>")
        fields = [found.text or "" for found in lookup.root.iter("ID")]
        answer = caller.query(name, *(f for f in fields if f not in refused.get(name, set())))
        assert answer.errors() == [], name
        assert int(answer.data().attrib["count"]) > 0, name
