"""House rules: what every queue, function, schedule, table and bucket of the template has to have.

A rule looks at what is deployed and says what breaks it; `test_house_rules.py` holds them against
the template, and shows of each that it can fail.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

QUEUE = "AWS::SQS::Queue"
FUNCTION = "AWS::Lambda::Function"
ALIAS = "AWS::Lambda::Alias"
MAPPING = "AWS::Lambda::EventSourceMapping"
INVOKE_CONFIG = "AWS::Lambda::EventInvokeConfig"
SCHEDULE = "AWS::Scheduler::Schedule"
TABLE = "AWS::DynamoDB::Table"
ALARM = "AWS::CloudWatch::Alarm"
LOG_GROUP = "AWS::Logs::LogGroup"
TOPIC = "AWS::SNS::Topic"
SECRET = "AWS::SecretsManager::Secret"
BUCKET = "AWS::S3::Bucket"

DAY = 24 * 60 * 60
# What makes a function, a queue or a topic reachable from the internet.
PUBLIC_KINDS = (
    "AWS::ApiGateway",
    "AWS::AppSync",
    "AWS::CloudFront",
    "AWS::ElasticLoadBalancing",
    "AWS::IoT",
    "AWS::Lambda::Permission",
    "AWS::Lambda::Url",
    "AWS::VpcLattice",
)

Found = Iterator[str]


def function_behind(deployed: Any, target: str) -> str:
    """The function that is invoked where its alias is, or itself by name or ARN."""
    name = target.removesuffix(".Arn")
    alias = deployed.of(ALIAS).get(name)
    return str(alias["FunctionName"]) if alias else name


def dead_letter_queues(deployed: Any) -> set[str]:
    """Names of the queues that something puts what it could not do into."""
    targets = [
        *(
            q.get("RedrivePolicy", {}).get("deadLetterTargetArn")
            for q in deployed.of(QUEUE).values()
        ),
        *(
            s["Target"].get("DeadLetterConfig", {}).get("Arn")
            for s in deployed.of(SCHEDULE).values()
        ),
        *(
            c["DestinationConfig"].get("OnFailure", {}).get("Destination")
            for c in deployed.of(INVOKE_CONFIG).values()
        ),
    ]
    return {target.removesuffix(".Arn") for target in targets if target}


def every_queue_has_a_dead_letter_queue_or_is_one(deployed: Any) -> Found:
    dead = dead_letter_queues(deployed)
    for name, queue in deployed.of(QUEUE).items():
        if name not in dead and "RedrivePolicy" not in queue:
            yield name


def every_dead_letter_queue_raises_an_alarm_when_not_empty(deployed: Any) -> Found:
    watched = {
        alarm["Dimensions"][0]["Value"]
        for alarm in deployed.of(ALARM).values()
        if alarm["MetricName"] == "ApproximateNumberOfMessagesVisible"
        and alarm["Threshold"] == 0
        and alarm["ComparisonOperator"] == "GreaterThanThreshold"
    }
    for name in dead_letter_queues(deployed):
        if f"{name}.QueueName" not in watched:
            yield name


def dead_letters_are_kept_longer_than_messages(deployed: Any) -> Found:
    queues = deployed.of(QUEUE)
    dead = dead_letter_queues(deployed)
    for name, queue in queues.items():
        kept = int(queue["MessageRetentionPeriod"])
        if kept != 14 * DAY if name in dead else kept >= 14 * DAY:
            yield name


def every_function_has_a_log_group_with_retention(deployed: Any) -> Found:
    groups = deployed.of(LOG_GROUP)
    for name, function in deployed.of(FUNCTION).items():
        group = groups.get(function["LoggingConfig"].get("LogGroup"), {})
        if "RetentionInDays" not in group:
            yield name


def every_function_logs_json_and_is_traced(deployed: Any) -> Found:
    for name, function in deployed.of(FUNCTION).items():
        if function["LoggingConfig"].get("LogFormat") != "JSON":
            yield f"{name} logs text"
        if function.get("TracingConfig") != {"Mode": "Active"}:
            yield f"{name} is not traced"


def every_function_knows_its_time_out(deployed: Any) -> Found:
    for name, function in deployed.of(FUNCTION).items():
        known = function["Environment"]["Variables"].get("FUNCTION_TIMEOUT_SECONDS")
        if known != str(function["Timeout"]):
            yield f"{name}: {known} is not {function['Timeout']}"


def visibility_is_at_least_six_times_the_time_out(deployed: Any) -> Found:
    for mapping in deployed.of(MAPPING).values():
        queue = mapping["EventSourceArn"].removesuffix(".Arn")
        visibility = int(deployed.of(QUEUE)[queue]["VisibilityTimeout"])
        consumer = function_behind(deployed, mapping["FunctionName"])
        timeout = int(deployed.of(FUNCTION)[consumer]["Timeout"])
        if visibility < 6 * timeout:
            yield f"{queue}: {visibility} s for a function of {timeout} s"


def queue_mappings_report_partial_failures_and_are_bounded(deployed: Any) -> Found:
    for name, mapping in deployed.of(MAPPING).items():
        if "ReportBatchItemFailures" not in mapping.get("FunctionResponseTypes", []):
            yield f"{name}: one bad message takes the whole batch with it"
        if mapping.get("BatchSize", 10) > 10:
            yield f"{name}: more than ten messages at once need a batching window"
        # Two is the least AWS takes.
        if mapping.get("ScalingConfig", {}).get("MaximumConcurrency", 0) < 2:
            yield f"{name}: unbounded"
        consumer = deployed.of(FUNCTION)[function_behind(deployed, mapping["FunctionName"])]
        # Throttled messages would be received, given back, and end in the dead-letter queue.
        if "ReservedConcurrentExecutions" in consumer:
            yield f"{name}: the function's concurrency is reserved"


#: When each kind of tick comes. By night three times, for what one of them could not do.
TICKS = {"schedule": "rate(1 minute)", "nightly": "cron(37 8-10 * * ? *)"}


def schedules_run_when_they_should_without_retries_and_keep_what_fails(deployed: Any) -> Found:
    for name, schedule in deployed.of(SCHEDULE).items():
        target = schedule["Target"]
        asked = json.loads(target["Input"])
        if schedule["ScheduleExpression"] != TICKS.get(asked.get("trigger")):
            yield f"{name}: {schedule['ScheduleExpression']} for {asked}"
        if schedule["FlexibleTimeWindow"] != {"Mode": "OFF"}:
            yield f"{name}: flexible"
        if target.get("RetryPolicy", {}).get("MaximumRetryAttempts") != 0:
            yield f"{name}: retried"
        if "DeadLetterConfig" not in target:
            yield f"{name}: lost when it cannot be delivered"
        if asked.keys() != {"v", "trigger"} or asked["v"] != 1:
            yield f"{name}: {target['Input']}"


def asynchronous_invocations_are_not_retried(deployed: Any) -> Found:
    invoked = {s["Target"]["Arn"] for s in deployed.of(SCHEDULE).values()}
    for function in {function_behind(deployed, target) for target in invoked}:
        configs = [c for c in deployed.of(INVOKE_CONFIG).values() if c["FunctionName"] == function]
        if [config["MaximumRetryAttempts"] for config in configs] != [0]:
            yield function


def a_failed_poll_of_a_company_is_kept(deployed: Any) -> Found:
    kept = deployed.of(INVOKE_CONFIG)["PollFunctionEventInvokeConfig"]["DestinationConfig"]
    if kept.get("OnFailure", {}).get("Destination") != "PollDlq.Arn":
        yield "PollFunction"


def nothing_is_reachable_from_the_internet(deployed: Any) -> Found:
    for name, resource in deployed.resources.items():
        if resource["Type"].startswith(PUBLIC_KINDS):
            yield f"{name}: {resource['Type']}"
        document = resource["Properties"].get("PolicyDocument", {})
        for statement in document.get("Statement", []):
            if statement["Effect"] == "Allow" and statement.get("Principal") in ("*", {"AWS": "*"}):
                yield f"{name}: allows everybody"


def everything_that_keeps_data_is_encrypted_with_the_stacks_key(deployed: Any) -> Found:
    for name, table in deployed.of(TABLE).items():
        wanted = {"SSEEnabled": True, "SSEType": "KMS", "KMSMasterKeyId": "DataKey.Arn"}
        if table.get("SSESpecification") != wanted:
            yield name
    for kind in (QUEUE, TOPIC):
        for name, properties in deployed.of(kind).items():
            if properties.get("KmsMasterKeyId") != "DataKey":
                yield name
    for name, secret in deployed.of(SECRET).items():
        if secret.get("KmsKeyId") != "DataKey.Arn":
            yield name


def queues_and_topics_take_nothing_unencrypted(deployed: Any) -> Found:
    refusing = set()
    policies = deployed.of("AWS::SQS::QueuePolicy") | deployed.of("AWS::SNS::TopicPolicy")
    for policy in policies.values():
        for statement in policy["PolicyDocument"]["Statement"]:
            if (
                statement["Effect"] == "Deny"
                and statement["Principal"] == "*"
                and statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
            ):
                refusing |= {*policy.get("Queues", []), *policy.get("Topics", [])}
    yield from {*deployed.of(QUEUE), *deployed.of(TOPIC)} - refusing


def buckets_are_locked_private_and_take_nothing_unencrypted(deployed: Any) -> Found:
    refusing = set()
    for policy in deployed.of("AWS::S3::BucketPolicy").values():
        (statement,) = policy["PolicyDocument"]["Statement"]
        bucket = policy["Bucket"]
        if (
            statement["Effect"] == "Deny"
            and (statement["Principal"], statement["Action"]) == ("*", "s3:*")
            and statement["Resource"] == [f"{bucket}.Arn", f"{bucket}.Arn/*"]
            and statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        ):
            refusing.add(bucket)
    for name, bucket in deployed.of(BUCKET).items():
        if name not in refusing:
            yield f"{name}: takes what is not encrypted on its way"
        lock = bucket.get("ObjectLockConfiguration", {}).get("Rule", {}).get("DefaultRetention", {})
        if not (bucket.get("ObjectLockEnabled") and lock.get("Mode") and lock.get("Days")):
            yield f"{name}: not locked"
        if bucket.get("VersioningConfiguration") != {"Status": "Enabled"}:
            yield f"{name}: can be written over"
        if "BucketEncryption" not in bucket:
            yield f"{name}: not encrypted"
        if list(bucket.get("PublicAccessBlockConfiguration", {}).values()) != [True] * 4:
            yield f"{name}: could be made public"
        if deployed.resources[name].get("DeletionPolicy") != "Retain":
            yield f"{name}: goes with the stack"


def tables_can_be_restored_and_are_not_lost(deployed: Any) -> Found:
    for name, table in deployed.of(TABLE).items():
        if table.get("BillingMode") != "PAY_PER_REQUEST":
            yield f"{name}: capacity is provisioned"
        if name == "SessionsTable":
            continue  # another login brings it back
        restorable = table.get("PointInTimeRecoverySpecification", {})
        if not restorable.get("PointInTimeRecoveryEnabled"):
            yield f"{name}: no point-in-time recovery"
        resource = deployed.resources[name]
        if {resource.get("DeletionPolicy"), resource.get("UpdateReplacePolicy")} != {"Retain"}:
            yield f"{name}: goes with the stack"
    for name in ("AlertsTable", "AuditTable"):
        if deployed.of(TABLE)[name].get("DeletionProtectionEnabled") is not True:
            yield f"{name}: can be deleted"


def the_key_outlives_what_it_encrypts(deployed: Any) -> Found:
    key = deployed.resources["DataKey"]
    if {key.get("DeletionPolicy"), key.get("UpdateReplacePolicy")} != {"Retain"}:
        yield "DataKey goes with the stack, the tables do not"
    if key["Properties"].get("EnableKeyRotation") is not True:
        yield "DataKey is never rotated"


def what_expires_is_removed(deployed: Any) -> Found:
    for name in ("SessionsTable", "AlertsTable"):
        wanted = {"AttributeName": "expires_at", "Enabled": True}
        if deployed.of(TABLE)[name].get("TimeToLiveSpecification") != wanted:
            yield name


RULES: list[Callable[[Any], Found]] = [
    every_queue_has_a_dead_letter_queue_or_is_one,
    every_dead_letter_queue_raises_an_alarm_when_not_empty,
    dead_letters_are_kept_longer_than_messages,
    every_function_has_a_log_group_with_retention,
    every_function_logs_json_and_is_traced,
    every_function_knows_its_time_out,
    visibility_is_at_least_six_times_the_time_out,
    queue_mappings_report_partial_failures_and_are_bounded,
    schedules_run_when_they_should_without_retries_and_keep_what_fails,
    asynchronous_invocations_are_not_retried,
    a_failed_poll_of_a_company_is_kept,
    nothing_is_reachable_from_the_internet,
    everything_that_keeps_data_is_encrypted_with_the_stacks_key,
    queues_and_topics_take_nothing_unencrypted,
    buckets_are_locked_private_and_take_nothing_unencrypted,
    tables_can_be_restored_and_are_not_lost,
    the_key_outlives_what_it_encrypts,
    what_expires_is_removed,
]
