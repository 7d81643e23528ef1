"""The template keeps every house rule, and every rule notices a template that does not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.template import house_rules as rules
from tests.template.breaking import GONE, broken

Rule = Callable[[Any], rules.Found]

# One way of breaking each rule, at least: where in the template, and what stands there instead.
BREAKS: list[tuple[Rule, str, Any]] = [
    (
        rules.every_queue_has_a_dead_letter_queue_or_is_one,
        "Resources/AlertsQueue/Properties/RedrivePolicy",
        GONE,
    ),
    (
        rules.every_queue_has_a_dead_letter_queue_or_is_one,
        "Resources/ForgottenQueue",
        {"Type": "AWS::SQS::Queue", "Properties": {}},
    ),
    (
        rules.every_dead_letter_queue_raises_an_alarm_when_not_empty,
        "Resources/PollDlqAlarm",
        GONE,
    ),
    (
        rules.every_dead_letter_queue_raises_an_alarm_when_not_empty,
        "Resources/AlertsDlqAlarm/Properties/Threshold",
        5,
    ),
    (
        rules.dead_letters_are_kept_longer_than_messages,
        "Resources/AlertsDlq/Properties/MessageRetentionPeriod",
        345600,
    ),
    (
        rules.every_function_has_a_log_group_with_retention,
        "Resources/PollLogGroup/Properties/RetentionInDays",
        GONE,
    ),
    (
        rules.every_function_has_a_log_group_with_retention,
        "Resources/SendFunction/Properties/LoggingConfig",
        {},
    ),
    (rules.every_function_logs_json_and_is_traced, "Globals/Function/Tracing", GONE),
    (rules.every_function_logs_json_and_is_traced, "Globals/Function/LoggingConfig", {}),
    (rules.every_function_knows_its_time_out, "Resources/SendFunction/Properties/Timeout", 29),
    (
        rules.visibility_is_at_least_six_times_the_time_out,
        "Mappings/Pace/standard/Visibility",
        "179",
    ),
    (
        rules.queue_mappings_report_partial_failures_and_are_bounded,
        "Resources/SendFunction/Properties/Events/AlertsQueue/Properties/FunctionResponseTypes",
        GONE,
    ),
    (
        rules.queue_mappings_report_partial_failures_and_are_bounded,
        "Resources/SendFunction/Properties/Events/AlertsQueue/Properties/ScalingConfig",
        GONE,
    ),
    (
        rules.queue_mappings_report_partial_failures_and_are_bounded,
        "Resources/SendFunction/Properties/ReservedConcurrentExecutions",
        5,
    ),
    (
        rules.schedules_run_when_they_should_without_retries_and_keep_what_fails,
        "Resources/PollFunction/Properties/Events/EveryMinute/Properties/RetryPolicy",
        GONE,
    ),
    (
        rules.schedules_run_when_they_should_without_retries_and_keep_what_fails,
        "Resources/PollFunction/Properties/Events/Nightly/Properties/ScheduleExpression",
        "rate(1 minute)",
    ),
    (
        rules.schedules_run_when_they_should_without_retries_and_keep_what_fails,
        "Resources/StatusCheckFunction/Properties/Events/EveryMinute/Properties/DeadLetterConfig",
        GONE,
    ),
    (
        rules.asynchronous_invocations_are_not_retried,
        "Resources/StatusCheckFunction/Properties/EventInvokeConfig",
        GONE,
    ),
    (
        rules.a_failed_poll_of_a_company_is_kept,
        "Resources/PollFunction/Properties/EventInvokeConfig/DestinationConfig",
        GONE,
    ),
    (
        rules.nothing_is_reachable_from_the_internet,
        "Resources/PollFunction/Properties/FunctionUrlConfig",
        {"AuthType": "NONE"},
    ),
    (
        rules.nothing_is_reachable_from_the_internet,
        "Resources/AlertsQueuePolicy/Properties/PolicyDocument/Statement/0/Effect",
        "Allow",
    ),
    (
        rules.everything_that_keeps_data_is_encrypted_with_the_stacks_key,
        "Resources/AuditTable/Properties/SSESpecification",
        GONE,
    ),
    (
        rules.everything_that_keeps_data_is_encrypted_with_the_stacks_key,
        "Resources/PollDlq/Properties/KmsMasterKeyId",
        "alias/aws/sqs",
    ),
    (
        rules.everything_that_keeps_data_is_encrypted_with_the_stacks_key,
        "Resources/TwilioSecret/Properties/KmsKeyId",
        GONE,
    ),
    (rules.queues_and_topics_take_nothing_unencrypted, "Resources/PollDlqPolicy", GONE),
    (rules.queues_and_topics_take_nothing_unencrypted, "Resources/UrgentTopicPolicy", GONE),
    (
        rules.tables_can_be_restored_and_are_not_lost,
        "Resources/FlowsTable/Properties/PointInTimeRecoverySpecification",
        GONE,
    ),
    (
        rules.tables_can_be_restored_and_are_not_lost,
        "Resources/DocumentsTable/DeletionPolicy",
        "Delete",
    ),
    (
        rules.tables_can_be_restored_and_are_not_lost,
        "Resources/AuditTable/Properties/DeletionProtectionEnabled",
        GONE,
    ),
    *(
        (
            rules.buckets_are_locked_private_and_take_nothing_unencrypted,
            f"Resources/{place}",
            broken,
        )
        for place, broken in (
            ("RootsBucketPolicy", GONE),
            ("RootsBucket/DeletionPolicy", "Delete"),
            ("RootsBucket/Properties/ObjectLockConfiguration", GONE),
            ("RootsBucket/Properties/VersioningConfiguration", GONE),
            ("RootsBucket/Properties/BucketEncryption", GONE),
            ("RootsBucket/Properties/PublicAccessBlockConfiguration/BlockPublicAcls", False),
        )
    ),
    (rules.the_key_outlives_what_it_encrypts, "Resources/DataKey/DeletionPolicy", "Delete"),
    (
        rules.what_expires_is_removed,
        "Resources/SessionsTable/Properties/TimeToLiveSpecification",
        GONE,
    ),
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


def test_of_every_rule_it_is_shown_that_it_can_fail() -> None:
    assert {rule for rule, _, _ in BREAKS} == set(rules.RULES)
