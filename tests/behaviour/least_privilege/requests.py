"""The requests there are, each made so that being allowed it leaves everything as it is.

Writes to tables carry a condition that never holds; a message is delayed for longer than any run.
What would do harm to whoever may do it says so: `harmful`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from ml_connector.domain.roots import part_document, part_key
from tests.behaviour.least_privilege.asking import Client, Place

#: Seconds; the longest SQS takes.
_NEVER = 900
_KEYS: dict[str, dict[str, Any]] = {
    "Sessions": {"pk": {"S": "nobody"}},
    "Documents": {"pk": {"S": "company#nobody"}, "sk": {"S": "nothing"}},
    "Approvers": {"pk": {"S": "nobody"}},
    "Audit": {"chain": {"S": "case#nobody"}, "seq": {"N": "1"}},
}
_OTHER_KEYS: dict[str, Any] = {"pk": {"S": "nobody"}, "sk": {"S": "nothing"}}
_NEVER_HOLDS = "attribute_exists(nothing_is_called_this)"


@dataclass(frozen=True)
class Request:
    """One request: what IAM calls it, what it is about, and how it is made."""

    action: str
    about: str
    make: Callable[[Client, Place], object]
    harmful: bool = False

    def __str__(self) -> str:
        return f"{self.action} {self.about}"


# ------------------------------------------------------------------------------------- tables
def _key(table: str) -> dict[str, Any]:
    return _KEYS.get(table, _OTHER_KEYS)


def _on_table(operation: str, table: str, **parameters: Any) -> Request:
    def make(client: Client, place: Place) -> object:
        ask = getattr(client("dynamodb"), operation)
        return ask(TableName=place.table(table), **parameters)

    action = "".join(word.title() for word in operation.split("_"))
    index = parameters.get("IndexName", "")
    about = f"{table} table" + (f", index {index}" if index else "")
    return Request(f"dynamodb:{action}", about, make, harmful=operation == "delete_table")


def get(table: str) -> Request:
    return _on_table("get_item", table, Key=_key(table))


def put(table: str) -> Request:
    return _on_table("put_item", table, Item=_key(table), ConditionExpression=_NEVER_HOLDS)


def update(table: str) -> Request:
    return _on_table(
        "update_item",
        table,
        Key=_key(table),
        UpdateExpression="SET was = :this",
        ConditionExpression=_NEVER_HOLDS,
        ExpressionAttributeValues={":this": {"S": "here"}},
    )


def delete(table: str) -> Request:
    return _on_table("delete_item", table, Key=_key(table), ConditionExpression=_NEVER_HOLDS)


def query(table: str, index: str = "", key: str = "pk") -> Request:
    place = {"IndexName": index} if index else {}
    return _on_table(
        "query",
        table,
        **place,
        KeyConditionExpression=f"{'chain' if table == 'Audit' else key} = :it",
        ExpressionAttributeValues={":it": {"S": "nobody"}},
    )


def scan(table: str) -> Request:
    return _on_table("scan", table, Limit=1)


def delete_table(table: str) -> Request:
    return _on_table("delete_table", table)


def delete_in_a_batch(table: str) -> Request:
    """Which takes no condition, and finds nothing to delete."""

    def make(client: Client, place: Place) -> object:
        gone = [{"DeleteRequest": {"Key": _key(table)}}]
        return client("dynamodb").batch_write_item(RequestItems={place.table(table): gone})

    return Request("dynamodb:BatchWriteItem", f"{table} table", make)


# ----------------------------------------------------------------------------- queues, secrets
def send(queue: str) -> Request:
    def make(client: Client, place: Place) -> object:
        return client("sqs").send_message(
            QueueUrl=place.queue(queue), MessageBody="{}", DelaySeconds=_NEVER
        )

    return Request("sqs:SendMessage", f"{queue} queue", make)


def receive(queue: str) -> Request:
    def make(client: Client, place: Place) -> object:
        return client("sqs").receive_message(QueueUrl=place.queue(queue), VisibilityTimeout=0)

    return Request("sqs:ReceiveMessage", f"{queue} queue", make)


def delete_message(queue: str) -> Request:
    def make(client: Client, place: Place) -> object:
        return client("sqs").delete_message(QueueUrl=place.queue(queue), ReceiptHandle="none")

    return Request("sqs:DeleteMessage", f"{queue} queue", make)


def measure(queue: str) -> Request:
    def make(client: Client, place: Place) -> object:
        return client("sqs").get_queue_attributes(
            QueueUrl=place.queue(queue), AttributeNames=["QueueArn"]
        )

    return Request("sqs:GetQueueAttributes", f"{queue} queue", make)


def purge(queue: str) -> Request:
    def make(client: Client, place: Place) -> object:
        return client("sqs").purge_queue(QueueUrl=place.queue(queue))

    return Request("sqs:PurgeQueue", f"{queue} queue", make, harmful=True)


def read_secret(name: str) -> Request:
    def make(client: Client, place: Place) -> object:
        return client("secretsmanager").get_secret_value(SecretId=place.secret(name))

    return Request("secretsmanager:GetSecretValue", f"{name} secret", make)


def read_anothers_secret() -> Request:
    def make(client: Client, place: Place) -> object:
        return client("secretsmanager").get_secret_value(SecretId=place.others_secret)

    return Request("secretsmanager:GetSecretValue", "secret of another stage", make)


def write_secret(name: str) -> Request:
    def make(client: Client, place: Place) -> object:
        return client("secretsmanager").put_secret_value(
            SecretId=place.secret(name), SecretString="{}"
        )

    return Request("secretsmanager:PutSecretValue", f"{name} secret", make, harmful=True)


def delete_secret(name: str) -> Request:
    def make(client: Client, place: Place) -> object:
        return client("secretsmanager").delete_secret(SecretId=place.secret(name))

    return Request("secretsmanager:DeleteSecret", f"{name} secret", make, harmful=True)


# ------------------------------------------------------------------------------ key and bucket
def decrypt() -> Request:
    def make(client: Client, place: Place) -> object:
        return client("kms").decrypt(CiphertextBlob=place.ciphertext)

    return Request("kms:Decrypt", "stack's key, by itself", make)


def data_key() -> Request:
    def make(client: Client, place: Place) -> object:
        return client("kms").generate_data_key(KeyId=place["DataKey"], KeySpec="AES_256")

    return Request("kms:GenerateDataKey", "stack's key, by itself", make)


def delete_key() -> Request:
    def make(client: Client, place: Place) -> object:
        return client("kms").schedule_key_deletion(KeyId=place["DataKey"])

    return Request("kms:ScheduleKeyDeletion", "stack's key", make, harmful=True)


def _on_object(operation: str, key: str, *, harmful: bool = False, **parameters: Any) -> Request:
    def make(client: Client, place: Place) -> object:
        ask = getattr(client("s3"), operation)
        return ask(Bucket=place["RootsBucket"], Key=key, **parameters)

    action = "".join(word.title() for word in operation.split("_"))
    return Request(f"s3:{action}", f"roots bucket, {key}", make, harmful=harmful)


#: A part that holds nothing, of a day long before any that is looked at.
_DAY = date(1999, 12, 31)
ROOT = part_key(_DAY, 1)


def put_root() -> Request:
    return _on_object("put_object", ROOT, Body=part_document(_DAY, 1, ())[1])


def put_beside_roots() -> Request:
    return _on_object("put_object", "elsewhere.json", Body=b"{}")


def read_root() -> Request:
    return _on_object("get_object", ROOT)


def delete_root() -> Request:
    return _on_object("delete_object", ROOT, harmful=True)


def unlock_root() -> Request:
    return _on_object(
        "put_object_retention",
        ROOT,
        Retention={"Mode": "GOVERNANCE", "RetainUntilDate": "2000-01-01"},
        BypassGovernanceRetention=True,
        harmful=True,
    )


def list_roots() -> Request:
    def make(client: Client, place: Place) -> object:
        return client("s3").list_object_versions(Bucket=place["RootsBucket"], Prefix="roots/")

    return Request("s3:ListBucketVersions", "roots bucket", make)


# ----------------------------------------------------------------------- functions and the rest
def invoke(name: str) -> Request:
    def make(client: Client, place: Place) -> object:
        function = place.invoked(name)
        return client("lambda").invoke(FunctionName=function, InvocationType="DryRun")

    return Request("lambda:InvokeFunction", f"{name} function", make)


def replace_code(name: str) -> Request:
    def make(client: Client, place: Place) -> object:
        return client("lambda").update_function_code(
            FunctionName=place[f"{name}Function"], ZipFile=b"nothing"
        )

    return Request("lambda:UpdateFunctionCode", f"{name} function", make, harmful=True)


def write_log(name: str) -> Request:
    """Into a stream that is not there."""

    def make(client: Client, place: Place) -> object:
        return client("logs").put_log_events(
            logGroupName=place[f"{name}LogGroup"],
            logStreamName="nobody's",
            logEvents=[{"timestamp": 1, "message": "nothing"}],
        )

    return Request("logs:PutLogEvents", f"{name} log", make)


def delete_log(name: str) -> Request:
    def make(client: Client, place: Place) -> object:
        return client("logs").delete_log_group(logGroupName=place[f"{name}LogGroup"])

    return Request("logs:DeleteLogGroup", f"{name} log", make, harmful=True)


def create_user() -> Request:
    def make(client: Client, _: Place) -> object:
        return client("iam").create_user(UserName="mallory")

    return Request("iam:CreateUser", "a new user", make, harmful=True)


def widen_role(name: str) -> Request:
    def make(client: Client, place: Place) -> object:
        return client("iam").attach_role_policy(
            RoleName=place[f"{name}Role"],
            PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess",
        )

    return Request("iam:AttachRolePolicy", f"{name} role", make, harmful=True)


def take_on(name: str) -> Request:
    def make(client: Client, place: Place) -> object:
        return client("sts").assume_role(RoleArn=place.role(name), RoleSessionName="mallory")

    return Request("sts:AssumeRole", f"{name} role", make)


def publish() -> Request:
    def make(client: Client, place: Place) -> object:
        return client("sns").publish(TopicArn=place["UrgentTopic"], Message="all is well")

    return Request("sns:Publish", "urgent topic", make)


def silence_alarm() -> Request:
    def make(client: Client, place: Place) -> object:
        return client("cloudwatch").disable_alarm_actions(AlarmNames=[place["SendsBlockedAlarm"]])

    return Request("cloudwatch:DisableAlarmActions", "an alarm", make, harmful=True)


def stop_schedule(name: str) -> Request:
    def make(client: Client, place: Place) -> object:
        return client("scheduler").delete_schedule(Name=place[f"{name}FunctionEveryMinute"])

    return Request("scheduler:DeleteSchedule", f"{name} schedule", make, harmful=True)


def describe_stack() -> Request:
    def make(client: Client, place: Place) -> object:
        return client("cloudformation").describe_stacks(StackName=place.world.stack.name)

    return Request("cloudformation:DescribeStacks", "stack", make)


def delete_stack() -> Request:
    def make(client: Client, place: Place) -> object:
        return client("cloudformation").delete_stack(StackName=place.world.stack.name)

    return Request("cloudformation:DeleteStack", "stack", make, harmful=True)
