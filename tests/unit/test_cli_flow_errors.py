"""What is wrong with a flow file: every complaint with its line and place, all of them at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.files.flow_file import read_flow
from cli.flow.problems import Problem, Wrong

HEAD = """\
schema: 1
companies:
  acme: {name: Acme AP, zone: America/Chicago}
default_approver: cho
rules:
"""
REST = """\
  - name: everything else
    on: bill.submitted
    notify: [{sms: {to: approver}}]
"""
RULE = """\
  - name: large
    on: [bill.submitted]
    companies: [acme]
    when: {amount: {at_least: 10000, currency: USD}}
    approver: ann
    notify:
      - voice: {to: approver, confirm: true, attempts: 3}
      - sms: {to: manager, after: 10m, unless: confirmed, repeat: 1d, at_most: 5}
"""
GOOD = HEAD + RULE + REST
WHEN = "amount: {at_least: 10000, currency: USD}"
CALENDAR = "zone: America/Chicago, calendar"


def wrong(folder: Path, text: str, known: set[str] | None = None) -> tuple[Problem, ...]:
    path = folder / "flow.yaml"
    path.write_text(text)
    with pytest.raises(Wrong) as caught:
        read_flow(path, known, "approvers.csv")
    assert all("\n" not in str(problem) for problem in caught.value.problems)
    return caught.value.problems


@pytest.mark.parametrize(
    ("old", "new", "line", "path", "found", "expected"),
    [
        ("schema: 1", "schema: 2", 1, "schema", "2", "1"),
        ("schema: 1\n", "", 1, "", "nothing", "'schema': the version of this form: 1"),
        (
            "zone: America/Chicago}",
            "zone: America/Chicago, cap_per_day: 0}",
            3,
            "companies.acme.cap_per_day",
            "0",
            "at least 10",
        ),
        (
            "rules:",
            "rulez:",
            5,
            "rulez",
            "the unknown key 'rulez'",
            "schema, companies, default_approver, ap_lead, matrix or rules; did you mean 'rules'?",
        ),
        (
            "America/Chicago",
            "America/Chikago",
            3,
            "companies.acme.zone",
            "'America/Chikago'",
            "an IANA time zone such as America/Chicago; did you mean 'America/Chicago'?",
        ),
        (
            ", zone: America/Chicago",
            "",
            3,
            "companies.acme",
            "nothing",
            "'zone': the company's IANA time zone",
        ),
        (
            "cho",
            "manager",
            4,
            "default_approver",
            "'manager'",
            "somebody's id; 'manager' is a word for whoever it is at the time",
        ),
        (
            "on: [bill.submitted]",
            "on: [bill.submitted, bill.submited]",
            7,
            'rules[1] "large".on[2]',
            "'bill.submited'",
            "did you mean 'bill.submitted'?",
        ),
        ("on: [bill.submitted]", "on: []", 7, 'rules[1] "large".on', "an empty list", "one entry"),
        ("[acme]", "[acne]", 8, 'rules[1] "large".companies[1]', "'acne'", "did you mean 'acme'?"),
        (
            "currency: USD",
            "curency: USD",
            9,
            'rules[1] "large".when.amount.curency',
            "the unknown key 'curency'",
            "at_least, under, between or currency; did you mean 'currency'?",
        ),
        (
            ", currency: USD",
            "",
            9,
            'rules[1] "large".when.amount',
            "nothing",
            "'currency': the currency of the amounts, an ISO 4217 code such as USD",
        ),
        (
            "currency: USD",
            "currency: usd",
            9,
            'rules[1] "large".when.amount.currency',
            "'usd'",
            "an ISO 4217 code such as USD",
        ),
        (
            "at_least: 10000",
            'at_least: "10,000"',
            9,
            'rules[1] "large".when.amount.at_least',
            "'10,000'",
            "without separators of thousands",
        ),
        (
            "at_least: 10000",
            "at_least: true",
            9,
            'rules[1] "large".when.amount.at_least',
            "true",
            "an amount such as 10000 or 10000.50",
        ),
        (
            "at_least: 10000",
            "at_least: 10000, under: 10000",
            9,
            'rules[1] "large".when.amount',
            "an object of at_least, under, currency",
            "no amount is at least 10000 and under 10000",
        ),
        (
            "at_least: 10000",
            "between: [1, 2], under: 5",
            9,
            'rules[1] "large".when.amount',
            "an object of between, under, currency",
            "either `between`, or `at_least` and `under`",
        ),
        (
            "at_least: 10000",
            "between: [1]",
            9,
            'rules[1] "large".when.amount',
            "an object of between, currency",
            "two amounts in `between`",
        ),
        (
            "at_least: 10000, ",
            "",
            9,
            'rules[1] "large".when.amount',
            "an object of currency",
            "at_least, under or between",
        ),
        ("{" + WHEN + "}", "", 9, 'rules[1] "large".when', "nothing", "a value here, or no"),
        (WHEN, "due_within: 0d", 9, 'rules[1] "large".when.due_within', "'0d'", "1d to 366d"),
        (WHEN, "due_within: 36h", 9, 'rules[1] "large".when.due_within', "'36h'", "whole days"),
        (WHEN, "vendor: {}", 9, 'rules[1] "large".when.vendor', "an empty object", "ids, name"),
        (WHEN, "lines: all", 9, 'rules[1] "large".when', "an object of lines", "beside `lines`"),
        (
            WHEN,
            'department: "3*"',
            9,
            'rules[1] "large".when.department',
            "'3*'",
            "only vendor.name and description take patterns",
        ),
        (
            "notify:\n",
            "notify: {}\n    notify_:\n",
            11,
            'rules[1] "large".notify',
            "an empty object",
            "a list",
        ),
        (
            "- voice: {to: approver",
            "- fax: {to: approver}\n      - voice: {to: approver",
            12,
            'rules[1] "large".notify[1].fax',
            "the unknown key 'fax'",
            "sms or voice",
        ),
        (
            "after: 10m",
            "after: 10",
            13,
            'rules[1] "large".notify[2].sms.after',
            "10",
            "a duration: a whole number and s, m, h or d, such as 10m, 2h or 1d",
        ),
        ("after: 10m", "after: 31d", 13, 'rules[1] "large".notify[2].sms.after', "'31d'", "30d"),
        ("repeat: 1d", "repeat: 1s", 13, 'rules[1] "large".notify[2].sms.repeat', "'1s'", "60s"),
        (", at_most: 5", "", 13, 'rules[1] "large".notify[2].sms', "an object of", "at_most"),
        ("repeat: 1d, ", "", 13, 'rules[1] "large".notify[2].sms', "an object of", "`repeat`"),
        ("at_most: 5", "at_most: 1", 13, 'rules[1] "large".notify[2].sms.at_most', "1", "least 2"),
        (
            "unless: confirmed",
            "unless: confirm",
            13,
            'rules[1] "large".notify[2].sms.unless',
            "'confirm'",
            "acknowledged, confirmed or handled; did you mean 'confirmed'?",
        ),
        (
            "confirm: true",
            "confirm: yes",
            12,
            'rules[1] "large".notify[1].voice.confirm',
            "'yes'",
            "true or false",
        ),
        (
            "after: 10m",
            "confirm: true",
            13,
            'rules[1] "large".notify[2].sms.confirm',
            "the unknown key 'confirm'",
            "to, after, unless",
        ),
        (
            "zone: America/Chicago",
            CALENDAR + ": {intervals: {working: 90s}}",
            3,
            "companies.acme.calendar.intervals.working",
            "'90s'",
            "whole minutes from 1m to 1d, such as 2m",
        ),
        (
            "zone: America/Chicago",
            CALENDAR + ": {working: {from: 19:00}}",
            3,
            "companies.acme.calendar.working",
            "an object of from",
            "`from` earlier than `to`",
        ),
        (
            "zone: America/Chicago",
            CALENDAR + ": {working: {from: 25:00}}",
            3,
            "companies.acme.calendar.working.from",
            "'25:00'",
            "a time of day such as 07:00",
        ),
        (
            "zone: America/Chicago",
            CALENDAR + ": {holidays: [2026-02-30]}",
            3,
            "companies.acme.calendar.holidays[1]",
            "'2026-02-30'",
            "a date such as 2026-12-25",
        ),
        (
            "zone: America/Chicago",
            CALENDAR + ": {maintenance: [{from: 2026-12-05T22:00:00, to: 2026-12-06T04:00:00Z}]}",
            3,
            "companies.acme.calendar.maintenance[1].from",
            "'2026-12-05T22:00:00'",
            "an instant with its offset",
        ),
        (
            "zone: America/Chicago",
            CALENDAR + ": {close: {last: 32}}",
            3,
            "companies.acme.calendar.close.last",
            "32",
            "a number of business days from 0 to 31",
        ),
    ],
)
def test_each_thing_wrong_is_named_with_line_place_what_was_found_and_what_was_expected(
    tmp_path: Path, old: str, new: str, line: int, path: str, found: str, expected: str
) -> None:
    assert old in GOOD
    text = GOOD.replace(old, new, 1)
    problems = [problem for problem in wrong(tmp_path, text) if problem.path == path]
    assert [problem.line for problem in problems] == [line]
    assert found in problems[0].found
    assert expected in problems[0].expected
    head = f"{tmp_path / 'flow.yaml'}:{line}: {path}: " if path else f"{tmp_path / 'flow.yaml'}:"
    assert str(problems[0]).startswith(head)


def test_without_anything_changed_nothing_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "flow.yaml"
    path.write_text(GOOD)
    assert len(read_flow(path, {"ann", "cho"}, "approvers.csv").flow.rules) == 2


@pytest.mark.parametrize("text", ["", "- 1", "words", "null", "5"])
def test_what_is_no_flow_at_all_is_refused(tmp_path: Path, text: str) -> None:
    (problem,) = wrong(tmp_path, text)
    assert (problem.line, problem.path) == (1, "")


def test_everything_wrong_is_said_at_once_in_the_order_of_the_lines(tmp_path: Path) -> None:
    text = """\
