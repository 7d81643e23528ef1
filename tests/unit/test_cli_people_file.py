"""Approvers as CSV: what is taken, and every bad row at once."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.console.failures import Failure
from cli.files.people_file import COLUMNS, Row, parse_people, read_people, write_people
from ml_connector.domain.approvers import Approver
from tools.tree import ROOT

HEAD = "id,name,phone,active\n"


def findings(text: str) -> list[tuple[int, str, str]]:
    _rows, found = parse_people(text)
    assert found
    return [(finding.line, finding.column, finding.found) for finding in found]


def test_the_example_is_taken() -> None:
    rows = read_people(ROOT / "flows" / "approvers.example.csv")
    assert [row.id for row in rows] == ["ann", "bob", "cho", "dee"]
    assert rows[-1] == Row("dee", "Dee Deputy", "", active=False, channels=("sms",), manager="cho")
    assert rows[1] == Row(
        "bob",
        "Bob Approver",
        "+15550100002",
        user="bob.approver",
        cost_centres=("400",),
        zone="America/New_York",
        manager="cho",
        substitute="cho",
        away_from=date(2026, 12, 24),
        away_until=date(2027, 1, 2),
        consent_on=date(2026, 1, 15),
        consent_source="form 12",
        calls_when_opted_out=True,
    )


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
        ("ann,Ann,+1 555 010 0001 ext 5,true", "phone"),
        ("ann,Ann,(555) 010-0001,true", "phone"),
        ("ann,Ann,+1 555,true", "phone"),
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
        ("id,name,phone,name\n", "id,name,phone,name"),
        (HEAD, "no rows"),
    ],
)
def test_other_columns_and_no_rows_are_refused(text: str, found: str) -> None:
    assert findings(text) == [(1, "", found)]


def test_a_quote_that_never_ends_is_refused() -> None:
    assert findings(HEAD + 'ann,"Ann,+15550100001,true\n')[0][1:] == ("", "unexpected end of data")


def test_an_unknown_column_is_named() -> None:
    _rows, (finding,) = parse_people("id,name,phone,salt,sort\n")
    assert finding.expected.endswith("; unknown: 'salt', 'sort'")


@pytest.mark.parametrize(
    "phone", ["+1 (555) 010-0001", "+1.555.010.0001", "+1-555-010-0001", "+1\u00a0555 0100001"]
)
def test_marks_between_the_digits_are_taken_out(phone: str) -> None:
    assert parse_people(HEAD + f"ann,Ann,{phone},true\n")[0][0].phone == "+15550100001"


def row(**cells: str) -> str:
    """A file of one good person, with these cells changed."""
    good = dict.fromkeys(COLUMNS, "") | {"id": "ann", "name": "Ann Approver", "active": "yes"}
    quoted = [f'"{cell}"' for cell in (good | cells).values()]
    return f"{','.join(COLUMNS)}\n{','.join(quoted)}\n"


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("user", "x" * 101),
        ("cost_centres", f"300;{'9' * 101}"),
        ("channels", "sms;fax"),
        ("channels", ";"),
        ("channels", "none;sms"),
        ("language", "fr"),
        ("language", "en-FR"),
        ("language", "es-"),
        ("zone", "America/Springfield"),
        ("zone", "CST6"),
        ("manager", "somebody else"),
        ("substitute", "-"),
        ("away_from", "24.12.2026"),
        ("away_from", "20261224"),
        ("away_until", "2026-02-30"),
        ("consent_on", "yesterday"),
        ("consent_on", "2126-01-15"),
        ("consent_source", "x" * 201),
        ("consent_source", "a\nb"),
        ("calls_when_opted_out", "perhaps"),
        ("manager", "zed"),
        ("substitute", "ann"),
    ],
)
def test_a_bad_cell_of_any_column_is_named(column: str, cell: str) -> None:
    (found,) = findings(row(**{column: cell}))
    assert found[1] == column


@pytest.mark.parametrize(
    ("column", "cell", "said"),
    [
        ("cost_centres", " 300 ; ;310;300", ("300", "310")),
        ("channels", "Voice; sms", ("sms", "voice")),
        ("channels", "voice", ("voice",)),
        ("channels", "NONE", ()),
        ("channels", "", ("sms", "voice")),
        ("language", "ES", "es"),
        ("language", "es-es", "es-ES"),
        ("language", "EN-gb", "en-GB"),
        ("language", "", "en"),
        ("zone", "America/Chicago", "America/Chicago"),
        ("away_from", "2028-02-29", date(2028, 2, 29)),
        ("calls_when_opted_out", "", False),
        ("calls_when_opted_out", "Yes", True),
    ],
)
def test_what_a_cell_means(column: str, cell: str, said: object) -> None:
    rows, found = parse_people(row(**{column: cell}))
    assert found == []
    assert getattr(rows[0], column) == said


@pytest.mark.parametrize(
    ("first", "last", "column"),
    [("", "2026-12-24", "away_from"), ("2026-12-24", "2026-12-23", "away_until")],
)
def test_an_absence_begins_before_it_ends(first: str, last: str, column: str) -> None:
    (found,) = findings(row(away_from=first, away_until=last))
    assert found[1] == column


def test_columns_that_a_file_leaves_out_are_known_to_be_missing() -> None:
    rows, found = parse_people("id,name,phone,zone\nann,Ann Approver,,\n")
    assert found == []
    assert rows == [Row("ann", "Ann Approver", "")]
    assert rows[0].columns == {"id", "name", "phone", "zone"}


TIES = "id,name,phone,manager,substitute,active\n"


def test_chains_that_lead_in_a_circle_are_said_once_where_they_begin() -> None:
    text = TIES + (
        "ann,Ann,,bob,bob,yes\nbob,Bob,,cho,ann,yes\ncho,Cho,,bob,,yes\ndee,Dee,,ann,ann,yes\n"
    )
    assert findings(text) == [
        (2, "substitute", "ann > bob > ann"),
        (3, "manager", "bob > cho > bob"),
    ]


def test_two_active_people_cannot_share_a_number() -> None:
    text = TIES + (
        "ann,Ann,+15550100001,,,yes\n"
        "bob,Bob,+15550100001,,,no\n"
        "cho,Cho,+1 555 010 0001,,,yes\n"
        "dee,Dee,,,,yes\n"
        "eve,Eve,,,,yes\n"
    )
    _rows, (finding,) = parse_people(text)
    assert (finding.line, finding.column) == (4, "phone")
    assert "line 2 has it already" in finding.expected
    assert "5550100001" not in finding.said("people.csv")


def test_two_active_people_cannot_share_a_login() -> None:
    text = (
        "id,name,phone,user,active\n"
        "ann,Ann,+15550100001,approver,yes\n"
        "bob,Bob,+15550100002,Approver,yes\n"
        "cho,Cho,+15550100003,approver,no\n"
        "dee,Dee,+15550100004,,yes\n"
        "eve,Eve,+15550100005,,yes\n"
    )
    _rows, (finding,) = parse_people(text)
    assert (finding.line, finding.column) == (3, "user")
    assert finding.expected == "a login of its own: line 2 has it already"


def test_people_who_stay_may_be_named_and_keep_their_numbers() -> None:
    zed = Approver("zed", "Zed", "+15550100009", "s", manager="ann")
    text = TIES + "ann,Ann,+15550100009,zed,zed,yes\n"
    assert parse_people(text)[1] != []
    _rows, found = parse_people(text, [zed])
    assert [(f.column, f.found) for f in found] == [
        ("phone", "the same number again"),
        ("manager", "ann > zed > ann"),
    ]


def test_rows_with_other_faults_are_still_known_to_the_rest() -> None:
    text = TIES + "ann,Ann,+15550100001,bob,,yes\nbob,,+15550100002,,,yes\n"
    assert findings(text) == [(3, "name", "")]


names = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=100)
ids = st.from_regex(r"\A[a-z0-9][a-z0-9.-]{0,20}\Z").filter(lambda text: text != "approver")
days = st.none() | st.dates(date(2000, 1, 1), date(2099, 12, 31))
people = st.lists(
    st.builds(
        Row,
        id=ids,
        name=names,
        phone=st.just("") | st.integers(10**7, 10**14 - 1).map(lambda n: f"+1{n}"),
        active=st.booleans(),
        user=st.just("") | names,
        cost_centres=st.lists(
            st.text(
                st.characters(exclude_categories=("C", "Z"), exclude_characters=";"), min_size=1
            ).filter(lambda text: len(text) <= 100),
            max_size=3,
            unique=True,
        ).map(tuple),
        channels=st.sampled_from([(), ("sms",), ("voice",), ("sms", "voice")]),
        language=st.sampled_from(["en", "es"]),
        zone=st.sampled_from(["", "UTC", "America/Chicago"]),
        away_from=days,
        consent_on=st.none() | st.dates(max_value=date(2026, 1, 1)),
        consent_source=st.just("") | names,
        calls_when_opted_out=st.booleans(),
    ),
    min_size=1,
    max_size=5,
    unique_by=(
        lambda row: row.id,
        lambda row: row.phone or row.id,
        lambda row: row.user.casefold() or row.id,
    ),
)


@given(people)
def test_what_is_written_is_read_back(rows: list[Row]) -> None:
    assert parse_people(write_people(rows)) == (rows, [])


@given(st.text(max_size=300))
def test_any_text_is_rows_or_findings(text: str) -> None:
    rows, found = parse_people(HEAD + text)
    assert rows or found
