"""The evaluator of policies decides as IAM does, for what the template's policies use."""

from __future__ import annotations

from typing import Any

import pytest

from tests.template.iam import Request, allowed

READ = {"Effect": "Allow", "Action": ["dynamodb:Get*", "dynamodb:Query"], "Resource": "Table"}
NEVER = {"Effect": "Deny", "Action": "*", "Resource": "Table"}


def only(operator: str, key: str, value: Any) -> dict[str, Any]:
    return {**READ, "Condition": {operator: {key: value}}}


@pytest.mark.parametrize(
    ("statements", "request_", "answer"),
    [
        ([], Request("dynamodb:Query", "Table"), False),
        ([READ], Request("dynamodb:Query", "Table"), True),
        ([READ], Request("dynamodb:query", "Table"), True),
        ([READ], Request("dynamodb:GetItem", "Table"), True),
        ([READ], Request("dynamodb:PutItem", "Table"), False),
        ([READ], Request("dynamodb:Query", "table"), False),
        ([READ], Request("dynamodb:Query", "Table/index/due"), False),
        ([READ, NEVER], Request("dynamodb:Query", "Table"), False),
        ([NEVER, READ], Request("dynamodb:Query", "Table"), False),
    ],
)
def test_what_is_neither_allowed_nor_denied_is_refused_and_deny_wins(
    statements: list[dict[str, Any]], request_: Request, answer: bool
) -> None:
    assert allowed(statements, request_) is answer


@pytest.mark.parametrize(
    ("statement", "values", "answer"),
    [
        (only("StringEquals", "key", "a"), ("a",), True),
        (only("StringEquals", "key", ["a", "b"]), ("b",), True),
        (only("StringEquals", "key", "a"), ("b",), False),
        (only("StringEquals", "key", "a*"), ("ab",), False),
        (only("StringEquals", "key", "a"), (), False),
        (only("StringLike", "key", "a*"), ("ab",), True),
        (only("ForAllValues:StringLike", "key", ["a#*"]), ("a#1", "a#2"), True),
        (only("ForAllValues:StringLike", "key", ["a#*"]), ("a#1", "b#2"), False),
        (only("ForAllValues:StringEquals", "key", ["a"]), (), True),
    ],
)
def test_a_statement_counts_only_where_its_conditions_hold(
    statement: dict[str, Any], values: tuple[str, ...], answer: bool
) -> None:
    request = Request("dynamodb:Query", "Table", {"key": values})
    assert allowed([statement], request) is answer


def test_a_condition_it_does_not_know_is_no_reason_to_say_yes() -> None:
    with pytest.raises(KeyError):
        allowed([only("NumericLessThan", "key", "1")], Request("dynamodb:Query", "Table"))
