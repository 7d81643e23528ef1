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


# -------------------------------------------------------------------- the flow as a whole
def of(rules: str, head: str = HEAD) -> str:
    return head + rules + REST


def rule(name: str, more: str = "", to: str = "cho", on: str = "bill.submitted") -> str:
    return f"  - {{name: {name}, on: [{on}], {more}notify: [{{sms: {{to: {to}}}}}]}}\n"


def when(conditions: str) -> str:
    return f"when: {{{conditions}}}, "


def usd(low: int, high: int) -> str:
    return when(f"amount: {{between: [{low}, {high}], currency: USD}}")


@pytest.mark.parametrize(
    ("rules", "line", "names"),
    [
        (rule("a") + rule("b", usd(1, 2)), 7, ['"a"']),
        (rule("a", usd(1, 5)) + rule("b", usd(4, 9)) + rule("c", usd(2, 8)), 8, ['"a"', '"b"']),
        (rule("a", when("department: [1, 2]")) + rule("b", when("department: 2")), 7, ['"a"']),
        (rule("a", when("vendor: {name: B*}")) + rule("b", when("vendor: {name: Ba*}")), 7, ["a"]),
        (rule("a", when("due_within: 3d")) + rule("b", when("due_within: 2d")), 7, ['"a"']),
        (
            rule("a", when("description: '*rent*'"))
            + rule("b", when("description: '*car rental*', entity: 1")),
            7,
            ['"a"'],
        ),
        (
            rule("a", on="bill.changed") + rule("b", on="bill.overdue")
            + rule("c", when("account: 1"), on="bill.changed, bill.overdue"),
            8,
            ['"a"', '"b"'],
        ),
    ],
)  # fmt: skip
def test_a_rule_behind_others_that_take_all_it_could_match_is_refused(
    tmp_path: Path, rules: str, line: int, names: list[str]
) -> None:
    (problem, *others) = wrong(tmp_path, of(rules))
    assert (problem.line, problem.found) == (line, "a rule that can never match")
    assert all(name in problem.expected for name in names)
    # Where the first rule takes everything, the last one is behind it as well.
    assert [other.path for other in others] in ([], ['rules[3] "everything else"'])


@pytest.mark.parametrize(
    "rules",
    [
        rule("a", usd(1, 5)) + rule("b", usd(6, 9)) + rule("c", usd(2, 8)),
        rule("a", usd(1, 5)) + rule("b", "when: {amount: {under: 5, currency: USD}}, "),
        rule("a", usd(1, 9)) + rule("b", usd(1, 9).replace("USD", "EUR")),
        rule("a", when("department: 1")) + rule("b", when("department: 2")),
        rule("a", when("department: [1, 2], lines: all")) + rule("b", when("department: 1")),
        rule("a", when("vendor: {name: B*}")) + rule("b", when("vendor: {name: B*, ids: [1]}")),
        rule("a", when("vendor: {name: B*r*}")) + rule("b", when("vendor: {name: B*er*}")),
        rule("a", on="bill.changed")
        + rule("b", when("account: 1"), on="bill.changed, bill.overdue"),
    ],
)
def test_a_rule_that_could_match_something_is_taken(tmp_path: Path, rules: str) -> None:
    path = tmp_path / "flow.yaml"
    path.write_text(of(rules))
    assert read_flow(path).flow.rules[-1].name == "everything else"


def test_rules_of_other_companies_cover_nothing_and_those_of_all_together_do(
    tmp_path: Path,
) -> None:
    head = HEAD.replace("default", "  beta: {name: Beta, zone: UTC}\ndefault")
    first = rule("a", "companies: acme, ")
    (problem,) = wrong(tmp_path, of(first + rule("b", "companies: beta, "), head))
    assert problem.path == 'rules[3] "everything else"'
    path = tmp_path / "flow.yaml"
    path.write_text(of(first, head))
    assert len(read_flow(path).flow.rules) == 2


