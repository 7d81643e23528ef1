"""The pages: what a row looks like, their order, sums, JSON and CSV."""

from __future__ import annotations

import csv
import io
import json

from sandbox.intacct import IntacctSimulator, Recipe, SandboxClock
from sandbox.intacct.caller import Caller
from tests.adapters.intacct_queries.asking import BY_NUMBER, PRIVATE, START, compare


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
