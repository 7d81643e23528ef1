"""The times a deployment goes by, as its functions have them."""

from __future__ import annotations

from botocore.exceptions import BotoCoreError, ClientError

from cli.console.failures import Failure
from cli.deployment import Deployment
from ml_connector.errors import ConfigurationError
from ml_connector.settings import Timings, read_settings

_TABLES = ("SESSIONS", "DOCUMENTS", "ALERTS", "FLOWS", "APPROVERS", "AUDIT")


def timings_of(deployment: Deployment) -> Timings:
    """The poll function's own; the usual ones where the caller may not look at it."""
    try:
        found = deployment.client("lambda").get_function_configuration(
            FunctionName=deployment.output("PollFunctionName")
        )
        variables = found["Environment"]["Variables"]
        text, send = variables.get("TIMINGS", ""), variables.get("SEND_TIMEOUT_SECONDS", "")
        tables = {f"{name}_TABLE": name for name in _TABLES}
        return read_settings(
            {"STAGE": "any", **tables, "TIMINGS": text, "SEND_TIMEOUT_SECONDS": send}
        ).timings
    except (BotoCoreError, ClientError, ConfigurationError, Failure, KeyError):
        return Timings()