def test_a_rule_for_payments_that_asks_for_what_only_bills_have_is_refused(
    tmp_path: Path,
) -> None:
    rules = rule("p", when("account: 1"), on="payment.cleared")
    (problem,) = wrong(tmp_path, of(rules))
    assert (problem.path, problem.found) == ('rules[1] "p".when', "what only bills have")


@pytest.mark.parametrize("to", ["approver", "manager", "next_level", "ap_lead"])
def test_a_step_that_reaches_no_one_is_refused(tmp_path: Path, to: str) -> None:
    head = HEAD.replace("default_approver: cho\n", "")
    text = head + rule("rest", to=to)
    (problem,) = wrong(tmp_path, text)
    assert (problem.line, problem.path) == (5, 'rules[1] "rest".notify[1].sms.to')
    assert f"{to}, who is nobody" in problem.found


def test_a_step_that_reaches_no_one_in_one_of_the_companies_says_in_which(tmp_path: Path) -> None:
    head = HEAD.replace("default_approver: cho", "  beta: {name: B, zone: UTC, ap_lead: cho}")
    (problem,) = wrong(tmp_path, head + rule("rest", to="ap_lead"))
    assert problem.found == "ap_lead, who is nobody in company acme"


def test_the_last_rule_has_to_take_every_bill_of_every_company(tmp_path: Path) -> None:
    (problem,) = wrong(tmp_path, HEAD + rule("a", usd(1, 5)))
    assert (problem.path, problem.found) == ("rules", "no rule for every other bill")
    head = HEAD.replace("default", "  beta: {name: Beta, zone: UTC}\ndefault")
    (problem,) = wrong(tmp_path, head + rule("a", "companies: acme, "))
    assert problem.found == "no rule for every other bill of company beta"


def test_neither_rules_nor_a_matrix_is_no_flow(tmp_path: Path) -> None:
    text = "schema: 1\ncompanies: {acme: {name: A, zone: UTC}}\n"
    problems = wrong(tmp_path, text)
    assert "rules, or a matrix" in problems[0].expected


def test_two_rules_have_two_names(tmp_path: Path) -> None:
    (problem,) = wrong(tmp_path, of(rule("a", usd(1, 2)) + rule("a", usd(2, 3))))
    assert (problem.line, problem.found) == (7, "'a' again")


def test_everybody_named_has_to_be_known_wherever_they_are_named(tmp_path: Path) -> None:
    text = of(
        "  - {name: a, on: bill.submitted, approver: annn, levels: [bob, zoe], "
        "when: {account: 1}, notify: [{voice: {to: dee}}]}\n"
    ).replace("America/Chicago", "America/Chicago, ap_lead: lea")
    problems = wrong(tmp_path, text, {"ann", "bob", "cho"})
    assert [(problem.path, problem.found.partition(",")[0]) for problem in problems] == [
        ("companies.acme.ap_lead", "'lea'"),
        ('rules[1] "a".approver', "'annn'"),
        ('rules[1] "a".levels[2]', "'zoe'"),
        ('rules[1] "a".notify[1].voice.to', "'dee'"),
    ]
    assert problems[1].expected == "the id of one of approvers.csv; did you mean 'ann'?"


def test_what_is_only_doubtful_is_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "flow.yaml"
    step = "notify: [{sms: {to: cho}}, {sms: {to: cho, after: 1h, unless: confirmed}}]"
    path.write_text(HEAD + f"  - {{name: a, on: bill.submitted, {step}}}\n")
    said = read_flow(path).warnings
    assert [warning.partition(":")[0] for warning in said] == [
        "no rule without `when` is on bill.partially_approved",
        'rule "a", step 2',
    ]


def test_a_company_may_be_called_by_a_number(tmp_path: Path) -> None:
    path = tmp_path / "flow.yaml"
    path.write_text(of(rule("a", "companies: 100, when: {account: 1}, ")).replace("acme:", "100:"))
    flow = read_flow(path).flow
    assert (flow.companies[0].key, flow.rules[0].companies) == ("100", ("100",))
