"""What the widgets of a simulated flow decide and substitute."""

from __future__ import annotations

import pytest

from sandbox.twilio import liquid
from sandbox.twilio.executions import condition_holds
from sandbox.twilio.flow_definition import CONDITIONS

CONTEXT = {"flow": {"data": {"name": " Ann ", "amount": 12, "urgent": True, "none": None}}}
CASES = [
    ("equal_to", "1", "1", True),
    ("equal_to", " Yes ", "yes", True),
    ("equal_to", "1", "2", False),
    ("not_equal_to", "1", "2", True),
    ("not_equal_to", "1", "1", False),
    ("matches_any_of", "fax", "machine_start, fax", True),
    ("matches_any_of", "human", "machine_start, fax", False),
    ("does_not_match_any_of", "human", "machine_start, fax", True),
    ("does_not_match_any_of", "fax", "machine_start, fax", False),
    ("is_blank", " ", "", True),
    ("is_blank", "1", "", False),
    ("is_not_blank", "1", "", True),
    ("is_not_blank", "", "", False),
    ("regex", "12", r"\d+", True),
    ("regex", "12x", r"\d+", False),
    ("contains", "Baker Steel", "steel", True),
    ("contains", "Baker", "steel", False),
    ("does_not_contain", "Baker", "steel", True),
    ("does_not_contain", "Steel", "steel", False),
    ("starts_with", "machine_end", "machine", True),
    ("starts_with", "a machine", "machine", False),
    ("less_than", "9", "10", True),
    ("less_than", "10", "9", False),
    ("greater_than", "10", "9", True),
    ("greater_than", "nine", "ten", False),
]


@pytest.mark.parametrize(("kind", "argument", "value", "holds"), CASES)
def test_a_condition_compares_as_studio_does(
    kind: str, argument: str, value: str, holds: bool
) -> None:
    assert condition_holds(kind, argument, value) is holds


def test_every_condition_a_flow_may_use_is_decided_both_ways() -> None:
    for kind in CONDITIONS - {"greater_than", "less_than"}:
        assert {holds for name, _, _, holds in CASES if name == kind} == {True, False}


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("no variable", "no variable"),
        ("{{flow.data.amount}} {{ flow.data.urgent }}", "12 true"),
        ("[{{flow.data.none}}{{flow.data.missing}}{{flow.missing.name}}]", "[]"),
        ("{{flow.data.name | strip | upcase}}", "ANN"),
        ("{{flow.data.name|downcase}}", " ann "),
        ("{{flow.data.missing | default: 'nobody'}}", "nobody"),
        ("{{flow.data.missing | default: \"a 'quote'\"}}", "a 'quote'"),
        ("{{flow.data.amount.cents}}", ""),
    ],
)
def test_a_template_is_filled_in_once(template: str, text: str) -> None:
    assert liquid.problems(template) == []
    assert liquid.render(template, CONTEXT) == text


def test_markup_in_a_value_can_be_escaped() -> None:
    context = {"vendor": "<Say> & Sons"}
    assert liquid.render("{{vendor | escape}}", context) == "&lt;Say&gt; &amp; Sons"
