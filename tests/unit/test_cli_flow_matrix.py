"""The approval matrix: bands that fit together, and the rules they become."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.files.flow_file import FlowFile, read_flow
from cli.flow.matrix import parse_matrix
from cli.flow.problems import Wrong

HEAD = "company,from,to,currency,department,vendor,level 1,level 2,call above\n"
GOOD = (
    HEAD + ",0,10000,USD,,,ann,,\n,10000,50000,USD,,,ann,bob,25000\n,50000,,USD,,,bob,cho,25000\n"
)


def found(text: str) -> list[tuple[int, str, str]]:
    problems = parse_matrix(text, "matrix.csv")[1]
    return [
        (problem.line, problem.path, f"{problem.found} | {problem.expected}")
        for problem in problems
    ]


def flow_of(folder: Path, matrix: str, rules: str = "") -> FlowFile:
    (folder / "matrix.csv").write_text(matrix)
    path = folder / "flow.yaml"
    path.write_text(
        "schema: 1\ncompanies: {acme: {name: Acme, zone: UTC}, beta: {name: Beta, zone: UTC}}\n"
        f"matrix: matrix.csv\ndefault_approver: cho\nrules:\n{rules}"
        "  - {name: rest, on: bill.submitted, notify: [{sms: {to: approver}}]}\n"
    )
    return read_flow(path, {"ann", "bob", "cho"}, "approvers.csv")


def bands(read: FlowFile) -> list[tuple[Any, Any, list[str]]]:
    return [
        (
            rule["when"]["amount"]["at_least"],
            rule["when"]["amount"].get("under"),
            [next(iter(step)) for step in rule["notify"]],
        )
        for rule in read.body["rules"]
        if rule["name"].startswith("matrix: ")
    ]


def test_each_band_becomes_a_rule_and_is_called_from_the_amount_on_that_says_so(
    tmp_path: Path,
) -> None:
    read = flow_of(tmp_path, GOOD)
    called = ["voice", "sms"]
    assert bands(read) == [
        ("0", "10000", ["sms"]),
        ("10000", "25000", ["sms"]),
        ("25000", "50000", called),
        ("50000", None, called),
    ]
    rule = read.body["rules"][2]
    assert rule["levels"] == ["ann", "bob"]
    assert rule["on"] == ["bill.submitted", "bill.partially_approved"]
    assert rule["notify"] == [
        {
            "voice": {
                "to": "next_level",
                "after": 0,
                "attempts": 3,
                "confirm": True,
                "urgent": False,
                "detail": "full",
            }
        },
        {
            "sms": {
                "to": "next_level",
                "after": 600,
                "unless": "confirmed",
                "urgent": False,
                "detail": "full",
                "link": False,
            }
        },
    ]


def test_the_most_particular_rows_come_first_whatever_their_order(tmp_path: Path) -> None:
    rows = ",0,,EUR,300,,ann,,\n,0,,EUR,,V-1|V-2,bob,,\nacme,0,,EUR,,,cho,,\n"
    read = flow_of(tmp_path, GOOD + rows)
    names = [rule.name for rule in read.flow.rules]
    assert names[:3] == [
        "matrix: EUR from 0, acme",
        "matrix: EUR from 0, vendor V-1 or V-2",
        "matrix: EUR from 0, department 300",
    ]
    assert read.body["rules"][0]["companies"] == ["acme"]
    assert read.body["rules"][1]["when"]["vendor"] == {"ids": ["V-1", "V-2"]}
    assert read.body["rules"][2]["when"]["department"] == ["300"]


def test_exceptions_stand_above_the_matrix(tmp_path: Path) -> None:
    rules = "  - {name: a, on: bill.submitted, when: {entity: 1}, notify: [{sms: {to: cho}}]}\n"
    read = flow_of(tmp_path, GOOD, rules)
    assert [rule.name for rule in read.flow.rules][0::5] == ["a", "rest"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            HEAD + ",0,9999.99,USD,,,ann,,\n,10000,,USD,,,ann,,\n",
            [(3, "from", "10000, with a gap from 9999.99 on after row 2 | 9999.99, the `to` of")],
        ),
        (
            HEAD + ",0,100,USD,,,ann,,\n,50,,USD,,,ann,,\n",
            [(3, "from", "all from 50 on, which overlaps 0 to 100 of row 2 | 100, the `to` of")],
        ),
        (
            HEAD + ",0,,USD,,,ann,,\n,50,60,USD,,,ann,,\n,70,,USD,,,ann,,\n",
            [
                (3, "from", "50 to 60, which overlaps all from 0 on of row 2 | a `to` in row 2"),
                (4, "from", "all from 70 on, which overlaps all from 0 on of row 2 | a `to` in"),
            ],
        ),
        (
            HEAD + ",0,100,USD,,,ann,,\n",
            [(2, "to", "100, and no row for amounts from there on | a last row without a `to`")],
        ),
        (
            HEAD + "acme,0,100,USD,,,ann,,\n",
            [(2, "to", "100, and no row for amounts from there on | a last row without a `to`")],
        ),
        (HEAD + ",5,3,USD,,,ann,,\n", [(2, "to", "'3' | an amount above 5")]),
        (HEAD + ',"1,000",,USD,,,ann,,\n', [(2, "from", "'1,000' | an amount such as 10000")]),
        (HEAD + ",0,,usd,,,ann,,\n", [(2, "currency", "'usd' | an ISO 4217 code")]),
        (HEAD + ",0,,,,,ann,,\n", [(2, "currency", "nothing | an ISO 4217 code")]),
        (HEAD + ",0,,USD,,,manager,,\n", [(2, "level 1", "'manager' | somebody's id")]),
        (HEAD + ",0,,USD,,,,,\n", [(2, "level 1", "nothing | the id of whoever approves first")]),
        (HEAD + ",0,,USD,,,,bob,\n", [(2, "level 1", "nothing | an approver's id, for a later")]),
        (HEAD + ",0,,USD,,B*,ann,,\n", [(2, "vendor", "'B*' | an id as it is")]),
        (HEAD + ",0,,USD,,,ann,,soon\n", [(2, "call above", "'soon' | an amount such as")]),
        (HEAD + "0\n", [(2, "", "1 cells | 9, one for each heading")]),
        (HEAD + ',0,,USD,,,"ann,,\n', [(2, "", "unexpected end of data | well-formed CSV")]),
        ("", [(1, "", "nothing | a line of headings")]),
        (HEAD, [(1, "", "nothing | a line of headings, and a row for each band")]),
        ("from,to,level 1\n0,,ann\n", [(1, "", "nothing | a column 'currency'")]),
        (
            HEAD.replace("call above", "call over") + ",0,,USD,,,ann,,\n",
            [(1, "", "the unknown column 'call over' | ")],
        ),
        (
            HEAD.replace("level 2", "level 3") + ",0,,USD,,,ann,,\n",
            [(1, "", "level 1, level 3 | level 1, level 2 and so on")],
        ),
        (
            HEAD.replace("vendor", "to") + ",0,,USD,,,ann,,\n",
            [(1, "", "the column 'to' twice | each column once")],
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_names_the_rows(text: str, expected: list[tuple[int, str, str]]) -> None:
    said = found(text)
    assert [(line, column) for line, column, _ in said] == [(line, c) for line, c, _ in expected]
    for (_, _, words), (_, _, begin) in zip(said, expected, strict=True):
        assert words.startswith(begin)


@pytest.mark.parametrize(
    "rows",
    [
        ",0,100,USD,300,,ann,,\n",  # above it the rows for all departments
        "acme,0,100,USD,,,ann,,\n",
        ",0,,EUR,,,ann,,\n",
        "# a remark\n\n,0,,EUR,,,ann,,\n",
    ],
)
def test_rows_of_another_group_need_not_fit(rows: str) -> None:
    assert found(GOOD + rows) == []


def test_spreadsheets_that_write_semicolons_are_read() -> None:
    assert parse_matrix(GOOD.replace(",", ";"), "m.csv") == parse_matrix(GOOD, "m.csv")


def test_several_things_wrong_in_a_file_are_said_at_once_with_those_of_the_flow(
    tmp_path: Path,
) -> None:
    matrix = HEAD + ",0,x,USD,,,zoe,,\n,0,,USD,,,ann,,\ngamma,0,,EUR,,,dee,,\n"
    with pytest.raises(Wrong) as caught:
        flow_of(tmp_path, matrix, "  - {name: a, on: x, notify: [{sms: {to: yan}}]}\n")
    said = [(problem.file[-10:], problem.line, problem.path) for problem in caught.value.problems]
    assert ("atrix.csv", 2, "to") in [(file[-9:], line, path) for file, line, path in said]
    assert ("/flow.yaml", 6, 'rules[1] "a".on') in said
    assert ("/flow.yaml", 6, 'rules[1] "a".notify[1].sms.to') in said
    assert (str(tmp_path / "matrix.csv")[-10:], 4, "company") in said
    assert (str(tmp_path / "matrix.csv")[-10:], 4, "level 1") in said


def test_a_matrix_that_is_not_there_is_named(tmp_path: Path) -> None:
    (tmp_path / "matrix.csv").write_text(GOOD)
    path = tmp_path / "flow.yaml"
    path.write_text("schema: 1\ncompanies: {a: {name: A, zone: UTC}}\nmatrix: matrx.csv\n")
    with pytest.raises(Wrong) as caught:
        read_flow(path)
    (said,) = [problem for problem in caught.value.problems if problem.path == "matrix"]
    assert (said.line, said.found) == (3, "'matrx.csv', where no file can be read")
    assert said.expected.endswith("; did you mean 'matrix.csv'?")


amounts = st.integers(0, 20)


@given(st.lists(st.tuples(amounts, st.one_of(st.none(), amounts)), min_size=1, max_size=5))
def test_bands_are_taken_just_where_every_amount_from_the_first_on_is_in_one_of_them(
    rows: list[tuple[int, int | None]],
) -> None:
    text = HEAD + "".join(
        f",{low},{'' if high is None else high},USD,,,ann,,\n" for low, high in rows
    )
    read, problems = parse_matrix(text, "m.csv")
    first = min(low for low, _ in rows)
    held = Counter(
        amount
        for amount in range(first, 40)
        for low, high in rows
        if low <= amount and (high is None or amount < high)
    )
    sound = all(high is None or low < high for low, high in rows)
    fits = sound and all(held[amount] == 1 for amount in range(first, 40))
    assert fits == (not problems)
    assert not sound or len(read) == len(rows)
    assert all(band.low < band.high for band in read if band.high < Decimal("Infinity"))


@pytest.mark.parametrize("cell", ["V-200;V-300", '"V-200,V-300"'])
def test_several_ids_in_a_cell_have_a_bar_between_them(cell: str) -> None:
    said = found(HEAD + f",0,,USD,,{cell},ann,,\n")
    written = cell.strip('"')
    assert said == [
        (2, "vendor", f"{written!r} | ids with | between them, such as 300|310"),
    ]


def test_calls_from_an_amount_no_bill_of_the_row_has_are_refused() -> None:
    said = found(GOOD.replace("ann,bob,25000", "ann,bob,250000"))
    assert said == [(3, "call above", "'250000' | an amount below 50000, the `to`")]


def test_a_currency_is_named_where_it_is_none() -> None:
    said = found(GOOD.replace(",10000,50000,USD", ",10000,50000,UDS"))
    assert said == [(3, "currency", "'UDS' | an ISO 4217 code such as USD; did you mean 'USD'?")]
