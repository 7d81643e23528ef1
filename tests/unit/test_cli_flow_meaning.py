"""What a flow as a whole must not be: rules never reached, steps for nobody, bills left over."""

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


def wrong(folder: Path, text: str, known: set[str] | None = None) -> tuple[Problem, ...]:
    path = folder / "flow.yaml"
    path.write_text(text)
    with pytest.raises(Wrong) as caught:
        read_flow(path, known, "approvers.csv")
    return caught.value.problems


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


def test_a_rule_that_tells_of_one_bill_more_than_anybody_reads_is_refused(tmp_path: Path) -> None:
    hourly = "{sms: {to: cho, repeat: 1h, at_most: 100}}"
    text = HEAD + "  - {name: a, on: bill.submitted, notify: [%s]}\n"
    (problem,) = wrong(tmp_path, text % ", ".join([hourly] * 3))
    assert (problem.path, problem.found) == (
        'rules[1] "a".notify',
        "steps that begin 300 times in all",
    )
    path = tmp_path / "flow.yaml"
    path.write_text(text % ", ".join([hourly] * 2))
    assert read_flow(path).flow.rules[0].steps[1].at_most == 100


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
