"""Running other commands as steps of one: each does, and audits, what it does when typed."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from typing import Any

import typer

from cli.console.failures import Failure, Misused
from ml_connector.errors import ConnectorError

AGAIN = "what is done stays done: put it right, then run `ml-connector go-live` again"


def said_by(command: Callable[..., None], **options: Any) -> dict[str, Any]:  # noqa: ANN401
    """Run a command with --json; its document, whether or not it ended well.

    Its questions go to standard error and are answered as ever. Raises what it raises.
    """
    said = io.StringIO()
    with redirect_stdout(said), suppress(typer.Exit):
        command(**options, as_json=True)
    document: dict[str, Any] = json.loads(said.getvalue())
    return document


@contextmanager
def step(name: str) -> Iterator[None]:
    """What goes wrong in here names the step, and how to go on."""
    try:
        yield
    except Misused:
        raise
    except Failure as error:
        raise Failure(f"{name}: {error.line}; {AGAIN}", error.details) from error
    except ConnectorError as error:
        raise Failure(f"{name}: {error.safe_message}; {AGAIN}") from error


def checked(document: dict[str, Any]) -> list[str]:
    """The checks of `ping` that failed, each with what to do."""
    parts = [(one["company"], one) for one in document.get("companies", ())]
    if "twilio" in document:
        parts.append(("twilio", document["twilio"]))
    return [
        f"{name}: {check['check']}: {check['found']}; {check['fix']}"
        for name, part in parts
        for check in part["checks"]
        if check["result"] == "failed"
    ]
