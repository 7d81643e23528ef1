"""`query`: what each filter finds, the order, the pages, and what it refuses."""

import csv
import io
import json
from decimal import Decimal

import pytest

from sandbox.intacct import IntacctSimulator, Options, Recipe, SandboxClock
from sandbox.intacct.caller import Caller

START = 1_790_000_000  # 2026-09-21T14:13:20Z
PRIVATE = "<options><showprivate>true</showprivate></options>"
BY_NUMBER = "<orderby><order><field>RECORDNO</field><ascending/></order></orderby>"


@pytest.fixture
def sim() -> IntacctSimulator:
    """A company with no bills but these five.

    1 Submitted 100 USD, due 2026-10-01, "Rush"; 2 Submitted 200 GBP, no description;
    3 Partially Approved 50.5 USD, no WHENMODIFIED; 4 Posted 3797 USD, "rush 100%"; 5 Draft 0 USD,
    belongs to entity E100. Bill n is stamped START + 10 n.
    """
    sim = IntacctSimulator(Recipe(bills=0), clock=SandboxClock(START))
    rows: list[dict[str, object]] = [
        {"vendor": "V-100", "amount": "100", "state": "Submitted", "description": "Rush"},
        {"vendor": "V-101", "amount": "200", "currency": "GBP", "state": "Submitted"},
        {"vendor": "V-100", "amount": "50.50", "state": "Partially Approved"},
        {"vendor": "V-105", "amount": "3797.00", "state": "Posted", "description": "rush 100%"},
        {"vendor": "V-106", "amount": "0", "state": "Draft", "entity": "E100"},
    ]
    for number, row in enumerate(rows, 1):
        stamp = "null" if number == 3 else "now"
        sim.admin.forward(10)
        sim.admin.call("POST", "bills", {**row, "number": f"N-{number}", "stamp": stamp})
    sim.admin.edit_bill(1, Options(stamp="keep"), fields={"WHENDUE": "2026-10-01"})
    return sim


@pytest.fixture
def caller(sim: IntacctSimulator) -> Caller:
    caller = Caller(sim.gateway.handle)
    caller.login()
    return caller


def found(caller: Caller, filters: str, options: str = PRIVATE) -> str:
    """Record numbers that a filter finds, joined."""
    answer = caller.query("APBILL", "RECORDNO", filters=filters, rest=BY_NUMBER + options)
    return "".join(answer.column("RECORDNO"))


def compare(operator: str, field: str, *values: str) -> str:
    literals = "".join(f"<value>{value}</value>" for value in values)
    return f"<{operator}><field>{field}</field>{literals}</{operator}>"


STAMP = "09/21/2026 14:13:"


