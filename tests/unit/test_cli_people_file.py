"""Approvers as CSV: what is taken, and every bad row at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.console.failures import Failure
from cli.files.people_file import Row, parse_people, read_people, write_people
from tools.tree import ROOT

HEAD = "id,name,phone,active\n"


def findings(text: str) -> list[tuple[int, str, str]]:
    _rows, found = parse_people(text)
    assert found
    return [(finding.line, finding.column, finding.found) for finding in found]


def test_the_example_is_taken() -> None:
    rows = read_people(ROOT / "flows" / "approvers.example.csv")
    assert [row.id for row in rows] == ["ann", "bob", "cho", "dee"]
    assert rows[-1] == Row("dee", "Dee Deputy", "", active=False)


@pytest.mark.parametrize(
    "text",
    [
        HEAD + "ann,Ann Approver,+15550100001,true\n",
        "\ufeff" + HEAD + "ann,Ann Approver,+15550100001,TRUE\r\n",
        "id;name;phone;active\nann;Ann Approver;+15550100001;yes\n",
        "Active, Phone, Name, ID\n1, +15550100001 , Ann Approver , ann\n",
        HEAD + '# a comment, with commas\n\n"ann","Ann Approver","+15550100001",true',
    ],
)
def test_what_spreadsheets_make_of_csv_is_taken(tmp_path: Path, text: str) -> None:
    path = tmp_path / "people.csv"
    path.write_text(text, newline="")
    assert read_people(path) == [Row("ann", "Ann Approver", "+15550100001", active=True)]


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ("ann approver,Ann,+15550100001,true", "id"),
        (",Ann,+15550100001,true", "id"),
        ("approver,Ann,+15550100001,true", "id"),
        (f"{'a' * 65},Ann,+15550100001,true", "id"),
        ("ann,,+15550100001,true", "name"),
        (f"ann,{'n' * 101},+15550100001,true", "name"),
        ("ann,Ann\x1b[31m,+15550100001,true", "name"),
        ("ann,Ann,15550100001,true", "phone"),
        ("ann,Ann,+1 555 010 0001,true", "phone"),
        ("ann,Ann,+015550100001,true", "phone"),
        ("ann,Ann,1.5550100001E+10,true", "phone"),
        ("ann,Ann,+15550100001,maybe", "active"),
        ("ann,Ann,+15550100001,", "active"),
        ("ann,Ann,+15550100001", ""),
        ("ann,Ann,+15550100001,true,more", ""),
    ],
)
def test_a_bad_cell_is_named_with_line_and_column(row: str, column: str) -> None:
    good = "bob,Bob Approver,+15550100002,true\n"
    assert [finding[:2] for finding in findings(f"{HEAD}{good}{row}\n")] == [(3, column)]


def test_everything_wrong_is_listed_at_once(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text(
        HEAD + "ann,Ann,+15550100001,true\n" + "ann,,555,perhaps\n" + "bob,Bob,+15550100002,no\n"
    )
    with pytest.raises(Failure) as caught:
        read_people(path)
    assert caught.value.line == f"{path}: 1 line is wrong; nothing was imported"
    assert [detail.removeprefix(f"{path}:3: ") for detail in caught.value.details] == [
        "id: found 'ann', expected an id of its own: line 2 has it already",
        "name: found '', expected a name of 1 to 100 printable characters",
        (
            "phone: found '555', expected E.164: + and country code, then digits only, such as "
            "+15550100123 (phone number has no + and country code)"
        ),
        "active: found 'perhaps', expected true or false",
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", ""),
        ("name,phone\nAnn,+15550100001\n", "name,phone"),
        ("id,name,phone,active,salt\n", "id,name,phone,active,salt"),
        (HEAD, "no rows"),
    ],
)
def test_other_columns_and_no_rows_are_refused(text: str, found: str) -> None:
    assert findings(text) == [(1, "", found)]


def test_a_quote_that_never_ends_is_refused() -> None:
    assert findings(HEAD + 'ann,"Ann,+15550100001,true\n')[0][1:] == ("", "unexpected end of data")


names = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=100)
people = st.lists(
    st.builds(
        Row,
        st.from_regex(r"\A[a-z0-9][a-z0-9._-]{0,20}\Z").filter(lambda text: text != "approver"),
        names,
        st.from_regex(r"\A(\+[1-9][0-9]{6,14})?\Z"),
        st.booleans(),
    ),
    min_size=1,
    max_size=5,
    unique_by=lambda row: row.id,
)


@given(people)
def test_what_is_written_is_read_back(rows: list[Row]) -> None:
    assert parse_people(write_people(rows)) == (rows, [])


@given(st.text(max_size=300))
def test_any_text_is_rows_or_findings(text: str) -> None:
    rows, found = parse_people(HEAD + text)
    assert rows or found
