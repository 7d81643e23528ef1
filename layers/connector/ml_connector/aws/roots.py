"""The bucket of the daily roots: what is put there is locked, and nobody here can read it."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from ml_connector.errors import StoreUnavailable


class S3RootShelf:
    """The RootShelf port on S3; `client` is a boto3 S3 client."""

    def __init__(self, client: Any, bucket: str) -> None:  # noqa: ANN401 - boto3 has no types
        self._client = client
        self._bucket = bucket

    def put(self, key: str, document: bytes) -> None:
        """Keep a document. The bucket locks it for as long as the template says.

        Putting it twice keeps both. Raises StoreUnavailable.
        """
        try:
            self._client.put_object(
                Bucket=self._bucket, Key=key, Body=document, ContentType="application/json"
            )
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", ""))
            raise StoreUnavailable(f"S3 did not take a root: {code}") from error
        except BotoCoreError as error:
            raise StoreUnavailable(f"S3 did not take a root: {type(error).__name__}") from error