@pytest.mark.parametrize(
    ("filters", "numbers"),
    [
        (compare("equalto", "STATE", "Submitted"), "12"),
        (compare("notequalto", "STATE", "Submitted"), "345"),
        (compare("in", "STATE", "Submitted", "Draft"), "125"),
        (compare("notin", "STATE", "Submitted", "Draft"), "34"),
        (compare("lessthan", "RECORDNO", "3"), "12"),
        (compare("lessthanorequalto", "RECORDNO", "3"), "123"),
        (compare("greaterthan", "RECORDNO", "3"), "45"),
        (compare("greaterthanorequalto", "RECORDNO", " 3 "), "345"),
        (compare("between", "RECORDNO", "2", "4"), "234"),
        (compare("between", "RECORDNO", "4", "2"), ""),
        # Numbers are compared as numbers, not as text.
        (compare("equalto", "TRX_TOTALENTERED", "100.00"), "1"),
        (compare("greaterthan", "TRX_TOTALENTERED", "99"), "124"),
        (compare("in", "TRX_TOTALENTERED", "0", "50.5"), "35"),
        # Dates; a time beside a date is left out of account.
        (compare("equalto", "WHENDUE", "10/01/2026"), "1"),
        (compare("greaterthan", "WHENDUE", "10/01/2026 09:00:00"), "2345"),
        # Stamps to the second, in the user's offset (UTC here).
        (compare("equalto", "WHENMODIFIED", STAMP + "30"), "1"),
        (compare("greaterthan", "WHENMODIFIED", STAMP + "30"), "245"),
        (compare("between", "WHENMODIFIED", STAMP + "30", STAMP + "40"), "12"),
        (compare("greaterthanorequalto", "WHENMODIFIED", "09/21/2026"), "1245"),
        # Text is case-sensitive.
        (compare("equalto", "DESCRIPTION", "Rush"), "1"),
        (compare("equalto", "DESCRIPTION", "rush"), ""),
        (compare("like", "DESCRIPTION", "rush%"), "4"),
        (compare("like", "DESCRIPTION", "_ush%"), "14"),
        (compare("like", "RECORDNO", "%"), "12345"),
        (compare("notlike", "DESCRIPTION", "rush%"), "1"),
        # Null: only isnull finds it, and no comparison is true of it.
        (compare("isnull", "DESCRIPTION"), "235"),
        (compare("isnotnull", "DESCRIPTION"), "14"),
        (compare("notequalto", "DESCRIPTION", "Rush"), "4"),
        (compare("notin", "DESCRIPTION", "Rush", "else"), "4"),
        (compare("lessthan", "WHENMODIFIED", "01/01/2030"), "1245"),
        (compare("isnull", "WHENMODIFIED"), "3"),
        # An empty literal is null, so it matches nothing either way.
        (compare("equalto", "DESCRIPTION", ""), ""),
        (compare("notequalto", "DESCRIPTION", ""), ""),
        (compare("in", "DESCRIPTION", "", "Rush"), "1"),
        (compare("notin", "DESCRIPTION", "", "Rush"), ""),
        (compare("greaterthan", "RECORDNO", ""), ""),
        # Labels, not codes; RAWSTATE holds the codes.
        (compare("equalto", "STATE", "S"), ""),
        (compare("equalto", "STATE", "submitted"), ""),
        (compare("equalto", "RAWSTATE", "PA"), "3"),
        # Through a relation.
        (compare("equalto", "VENDOR.NAME", "Baker Steel"), "13"),
        (compare("isnull", "MELOCATION.NAME"), "1234"),
        (compare("equalto", "USERINFOMODIFIEDBY.LOGINID", "dee.clerk"), "12345"),
        # Groups, nested.
        (
            "<and>" + compare("equalto", "STATE", "Submitted")
            + compare("equalto", "CURRENCY", "GBP") + "</and>",
            "2",
        ),
        (
            "<or>" + compare("equalto", "RECORDNO", "5")
            + compare("isnull", "WHENMODIFIED") + "</or>",
            "35",
        ),
        (
            "<or>" + compare("greaterthan", "WHENMODIFIED", STAMP + "40")
            + "<and>" + compare("equalto", "WHENMODIFIED", STAMP + "40")
            + compare("greaterthan", "RECORDNO", "1") + "</and></or>",
            "245",
        ),
        (
            "<and><or>" + compare("in", "STATE", "Submitted", "Partially Approved")
            + compare("greaterthanorequalto", "WHENMODIFIED", "09/21/2026 14:14:10") + "</or>"
            + compare("greaterthan", "RECORDNO", "1") + "</and>",
            "235",
        ),
    ],
)  # fmt: skip
def test_what_a_filter_finds(caller: Caller, filters: str, numbers: str) -> None:
    assert found(caller, filters) == numbers


def test_case_can_be_ignored(caller: Caller) -> None:
    options = "<options><caseinsensitive>true</caseinsensitive></options>"
    assert found(caller, compare("equalto", "DESCRIPTION", "RUSH"), options) == "1"
    assert found(caller, compare("like", "DESCRIPTION", "RUSH%"), options) == "14"
    assert found(caller, compare("in", "STATE", "SUBMITTED", "posted"), options) == "124"
    assert found(caller, compare("greaterthan", "RECORDNO", "3"), options) == "4"


def test_records_of_an_entity_are_seen_from_the_top_only_with_showprivate(caller: Caller) -> None:
    assert found(caller, compare("isnotnull", "RECORDNO"), "") == "1234"
    assert found(caller, compare("isnotnull", "RECORDNO")) == "12345"


