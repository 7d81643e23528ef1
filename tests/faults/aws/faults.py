"""What can be wrong between the functions and AWS, as rules of microburst.

A rule that comes and goes does so by count (`sequence`), not by chance: the seed decides the
counts. The codes are those AWS gives. A request to DynamoDB is tried twice, so that two failures in
a row come through to our code.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from .proxy import Rule

#: What the transaction holds that claims a dispatch, and that records its id of Twilio's.
_CLAIM = "contains(to_string(@), 'dispatch.claimed')"
_RECORD = "contains(to_string(@), 'dispatch.sent')"
#: DynamoDB passes on what KMS says.
_NO_KEY = "User is not authorized to perform: kms:Decrypt on the resource"


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of trouble. `cold`: functions start anew in it, with nothing kept in memory."""

    meaning: str
    rules: Callable[[random.Random], Sequence[Rule]]
    cold: bool = False


def _now_and_then(dice: random.Random) -> dict[str, int]:
    return {"fail": 2 + dice.randrange(2), "pass": 3 + dice.randrange(5)}


def _throttled(dice: random.Random) -> list[Rule]:
    code = {"code": "ProvisionedThroughputExceededException"}
    return [{"service": "dynamodb", "error": code, "sequence": _now_and_then(dice)}]


def _refused(_: random.Random) -> list[Rule]:
    return [{"service": "dynamodb", "error": {"code": "AccessDeniedException", "status": 400}}]


def _reset(dice: random.Random) -> list[Rule]:
    return [{"service": "dynamodb", "reset": True, "sequence": _now_and_then(dice)}]


def _lost_reply(dice: random.Random) -> list[Rule]:
    """Every write is written; of some, both tries of the client hear nothing of it."""
    return [
        {
            "service": "dynamodb",
            "operation": operation,
            "response": {"abort_frac": 0.4},
            "sequence": {"fail": 2, "pass": 1 + dice.randrange(3)},
        }
        for operation in ("TransactWriteItems", "UpdateItem")
    ]


def _lost_claim(dice: random.Random) -> list[Rule]:
    lost = {"abort_frac": 0.4}
    count = {"fail": 2 + dice.randrange(3), "pass": 1}
    return [{"service": "dynamodb", "body": _CLAIM, "response": lost, "sequence": count}]


def _no_record(_: random.Random) -> list[Rule]:
    code = {"code": "AccessDeniedException", "status": 400}
    return [{"service": "dynamodb", "body": _RECORD, "error": code}]


def _no_secrets(_: random.Random) -> list[Rule]:
    return [{"service": "secretsmanager", "error": {"code": "InternalServiceError", "status": 500}}]


def _no_key(_: random.Random) -> list[Rule]:
    denied = {"code": "AccessDeniedException", "status": 400}
    return [
        {"service": "dynamodb", "error": {**denied, "message": _NO_KEY}},
        {
            "service": "secretsmanager",
            "error": {**denied, "message": "Access to KMS is not allowed"},
        },
        {"service": "sqs", "error": {"code": "KmsAccessDenied", "status": 400}},
    ]


def _no_queue(_: random.Random) -> list[Rule]:
    return [{"service": "sqs", "error": {"code": "ServiceUnavailable", "status": 503}}]


def _slow(dice: random.Random) -> list[Rule]:
    """Longer than DynamoDB is waited for, which is 2.5 s, and a little less."""
    wait = {"min": 1000 + dice.randrange(500), "max": 4000}
    count = {"fail": 1, "pass": 2 + dice.randrange(2)}
    return [{"service": "dynamodb", "latency": wait, "sequence": count}]


def _no_invocations(_: random.Random) -> list[Rule]:
    code = {"code": "TooManyRequestsException", "status": 429}
    return [{"service": "lambda", "operation": "Invoke", "error": code}]


FAULTS: Mapping[str, Fault] = {
    "throttled": Fault("DynamoDB throttles, several requests in a row", _throttled),
    "refused": Fault("DynamoDB refuses every request: AccessDenied", _refused),
    "reset": Fault("connections to DynamoDB are reset", _reset),
    "reply lost": Fault("writes are committed, and their replies lost", _lost_reply),
    "claim's reply lost": Fault("the claim is committed, and its reply lost", _lost_claim),
    "nothing recorded": Fault("what was just sent cannot be recorded", _no_record),
    "secrets down": Fault("Secrets Manager answers 500 to cold functions", _no_secrets, cold=True),
    "key denied": Fault("KMS denies: tables, secrets and queue at once", _no_key, cold=True),
    "queue down": Fault("SQS takes no messages", _no_queue),
    "slow": Fault("DynamoDB answers after seconds, or too late", _slow),
    "no invocations": Fault("Lambda starts no poll of a company", _no_invocations),
}
