"""What each filter finds, and for whom."""

from __future__ import annotations

import pytest

from sandbox.intacct import IntacctSimulator
from sandbox.intacct.caller import Caller
from tests.adapters.intacct_queries.asking import compare, found

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