def test_an_entity_sees_its_own_and_the_shared_records(sim: IntacctSimulator) -> None:
    for entity, numbers in (("E100", "12345"), ("E200", "1234")):
        caller = Caller(sim.gateway.handle)
        caller.login(location=entity)
        assert found(caller, compare("isnotnull", "RECORDNO")) == numbers


def test_stamps_are_read_and_written_in_the_users_offset(
    sim: IntacctSimulator, caller: Caller
) -> None:
    for offset, written in (("-0730", "09/21/2026 06:43:30"), ("+09:30", "09/21/2026 23:43:30")):
        sim.admin.settings(utc_offset=offset)
        answer = caller.query(
            "APBILL", "WHENMODIFIED", "WHENDUE", filters=compare("equalto", "WHENMODIFIED", written)
        )
        assert answer.rows() == [{"WHENMODIFIED": written, "WHENDUE": "10/01/2026"}]
        zone = caller.run("<readUserFormatting><userId>sandbox-user</userId></readUserFormatting>")
        told = zone.text("operation/result/data/userformatting/gmtoffset") or ""
        assert told.replace(":", "") == offset.replace(":", "")


def test_a_page_has_the_documented_attributes_and_empty_elements_for_null(caller: Caller) -> None:
    rest = f"{BY_NUMBER}<pagesize>2</pagesize><offset>1</offset>"
    answer = caller.query("APBILL", "RECORDNO", "VENDOR.NAME", "DESCRIPTION", rest=rest)
    assert answer.data().attrib == {
        "listtype": "APBILL",
        "totalcount": "4",
        "offset": "1",
        "count": "2",
        "numremaining": "1",
    }
    assert answer.rows()[0] == {
        "RECORDNO": "2",
        "VENDOR.NAME": "Cedar Office Supply",
        "DESCRIPTION": "",
    }
    beyond = caller.query("APBILL", rest="<offset>9</offset>").data()
    assert (beyond.attrib["count"], beyond.attrib["numremaining"]) == ("0", "0")


def test_decimals_are_not_padded(caller: Caller) -> None:
    answer = caller.query("APBILL", "TRX_TOTALENTERED", rest=BY_NUMBER + PRIVATE)
    assert answer.column("TRX_TOTALENTERED") == ["100", "200", "50.5", "3797", "0"]


def test_special_characters_survive(sim: IntacctSimulator, caller: Caller) -> None:
    text = "Müller & <Söhne> \"quoted\" 'single' 試験 \U0001f9fe"
    sim.admin.edit_bill(1, description=text)
    filters = compare("equalto", "RECORDNO", "1")
    assert caller.query("APBILL", "DESCRIPTION", filters=filters).column("DESCRIPTION") == [text]


def test_the_default_page_has_a_hundred_rows() -> None:
    sim = IntacctSimulator(Recipe(bills=250))
    caller = Caller(sim.gateway.handle)
    caller.login()
    answer = caller.query("APBILL", rest=PRIVATE)
    assert answer.data().attrib["count"] == "100"
    assert answer.data().attrib["numremaining"] == "150"


def test_without_an_order_rows_are_shuffled_and_reshuffled_by_any_change() -> None:
    def numbers(seed: int, *, touch: bool = False) -> list[str]:
        sim = IntacctSimulator(Recipe(bills=60, seed=seed), clock=SandboxClock(START))
        if touch:
            sim.admin.edit_bill(1, description="touched")
        caller = Caller(sim.gateway.handle)
        caller.login()
        pages = [
            caller.query("APBILL", "RECORDNO", rest=f"{PRIVATE}<pagesize>20</pagesize>"
                         f"<offset>{offset}</offset>").column("RECORDNO")
            for offset in (0, 20, 40)
        ]  # fmt: skip
        listed = [number for page in pages for number in page]
        # A table at rest can be paged: every row once.
        assert sorted(listed, key=int) == [str(number) for number in range(1, 61)]
        return listed

    assert numbers(1) == numbers(1)
    assert numbers(1) != sorted(numbers(1), key=int)
    assert numbers(1) != numbers(2)
    assert numbers(1) != numbers(1, touch=True)


