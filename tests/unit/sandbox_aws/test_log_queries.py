"""Log queries as CloudWatch Logs Insights would answer them, and what it would not say."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from rich.console import Console

from sandbox.aws.dashboard import Part, log_part, show
from sandbox.aws.insights import QueryError, answer


def line(at: int, **fields: Any) -> dict[str, Any]:
    return {"timestamp": at, "message": json.dumps(fields)}


POLL, SEND = "/poll", "/send"
LOGS = {
    POLL: [
        line(1, message="polled", company="acme", transactions=2, bills=7),
        line(2, message="polled", company="beta", transactions=3, bills=1),
        line(3, message="polled", company="acme", transactions=2, bills=9),
        line(4, message="poll_failed", company="beta", code="source_unavailable"),
        {"timestamp": 5, "message": "START RequestId: 1"},
        line(6, type="platform.report", record={"metrics": {"durationMs": 1200.5}}),
    ],
    SEND: [line(7, message="message_done", dispatch="d1", outcome="sent")],
}
POLLED = f"SOURCE '{POLL}' | filter message = 'polled' | "


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        (
            "stats sum(transactions) as spent, count(*) as polls by company | sort spent desc",
            [("acme", 4.0, 2), ("beta", 3.0, 1)],
        ),
        ("stats count(*) as polls by company | sort company asc", [("acme", 2), ("beta", 1)]),
        (
            "stats latest(bills) as b, earliest(bills) as a by company | sort b desc | limit 1",
            [("acme", 9, 7)],
        ),
        ("stats pct(bills, 50) as median, pct(bills, 95) as p95", [(7.0, 9.0)]),
        ("stats max(bills) as most, min(bills) as least, avg(bills) as usual", [(9, 1, 17 / 3)]),
        ("filter bills > 5 and company = 'acme' | stats count(*) as times", [(2,)]),
        ("filter bills < 5 or company != 'beta' | stats count(*) as times", [(3,)]),
    ],
)
def test_lines_are_filtered_counted_and_sorted(query: str, rows: list[tuple[Any, ...]]) -> None:
    found = answer(POLLED + query, LOGS)
    assert [tuple(row[name] for name in found.columns) for row in found.rows] == rows
    assert found.unheard == set()


def test_lines_of_several_groups_are_one() -> None:
    query = f"SOURCE '{POLL}' | SOURCE '{SEND}' | filter message in ['polled', 'message_done']"
    assert len(answer(query, LOGS).rows) == 4


def test_lines_are_found_by_what_stands_in_them_and_by_fields_within_fields() -> None:
    found = answer(f"SOURCE '{SEND}' | filter @message like /d[0-9]/", LOGS)
    assert found.lines == 1
    query = (
        f"SOURCE '{POLL}' | filter ispresent(record.metrics.durationMs) "
        "| fields coalesce(dispatch, type) as what, record.metrics.durationMs as ms"
    )
    (row,) = answer(query, LOGS).rows
    assert (row["what"], row["ms"]) == ("platform.report", 1200.5)


@pytest.mark.parametrize(
    ("query", "unheard"),
    [
        ("stats sum(transaction) as spent by company", {"transaction"}),
        ("stats sum(transactions) as spent by companies", {"companies"}),
        ("fields reason, company", {"reason"}),
        ("stats count(*) as times by company", set()),
    ],
)
def test_a_field_that_no_line_carries_is_named(query: str, unheard: set[str]) -> None:
    assert answer(POLLED + query, LOGS).unheard == unheard
    assert log_part("title", POLLED + query, LOGS).unheard == unheard


def test_of_lines_nobody_writes_every_field_is_unheard() -> None:
    query = f"SOURCE '{POLL}' | filter message = 'pulled' | stats sum(bills) as bills by company"
    found = answer(query, LOGS)
    assert (found.rows, found.unheard) == ([], {"bills", "company"})


@pytest.mark.parametrize(
    "query",
    [
        "parse @message '*'",
        "filter bills ~ 3",
        "stats median(bills) as m",
        "fields a | sort b desc",
    ],
)
def test_what_is_not_understood_is_refused(query: str) -> None:
    with pytest.raises(QueryError):
        answer(POLLED + query, LOGS)


def test_a_log_group_that_is_not_there_is_an_error() -> None:
    with pytest.raises(KeyError):
        answer("SOURCE '/elsewhere' | fields a", LOGS)


def test_parts_are_shown_one_under_the_other_with_what_is_missing() -> None:
    query = POLLED + "stats sum(transactions) as spent, max(spend) as most by company"
    console = Console(record=True, width=100, file=io.StringIO())
    show([Part("text", "Business"), log_part("Spent", query, LOGS), Part("log", "Empty")], console)
    shown = console.export_text()
    assert [word for word in ("Business", "Spent", "acme", "Empty") if word not in shown] == []
    assert "in no line: spend" in shown
    assert "nothing yet" in shown