schema: 1
companies:
  acme: {name: Acme AP, zone: America/Chikago}
default_aprover: cho
rules:
  - name: large
    on: [bill.submited]
    companies: acne
    when: {amount: {at_least: 10000}}
    approver: annn
    notify:
      - sms: {to: approver, after: soon}
      - sms: {to: ap_lead}
  - name: never
    on: bill.submitted
    when: {due_within: 1d}
    notify: [{sms: {to: cho}}]
  - name: rest
    on: bill.submitted
    notify: [{sms: {to: ap_lead}}]
  - name: late
    on: bill.submitted
    when: {due_within: 2d}
    notify: [{sms: {to: zoe}}]
"""
    problems = wrong(tmp_path, text, {"ann", "cho"})
    assert [(problem.line, problem.path) for problem in problems] == [
        (3, "companies.acme.zone"),
        (4, "default_aprover"),
        (7, 'rules[1] "large".on[1]'),
        (8, 'rules[1] "large".companies'),
        (9, 'rules[1] "large".when.amount'),
        (10, 'rules[1] "large".approver'),
        (12, 'rules[1] "large".notify[1].sms.after'),
        (13, 'rules[1] "large".notify[2].sms.to'),
        (20, 'rules[3] "rest".notify[1].sms.to'),
        (21, 'rules[4] "late"'),
        (24, 'rules[4] "late".notify[1].sms.to'),
    ]


@pytest.mark.parametrize(
    ("written", "likely"),
    [
        ("UDS", "; did you mean 'USD'?"),
        ("usd", "; did you mean 'USD'?"),
        ("GPB", "; did you mean 'GBP'?"),
        ("XXX", ""),
        ("EURO", ""),
    ],
)
def test_a_currency_that_no_bill_can_have_is_refused(
    tmp_path: Path, written: str, likely: str
) -> None:
    (problem,) = wrong(tmp_path, GOOD.replace("currency: USD", f"currency: {written}"))
    assert problem.path == 'rules[1] "large".when.amount.currency'
    assert problem.expected == f"an ISO 4217 code such as USD{likely}"


@pytest.mark.parametrize(
    "condition", ["vendor: {name: “Baker*”}", "description: „*rent*“", "description: «rent»"]
)
def test_typographic_quotation_marks_around_a_pattern_are_refused(
    tmp_path: Path, condition: str
) -> None:
    (problem,) = wrong(tmp_path, GOOD.replace(WHEN, f"{WHEN}, {condition}"))
    assert problem.expected.endswith("without typographic quotation marks around it")


def test_an_apostrophe_in_a_name_is_part_of_it(tmp_path: Path) -> None:
    path = tmp_path / "flow.yaml"
    path.write_text(GOOD.replace(WHEN, f"{WHEN}, vendor: {{name: O’Brien*}}"))  # noqa: RUF001
    assert read_flow(path).flow.rules


@pytest.mark.parametrize(
    ("zone", "likely"),
    [
        ("CST", "America/Chicago"),
        ("PST", "America/Los_Angeles"),
        ("New York", "America/New_York"),
        ("Europe/Zürich", "Europe/Zurich"),
    ],
)
def test_a_zone_is_suggested_by_what_people_call_it(tmp_path: Path, zone: str, likely: str) -> None:
    (problem,) = wrong(tmp_path, GOOD.replace("America/Chicago", zone))
    assert (
        problem.expected == f"an IANA time zone such as America/Chicago; did you mean {likely!r}?"
    )
