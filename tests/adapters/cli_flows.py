"""Flows pushed through the operator's command, for the tests of its commands."""

from __future__ import annotations

from pathlib import Path

from tests.adapters.cli_deployment import FLOW, Stack

NEW = FLOW.replace("10000.50", "2000")


def bring_in(stack: Stack, people: str) -> None:
    assert stack.run("approvers", "import", people, "--yes").exit_code == 0


def push(stack: Stack, flow: str, text: str = FLOW, reason: str = "a reason") -> int:
    Path(flow).write_text(text)
    version: int = stack.json("flow", "push", flow, "--yes", "--reason", reason)["version"]
    return version


def in_force(stack: Stack) -> int:
    current = stack.deployment.flows.current()
    return current.version if current else 0
