"""The legacy readers and the describing functions."""

import pytest

from sandbox.intacct import IntacctSimulator, Options, Recipe, SandboxClock
from sandbox.intacct.caller import Caller

START = 1_790_000_000  # 2026-09-21T14:13:20Z


@pytest.fixture
def sim() -> IntacctSimulator:
    """Four bills: 1 Submitted, 2 Posted, 3 Partially Approved, 4 Submitted and private to E100."""
    sim = IntacctSimulator(Recipe(bills=0), clock=SandboxClock(START))
    for number, state in enumerate(("Submitted", "Posted", "Partially Approved"), 1):
        sim.admin.create_bill("V-100", str(100 * number), number=f"Jane's {number}", state=state)
    sim.admin.create_bill("V-101", "7", state="Submitted", entity="E100", number="private")
    return sim


@pytest.fixture
def caller(sim: IntacctSimulator) -> Caller:
    caller = Caller(sim.gateway.handle)
    caller.login()
    return caller


def by_query(where: str, fields: str = "RECORDNO", rest: str = "") -> str:
    return (
        f"<readByQuery><object>APBILL</object><fields>{fields}</fields>"
        f"<query>{where}</query>{rest}</readByQuery>"
    )


@pytest.mark.parametrize(
    ("where", "numbers"),
    [
        ("", "123"),
        ("STATE = 'S'", "1"),
        # Raw codes here: a label finds nothing.
        ("STATE = 'Submitted'", ""),
        ("STATE in ('S','PA')", "13"),
        ("STATE not in ('S', 'PA')", "2"),
        ("STATE != 'S'", "23"),
        ("RECORDNO &gt; 1 AND RECORDNO &lt;= 3", "23"),
        ("RECORDNO &lt; 2 or RECORDNO >= 3", "13"),
        # AND binds tighter than OR.
        ("RECORDNO = 1 OR RECORDNO = 2 AND STATE = 'S'", "1"),
        ("(RECORDNO = 1 OR RECORDNO = 2) AND STATE = 'A'", "2"),
        (r"RECORDID = 'Jane\'s 2'", "2"),
        ("RECORDID like 'Jane%'", "123"),
        ("RECORDID not like '%1'", "23"),
        ("DESCRIPTION IS NULL", "123"),
        ("description is null", None),
        ("DESCRIPTION is not null", ""),
        ("TRX_TOTALENTERED >= 200", "23"),
        ("WHENMODIFIED >= '09/21/2026 14:13:20'", "123"),
        ("VENDOR.NAME = 'Baker Steel'", "123"),
        ("RECORDNO =", None),
        ("RECORDNO = 1 RECORDNO", None),
        ("(RECORDNO = 1", None),
        ("RECORDNO in 1", None),
        ("RECORDNO in (1", None),
        ("= 1", None),
        ("RECORDNO not = 1", None),
        ("RECORDNO = 'open", None),
        ("RECORDNO = )", None),
        ("(" * 60 + "RECORDNO = 1" + ")" * 60, None),
        ("RECORDNO = 1 ORDER BY RECORDNO", None),
    ],
)
def test_what_a_where_clause_finds(caller: Caller, where: str, numbers: str | None) -> None:
    answer = caller.run(by_query(where))
    if numbers is None:
        assert [number for number, _ in answer.errors()] == ["DL02000001"]
    else:
        assert "".join(sorted(answer.column("recordno"))) == numbers


def test_read_by_query_answers_in_lower_case_with_labels(caller: Caller) -> None:
    answer = caller.run(by_query("RECORDNO = 1", "RECORDNO, STATE,VENDOR.NAME"))
    [row] = answer.data()
    assert row.tag == "apbill"
    assert answer.rows() == [{"recordno": "1", "state": "Submitted", "vendor.name": "Baker Steel"}]
    assert answer.data().attrib["listtype"] == "apbill"


def test_read_more_goes_through_a_snapshot(sim: IntacctSimulator, caller: Caller) -> None:
    first = caller.run(by_query("", rest="<pagesize>2</pagesize>"))
    result = first.data().attrib["resultId"]
    assert (first.data().attrib["totalcount"], first.data().attrib["numremaining"]) == ("3", "1")
    sim.admin.delete_bill(1)
    sim.admin.delete_bill(2)
    sim.admin.delete_bill(3)

    more = caller.run(f"<readMore><resultId>{result}</resultId></readMore>")
    assert more.text("operation/result/function") == "readMore"
    numbers = first.column("recordno") + more.column("recordno")
    assert sorted(numbers) == ["1", "2", "3"]
    assert more.data().attrib["numremaining"] == "0"
    end = caller.run(f"<readMore><resultId>{result}</resultId></readMore>")
    assert end.data().attrib["count"] == "0"


