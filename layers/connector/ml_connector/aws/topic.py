"""The topic of the Monday summaries: whoever is subscribed to it gets them as e-mail."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
)

from ml_connector.domain.summaries import Published

#: Above this the service failed, perhaps after it had taken the message.
_FAILED = 500
_NOT_SENT = (ConnectTimeoutError, EndpointConnectionError, NoCredentialsError)


class SnsTopic:
    """The Topic port on SNS; `client` is a boto3 SNS client that never tries twice."""

    def __init__(self, client: Any, arn: str) -> None:  # noqa: ANN401 - boto3 has no types
        self._client = client
        self._arn = arn

    def publish(self, subject: str, text: str) -> Published:
        """Publish one message; SNS has no idempotency, so what is unknown stays so."""
        try:
            self._client.publish(TopicArn=self._arn, Subject=subject, Message=text)
        except ClientError as error:
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
            return Published.NO if 0 < int(status) < _FAILED else Published.UNKNOWN
        except _NOT_SENT:
            return Published.NO
        except BotoCoreError:
            return Published.UNKNOWN
        return Published.YES
