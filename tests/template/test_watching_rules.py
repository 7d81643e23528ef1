"""What watches keeps its house rules, and every rule notices a template that does not."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.template import watching_rules as rules
from tests.template.breaking import GONE, broken

Rule = Callable[[Any], rules.Found]

BODY = "Resources/Dashboard/Properties/DashboardBody"

# One way of breaking each rule, at least: where in the template, and what stands there instead.
BREAKS: list[tuple[Rule, str, Any]] = [
    (rules.every_function_raises_an_alarm_when_it_fails, "Resources/SendErrorsAlarm", GONE),
    (
        rules.every_scheduled_function_raises_an_alarm_when_it_is_not_started,
        "Resources/StatusCheckSilentAlarm",
        GONE,
    ),
    *(
        (
            rules.every_alarm_names_a_runbook_that_there_is,
            "Resources/SendErrorsAlarm/Properties/AlarmDescription",
            description,
        )
        for description in (
            "Runbook: docs/runbooks/dead-letters.md",
            "The send function failed. " * 6,
            "The send function failed. " * 6 + "Runbook: docs/runbooks/unwritten.md",
            "The send function failed. " * 40 + "Runbook: docs/runbooks/dead-letters.md",
        )
    ),
    *(
        (
            rules.every_alarm_goes_where_it_belongs_and_says_when_it_is_over,
            f"Resources/{place}",
            actions,
        )
        for place, actions in (
            ("SendErrorsAlarm/Properties/AlarmActions", GONE),
            ("SendErrorsAlarm/Properties/OKActions", GONE),
            ("SendErrorsAlarm/Properties/AlarmActions", [{"Ref": "UrgentTopic"}]),
            ("DuplicatesAlarm/Properties/AlarmActions", [{"Ref": "AlarmTopic"}]),
        )
    ),
    *(
        (
            rules.silence_alarms_where_it_is_the_failure_and_nowhere_else,
            f"Resources/{place}",
            value,
        )
        for place, value in (
            ("PollsStaleAlarm", GONE),
            ("NightSilentAlarm", GONE),
            ("NightSilentAlarm/Properties/TreatMissingData", "notBreaching"),
            ("PollsStaleAlarm/Properties/TreatMissingData", "notBreaching"),
            ("PollSilentAlarm/Properties/ComparisonOperator", "GreaterThanThreshold"),
            ("DuplicatesAlarm/Properties/TreatMissingData", "breaching"),
        )
    ),
    (
        rules.alarms_on_our_metrics_name_one_that_the_functions_write,
        "Resources/DuplicatesAlarm/Properties/MetricName",
        "DuplicateFound",
    ),
    (
        rules.alarms_on_our_metrics_name_one_that_the_functions_write,
        "Resources/DuplicatesAlarm/Properties/Dimensions",
        [],
    ),
    (
        rules.alarms_on_our_metrics_name_one_that_the_functions_write,
        "Resources/OutcomesUnknownAlarm",
        GONE,
    ),
    (
        rules.an_alarm_looks_back_no_longer_than_cloudwatch_does,
        "Resources/PollSilentAlarm/Properties/EvaluationPeriods",
        289,
    ),
    (
        rules.queries_look_into_logs_that_there_are,
        "Resources/SlowPollsQuery/Properties/LogGroupNames",
        [],
    ),
    (
        rules.queries_look_for_lines_that_the_functions_write,
        "Resources/BlockedSendsQuery/Properties/QueryString",
        "filter message = 'sends_stopped'",
    ),
    (rules.four_questions_are_saved_as_queries, "Resources/FailuresQuery", GONE),
]

# Of the dashboard: a text in it, and what stands there instead.
CHANGES: list[tuple[Rule, str, str]] = [
    (
        rules.the_dashboard_shows_every_metric_of_ours_and_none_that_nobody_writes,
        '"RowsDoubtful"',
        '"RowsDoubted"',
    ),
    (
        rules.the_dashboard_shows_every_metric_of_ours_and_none_that_nobody_writes,
        '"RowsDoubtful", "service"',
        '"RowsDoubtful", "company"',
    ),
    (rules.the_dashboard_shows_every_function_and_every_queue, '"Throttles"', '"Invocations"'),
    (rules.the_dashboard_shows_every_function_and_every_queue, "${PollDlq.", "${AlertsDlq."),
    (
        rules.the_dashboard_shows_every_function_and_every_queue,
        '"ApproximateAgeOfOldestMessage"',
        '"SentMessageSize"',
    ),
    (
        rules.the_dashboard_lists_every_alarm_the_urgent_ones_first,
        "${PollDlqAlarm.",
        "${AlertsDlqAlarm.",
    ),
    (
        rules.the_dashboard_lists_every_alarm_the_urgent_ones_first,
        '"${PollSilentAlarm.Arn}",',
        '"${QueueAgeAlarm.Arn}", "${PollSilentAlarm.Arn}",',
    ),
    (
        rules.business_stands_above_health_and_health_above_the_functions,
        '"PollsSucceeded"',
        '"AlertsSent"',
    ),
    (
        rules.parts_of_the_dashboard_neither_overlap_nor_leave_it,
        '"width": 8',
        '"width": 9',
    ),
    (rules.queries_look_for_lines_that_the_functions_write, "'call_ended'", "'call_over'"),
    (rules.queries_look_into_logs_that_there_are, "SOURCE '${PollLogGroup}'", "SOURCE '/poll'"),
]


@pytest.mark.parametrize("pace", ["standard", "sandbox"])
@pytest.mark.parametrize("rule", rules.RULES, ids=lambda rule: rule.__name__)
def test_the_template_keeps(
    rule: Rule, pace: str, raw_template: dict[str, Any], deploy_as: Callable[..., Any]
) -> None:
    assert list(rule(deploy_as(raw_template, Pace=pace))) == []


@pytest.mark.parametrize(("rule", "path", "value"), BREAKS)
def test_a_template_that_does_not_is_noticed(
    rule: Rule,
    path: str,
    value: object,
    raw_template: dict[str, Any],
    deploy_as: Callable[..., Any],
) -> None:
    assert list(rule(deploy_as(broken(raw_template, path, value)))) != []


@pytest.mark.parametrize(("rule", "old", "new"), CHANGES)
def test_a_dashboard_that_does_not_is_noticed(
    rule: Rule, old: str, new: str, raw_template: dict[str, Any], deploy_as: Callable[..., Any]
) -> None:
    text = raw_template["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    assert old in text
    changed = broken(raw_template, BODY, {"Fn::Sub": text.replace(old, new)})
    assert list(rule(deploy_as(changed))) != []


def test_of_every_rule_it_is_shown_that_it_can_fail() -> None:
    assert {rule for rule, _, _ in [*BREAKS, *CHANGES]} == set(rules.RULES)


def test_the_dashboard_holds_what_cloudwatch_takes(deployed: Any) -> None:
    """No more than 500 parts, each in a region; a metric's part names how it is drawn."""
    (dashboard,) = deployed.of(rules.DASHBOARD).values()
    assert set(json.loads(dashboard["DashboardBody"])) == {"widgets"}
    parts = rules.widgets(deployed)
    assert {part["type"] for part in parts} == {"text", "metric", "log", "alarm"}
    for part in parts:
        if part["type"] in {"metric", "log"}:
            assert part["properties"]["region"] == "AWS::Region"
            assert part["properties"]["view"] in {"timeSeries", "singleValue", "table"}
