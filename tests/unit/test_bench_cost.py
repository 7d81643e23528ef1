"""The monthly bill: units of requests, polls of a calendar, and the page that shows it."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest

from bench.cost import ALERTS, PAGE, Item, items, page_table, polls_in, totals, with_table
from bench.cost_counts import Counts, units
from bench.report import RESULTS

SMALL, LARGE = {"a": {"S": "x"}}, {"a": {"S": "x" * 5000}}


@pytest.mark.parametrize(
    ("operation", "asked", "answered", "expected"),
    [
        ("GetItem", {"ConsistentRead": True}, {"Item": SMALL}, (1, 0)),
        ("GetItem", {}, {"Item": LARGE}, (1, 0)),
        ("GetItem", {"ConsistentRead": True}, {}, (1, 0)),
        ("Query", {"ConsistentRead": True}, {"Items": [LARGE, LARGE]}, (3, 0)),
        ("Query", {}, {"Items": []}, (0.5, 0)),
        ("PutItem", {"Item": SMALL}, {}, (0, 1)),
        ("PutItem", {"Item": LARGE}, {}, (0, 5)),
        ("PutItem", {"Item": {**SMALL, "due_shard": {"S": "d"}}}, {}, (0, 2)),
        (
            "TransactWriteItems",
            {"TransactItems": [{"Put": {"Item": SMALL}}, {"ConditionCheck": {}}]},
            {},
            (0, 4),
        ),
        (
            "BatchGetItem",
            {"RequestItems": {"t": {"Keys": [1, 2], "ConsistentRead": True}}},
            {"Responses": {"t": [LARGE]}},
            (3, 0),
        ),
        ("DescribeTable", {}, {}, (0, 0)),
    ],
)
def test_a_request_costs_what_dynamodb_bills_for_it(
    operation: str, asked: Any, answered: Any, expected: tuple[float, float]
) -> None:
    assert units(operation, asked, answered) == expected


def test_the_default_calendar_polls_by_day_and_by_night() -> None:
    saturday, wednesday = (
        datetime(2026, 11, 14, 6, tzinfo=UTC),
        datetime(2026, 11, 18, 6, tzinfo=UTC),
    )
    assert polls_in(saturday, 1) == 24 * 4
    assert polls_in(wednesday, 1) == 12 * 30 + 12 * 4


def counted() -> dict[str, Counts]:
    one = Counts(Counter(dynamodb=2), reads=2.0, writes=1.0, logged=100.0, tables={"t"})
    return dict.fromkeys(("poll tick", "idle poll", "status tick", "alert", "night"), one)


def test_what_is_free_is_no_more_than_what_it_costs() -> None:
    found = items(counted(), polls=1000)
    assert all(0 <= one.free <= one.cost for one in found)
    cost, less = totals(found)
    assert 0 < less < cost


def test_more_polls_and_larger_items_cost_more() -> None:
    usual, _ = totals(items(counted(), polls=1000))
    assert totals(items(counted(), polls=50_000))[0] > usual
    larger = {**counted(), "alert": Counts(Counter(), writes=1e6)}
    assert totals(items(larger, polls=1000))[0] > usual + ALERTS * 0.5


def test_a_total_is_the_sum_of_its_items() -> None:
    found = [Item("a", "b", 1, 3.0, 2.0), Item("c", "d", 1, 1.0)]
    assert totals(found) == (4.0, 2.0)


def test_an_average_is_never_less_than_nothing() -> None:
    spent = Counts(Counter(sqs=4), reads=1.0, logged=50.0)
    idle = Counts(Counter(sqs=1, kms=1), reads=3.0, logged=5.0)
    found = spent.less(idle, 2).each(2)
    assert (found.requests["sqs"], found.reads, found.logged) == (1, 0.0, 20.0)


def test_the_page_shows_the_kept_results_and_they_keep_to_the_target() -> None:
    kept = json.loads((RESULTS / "cost.json").read_text())
    page = PAGE.read_text("utf-8")
    assert page_table(kept) in page
    assert with_table(page, kept) == page
    assert kept["met"] is (kept["usd_less_free_tier"] <= kept["target"])
    assert kept["met"]
