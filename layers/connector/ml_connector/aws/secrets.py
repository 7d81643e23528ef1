"""Credentials from Secrets Manager, kept in memory for a few minutes and nowhere else."""

from __future__ import annotations

import json
from typing import Any

from aws_lambda_powertools.utilities.parameters import SecretsProvider
from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError
from botocore.exceptions import ClientError

from ml_connector.errors import ConfigurationError, SecretUnavailable

#: How long a rotated secret may go unnoticed, seconds, where the old one is not refused.
MAX_AGE_SECONDS = 300


class Secrets:
    """JSON objects by the secret's id; `client` is a boto3 Secrets Manager client."""

    def __init__(self, client: Any) -> None:  # noqa: ANN401 - boto3 has no types
        self._provider = SecretsProvider(boto3_client=client)

    def read(self, secret_id: str, *, fresh: bool = False) -> dict[str, Any]:
        """The object in a secret; empty when the secret has none yet.

        `fresh` asks Secrets Manager even when a copy is in memory: for credentials just refused.
        Raises ConfigurationError when it does not exist or is not a JSON object, SecretUnavailable
        when Secrets Manager cannot give it out now. Neither says what is in it.
        """
        try:
            text = self._provider.get(secret_id, max_age=MAX_AGE_SECONDS, force_fetch=fresh)
        except GetParameterError as error:
            raise _explained(error, secret_id) from error
        try:
            body = json.loads(str(text) if text else "{}")
        except ValueError as error:
            raise ConfigurationError(
                f"secret {secret_id} is not JSON; store it again as a JSON object"
            ) from error
        if not isinstance(body, dict):
            raise ConfigurationError(f"secret {secret_id} must be a JSON object")
        return body


def _explained(error: GetParameterError, secret_id: str) -> Exception:
    cause = error.__cause__ or error.__context__
    code = ""
    if isinstance(cause, ClientError):
        code = str(cause.response.get("Error", {}).get("Code", ""))
    if code == "ResourceNotFoundException":
        return ConfigurationError(
            f"secret {secret_id} does not exist or has no value; deploy the template, then store it"
        )
    return SecretUnavailable(f"secret {secret_id} cannot be read now ({code or 'no answer'})")