def test_one_second_may_hold_more_rows_than_a_page(sim: IntacctSimulator, caller: Caller) -> None:
    made = sim.admin.create_bills(2100, "V-100", "1", number="T", submit=True)
    order = "<orderby><order><field>WHENMODIFIED</field><descending/></order></orderby>"
    rest = f"{order}<pagesize>2000</pagesize>"
    page = caller.query("APBILL", "RECORDNO", "WHENMODIFIED", rest=rest)
    stamps = page.column("WHENMODIFIED")
    # Nulls come first when descending: the unstamped bill takes the first place.
    assert stamps[0] == ""
    assert len(set(stamps[1:])) == 1
    # Rows of one second come in no order of their own.
    numbers = [int(number) for number in page.column("RECORDNO")[1:]]
    assert set(numbers) < set(made)
    assert numbers != sorted(numbers)


def test_rows_are_ordered_by_several_fields(caller: Caller) -> None:
    rest = (
        "<orderby><order><field>STATE</field></order>"
        "<order><field>TRX_TOTALENTERED</field><descending/></order></orderby>"
    )
    answer = caller.query("APBILL", "RECORDNO", rest=rest)
    assert "".join(answer.column("RECORDNO")) == "3421"
    last = caller.query(
        "APBILL",
        "RECORDNO",
        rest="<orderby><order><field>DESCRIPTION</field><ascending/></order></orderby>",
    )
    assert "".join(last.column("RECORDNO"))[:2] == "14"


def test_aggregates_are_grouped_by_the_plain_fields(caller: Caller) -> None:
    select = (
        "<query><object>APBILL</object><select><field>CURRENCY</field><count>RECORDNO</count>"
        "<sum>TRX_TOTALENTERED</sum><min>WHENMODIFIED</min><max>RECORDNO</max>"
        "<avg>TRX_TOTALENTERED</avg></select>"
        "<orderby><order><field>CURRENCY</field></order></orderby></query>"
    )
    answer = caller.run(select)
    assert answer.rows() == [
        {
            "CURRENCY": "GBP",
            "COUNT.RECORDNO": "1",
            "SUM.TRX_TOTALENTERED": "200",
            "MIN.WHENMODIFIED": "09/21/2026 14:13:40",
            "MAX.RECORDNO": "2",
            "AVG.TRX_TOTALENTERED": "200",
        },
        {
            "CURRENCY": "USD",
            "COUNT.RECORDNO": "3",
            "SUM.TRX_TOTALENTERED": "3947.5",
            "MIN.WHENMODIFIED": "09/21/2026 14:13:30",
            "MAX.RECORDNO": "4",
            "AVG.TRX_TOTALENTERED": "1315.83",
        },
    ]
    assert answer.data().attrib["totalcount"] == "2"


def test_a_count_of_nothing_is_one_row_of_zero(caller: Caller) -> None:
    answer = caller.run(
        "<query><object>APBILL</object><select><count>RECORDNO</count><sum>TOTALDUE</sum></select>"
        f"<filter>{compare('equalto', 'STATE', 'Paid')}</filter></query>"
    )
    assert answer.rows() == [{"COUNT.RECORDNO": "0", "SUM.TOTALDUE": ""}]


def test_json_and_csv_are_bare(caller: Caller) -> None:
    rest = f"{BY_NUMBER}<options><returnformat>{{}}</returnformat></options>"
    as_json = caller.query("APBILL", "RECORDNO", "STATE", rest=rest.format("json")).reply
    assert as_json.content_type.startswith("application/json")
    assert json.loads(as_json.body)[0] == {"RECORDNO": "1", "STATE": "Submitted"}
    as_csv = caller.query("APBILL", "RECORDNO", "STATE", rest=rest.format("csv")).reply
    assert as_csv.content_type.startswith("text/csv")
    assert list(csv.reader(io.StringIO(as_csv.body.decode())))[:2] == [
        ["RECORDNO", "STATE"],
        ["1", "Submitted"],
    ]
    failed = caller.query("APBILL", "NOPE", rest=rest.format("json"))
    assert failed.reply.content_type.startswith("application/xml")
    assert failed.errors()[0][0] == "DL02000001"


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
