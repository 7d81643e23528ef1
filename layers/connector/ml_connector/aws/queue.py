"""The alerts queue: a doorbell that carries dispatch ids and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from ml_connector.errors import MessageMalformed, QueueUnavailable

#: The version of the message. A version a function does not know ends in the dead-letter queue.
VERSION = 1

#: SQS takes at most ten messages a call, and delays no longer than fifteen minutes.
BATCH = 10
LONGEST_DELAY = 900


class SqsDoorbell:
    """The Doorbell port on SQS; `client` is a boto3 SQS client."""

    def __init__(self, client: Any, queue_url: str) -> None:  # noqa: ANN401 - boto3 has no types
        self._client = client
        self._queue_url = queue_url

    def ring(self, dispatch_ids: Iterable[str], delay_seconds: int = 0) -> None:
        """Queue a message for each dispatch, ten a call.

        Raises QueueUnavailable naming how many were not taken; the others are on their way.
        """
        ids = list(dispatch_ids)
        delay = max(0, min(delay_seconds, LONGEST_DELAY))
        refused = 0
        for start in range(0, len(ids), BATCH):
            refused += self._send(ids[start : start + BATCH], delay)
        if refused:
            raise QueueUnavailable(f"SQS did not take {refused} of {len(ids)} messages")

    def _send(self, ids: list[str], delay: int) -> int:
        entries = [
            {"Id": str(number), "MessageBody": message_body(one), "DelaySeconds": delay}
            for number, one in enumerate(ids)
        ]
        try:
            reply = self._client.send_message_batch(QueueUrl=self._queue_url, Entries=entries)
        except (BotoCoreError, ClientError):
            return len(ids)
        return len(reply.get("Failed", []))


def message_body(dispatch_id: str) -> str:
    """The message for a dispatch."""
    return json.dumps({"v": VERSION, "dispatch": dispatch_id})


def dispatch_in(body: str) -> str:
    """The dispatch a message names. Raises MessageMalformed for anything else."""
    try:
        message = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise MessageMalformed("the message is not JSON") from error
    version = message.get("v") if isinstance(message, dict) else None
    if version != VERSION or isinstance(version, bool):
        raise MessageMalformed(f"the message is not of version {VERSION}")
    dispatch = message.get("dispatch")
    if not isinstance(dispatch, str) or not dispatch:
        raise MessageMalformed("the message names no dispatch")
    return dispatch