def test_read_more_may_name_the_object(caller: Caller) -> None:
    caller.run(by_query("", rest="<pagesize>2</pagesize>"))
    more = caller.run("<readMore><object>APBILL</object></readMore>")
    assert more.data().attrib["count"] == "1"


def test_an_unknown_result_is_an_error(caller: Caller) -> None:
    answer = caller.run("<readMore><resultId>gone</resultId></readMore>")
    assert answer.text("operation/result/status") == "failure"


def test_an_empty_result_has_no_id(caller: Caller) -> None:
    answer = caller.run(by_query("RECORDNO = 99"))
    assert answer.data().attrib == {
        "listtype": "apbill",
        "count": "0",
        "totalcount": "0",
        "numremaining": "0",
        "resultId": "",
    }
    assert answer.rows() == []


def test_a_page_of_read_by_query_has_at_most_a_thousand_rows(caller: Caller) -> None:
    answer = caller.run(by_query("", rest="<pagesize>1001</pagesize>"))
    assert answer.errors()[0][0] == "XL03000003"


def test_arguments_other_clients_add_are_taken(caller: Caller) -> None:
    extra = "<pagesize>10</pagesize><returnFormat>xml</returnFormat><docparid/>"
    assert caller.run(by_query("", "*", extra)).errors() == []
    read = (
        "<read><object>APBILL</object><keys>1</keys><fields>*</fields>"
        "<returnFormat>xml</returnFormat><docparid></docparid></read>"
    )
    assert caller.run(read).errors() == []
    assert caller.run(by_query("", rest="<limit/>")).errors()[0][0] == "XL03000003"


def test_read_takes_record_numbers_and_leaves_out_what_is_gone(caller: Caller) -> None:
    answer = caller.run(
        "<read><object>APBILL</object><keys>3, 99,1,x</keys><fields>RECORDNO,STATE</fields></read>"
    )
    assert answer.data().attrib == {"listtype": "APBILL", "count": "2"}
    assert answer.rows() == [
        {"RECORDNO": "3", "STATE": "Partially Approved"},
        {"RECORDNO": "1", "STATE": "Submitted"},
    ]


def test_read_by_key_sees_private_records_and_listing_does_not(caller: Caller) -> None:
    read = "<read><object>APBILL</object><keys>4</keys><fields>RECORDID</fields></read>"
    assert caller.run(read).column("RECORDID") == ["private"]
    assert caller.run(by_query("RECORDNO = 4")).rows() == []


def test_reading_all_fields_of_a_bill_brings_its_lines(caller: Caller) -> None:
    answer = caller.run("<read><object>APBILL</object><keys>2</keys><fields>*</fields></read>")
    [bill] = answer.data()
    assert bill.findtext("RECORDID") == "Jane's 2"
    assert bill.findtext("DESCRIPTION") == ""
    assert [line.findtext("TRX_AMOUNT") for line in bill.findall("APBILLITEMS/APBILLITEM")] == [
        "200"
    ]


def test_an_unknown_field_in_read_is_told_in_the_errorno(caller: Caller) -> None:
    answer = caller.run("<read><object>APBILL</object><keys>1</keys><fields>NOPE</fields></read>")
    assert answer.errors()[0][0] == "Invalid fields list NOPE"


def test_at_most_a_hundred_keys_are_read_at_once(caller: Caller) -> None:
    keys = ",".join(map(str, range(101)))
    answer = caller.run(f"<read><object>APBILL</object><keys>{keys}</keys></read>")
    assert answer.errors()[0][0] == "XL03000003"


def test_read_by_name_takes_the_name_key(caller: Caller) -> None:
    user = caller.run(
        "<readByName><object>USERINFO</object><keys>sandbox-user</keys>"
        "<fields>RECORDNO</fields></readByName>"
    )
    assert user.rows() == [{"RECORDNO": "1"}]
    bill = caller.run("<readByName><object>APBILL</object><keys>2</keys></readByName>")
    assert bill.column("RECORDID") == ["Jane's 2"]


