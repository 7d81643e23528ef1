"""Starting the poll of one company: an asynchronous invocation of the poll function."""

from __future__ import annotations

import json
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from ml_connector.errors import QueueUnavailable


class PollInvoker:
    """One invocation per company, so that no company waits for another or breaks it."""

    def __init__(self, client: Any, function_name: str) -> None:  # noqa: ANN401 - boto3 has no types
        self._client = client
        self._function_name = function_name

    def start(self, company: str, task: str = "") -> None:
        """Start polling a company; the invocation has no retries, the next tick is the retry.

        `task` names another thing to be done for it than a poll. Raises QueueUnavailable when
        Lambda does not take it.
        """
        event: dict[str, Any] = {"v": 1, "company": company}
        if task:
            event["task"] = task
        try:
            self._client.invoke(
                FunctionName=self._function_name,
                InvocationType="Event",
                Payload=json.dumps(event).encode(),
            )
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", ""))
            raise QueueUnavailable(f"the poll of {company} was not started ({code})") from error
        except BotoCoreError as error:
            raise QueueUnavailable(f"the poll of {company} was not started") from error