@pytest.mark.parametrize(
    ("function", "operation"),
    [
        ("<read><object>APBILL</object><keys>1</keys></read>", "READ"),
        ("<readByName><object>APBILL</object><keys>1</keys></readByName>", "READ_BY_NAME"),
        (by_query(""), "READ_BY_QUERY"),
    ],
)
def test_a_missing_permission_names_the_operation(
    sim: IntacctSimulator, caller: Caller, function: str, operation: str
) -> None:
    sim.admin.settings(denied=["APBILL"])
    number, text = caller.run(function).errors()[0]
    assert number == "PL04000005"
    assert f"API operation {operation} on objects of type APBILL" in text


def test_lookup_lists_fields_values_and_relations(caller: Caller) -> None:
    answer = caller.run("<lookup><object>APBILL</object></lookup>")
    [kind] = answer.data()
    assert answer.data().attrib == {"listtype": "All", "count": "1"}
    assert kind.attrib == {"Name": "APBILL", "DocumentType": ""}
    state = next(field for field in kind.iter("Field") if field.findtext("ID") == "STATE")
    assert [leaf.tag for leaf in state] == [
        "ID", "LABEL", "DESCRIPTION", "REQUIRED", "READONLY", "DATATYPE", "VALIDVALUES", "ISCUSTOM",
    ]  # fmt: skip
    assert {value.text for value in state.iter("VALIDVALUE")} == {
        "Draft", "Partially Approved", "Submitted", "Declined", "No Value", "Posted", "Paid",
        "Partially Paid", "Selected", "Reversed", "Reversal", "Analyzing",
    }  # fmt: skip
    vendor = kind.find("Relationships/Relationship")
    assert vendor is not None
    assert {leaf.tag: leaf.text for leaf in vendor} == {
        "OBJECTPATH": "VENDOR",
        "OBJECTNAME": "VENDOR",
        "LABEL": "Vendor",
        "RELATIONSHIPTYPE": "MANY2ONE",
        "RELATEDBY": "VENDORID",
    }


def test_inspect_lists_objects_and_fields(caller: Caller) -> None:
    listed = caller.run("<inspect><object>*</object></inspect>").data()
    assert {kind.attrib["typename"]: kind.text for kind in listed}["apbill"] == "AP bill"
    brief = caller.run('<inspect detail="0"><object>VENDOR</object></inspect>')
    assert "VENDORID" in [field.text for field in brief.root.iter("Field")]
    detailed = caller.run('<inspect detail="1"><object>VENDOR</object></inspect>')
    assert "VENDORID" in [name.text for name in detailed.root.iter("Name")]
    assert caller.run("<inspect><object>NOPE</object></inspect>").errors()[0][0] == "Query Failed"


def test_formatting_is_that_of_the_user_named(sim: IntacctSimulator, caller: Caller) -> None:
    sim.admin.settings(utc_offset="+0545", clock="12", locale="en_GB", date_format="/dmY")
    found = caller.run("<readUserFormatting><key>1</key></readUserFormatting>")
    [formatting] = found.data()
    assert {leaf.tag: leaf.text for leaf in formatting} == {
        "recordno": "1",
        "locale": "en_GB",
        "dateformat": "/dmY",
        "gmtoffset": "+05:45",
        "clock": "12",
    }
    sim.admin.settings(formatting_offset="+0000")
    wrong = caller.run("<readUserFormatting><key>1</key></readUserFormatting>")
    assert wrong.root.findtext(".//gmtoffset") == "+0000"
    nobody = caller.run("<readUserFormatting><key>99</key></readUserFormatting>")
    assert nobody.text("operation/result/status") == "failure"


def test_the_audit_trail_tells_who_did_what(sim: IntacctSimulator, caller: Caller) -> None:
    sim.admin.settings(audit_key_suffix="--REC", utc_offset="-0700")
    sim.admin.forward(60)
    sim.admin.decline(1, Options(by="bob.approver"))
    answer = caller.run(
        "<getAuditTrail><object>APBILL</object><recordNo>1</recordNo></getAuditTrail>"
    )
    last = answer.rows()[-1]
    assert last | {"trackingId": ""} == {
        "userId": "bob.approver",
        "object": "apbill",
        "objectKey": "1--REC",
        "accessTime": "2026-09-21T14:14:20+00:00",
        "accessMode": "workflow",
        "workflowAction": "decline",
        "webServer": "sandbox",
        "trackingId": "",
        "ipAddress": "192.0.2.10",
        "source": "ui",
    }
    assert [row["accessMode"] for row in answer.rows()] == ["create", "workflow", "workflow"]
    missing = caller.run("<getAuditTrail><object>APBILL</object></getAuditTrail>")
    assert missing.errors()[0][0] == "XL03000003"
