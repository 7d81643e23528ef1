"""A deployed stack whose company is the simulated Intacct, and the poll function's work on it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ml_connector.bootstrap.polling import PollContainer
from ml_connector.domain.approvers import Approver
from ml_connector.domain.documents import Document
from ml_connector.usecases.poll import PollReport, poll_company
from sandbox.intacct import (
    SENDER_ID,
    SENDER_PASSWORD,
    USER_ID,
    USER_PASSWORD,
    IntacctSimulator,
)
from tests.adapters.cli_deployment import Stack, deployed
from tests.support.tables import RESOURCES
from tests.support.telemetry import RecordingTelemetry

#: What the poll function has, seconds.
TIME = 110


class _Context:
    """What Lambda says of an invocation."""

    aws_request_id = "request"

    def get_remaining_time_in_millis(self) -> int:
        return TIME * 1000


def intacct_secret(*companies: str, **changes: str) -> dict[str, Any]:
    """The simulator's credentials as they are stored, for these companies or for `acme`."""
    company = {
        "company_id": "acme-sandbox",
        "user_id": USER_ID,
        "user_password": USER_PASSWORD,
        **changes,
    }
    return {
        "sender_id": SENDER_ID,
        "sender_password": SENDER_PASSWORD,
        "companies": dict.fromkeys(companies or ("acme",), company),
    }


@contextmanager
def reading(monkeypatch: pytest.MonkeyPatch, sim: IntacctSimulator) -> Iterator[Stack]:
    """A stack with credentials for the simulator."""
    with deployed(monkeypatch) as made:
        made.parameters |= {"IntacctEndpoint": sim.url, "IntacctTrustedHost": "127.0.0.1"}
        made.put_secret("IntacctSecretId", intacct_secret())
        yield made


@contextmanager
def watching(monkeypatch: pytest.MonkeyPatch, sim: IntacctSimulator) -> Iterator[Stack]:
    """A stack with credentials for the simulator, and Ann and Bob."""
    with reading(monkeypatch, sim) as made:
        for number, name in enumerate(("ann", "bob"), start=1):
            made.deployment.approvers.put(
                Approver(name, f"{name.title()} Approver", f"+1555010000{number}", "salt")
            )
        yield made


def poll(stack: Stack) -> PollReport:
    """The poll function reads the company once, and has nobody wait for anything."""
    container = PollContainer(
        {
            "STAGE": "dev",
            **RESOURCES,
            "ALERTS_QUEUE_URL": stack.outputs["AlertsQueueUrl"],
            "INTACCT_SECRET": stack.outputs["IntacctSecretId"],
            "INTACCT_ENDPOINT": stack.parameters["IntacctEndpoint"],
            "INTACCT_TRUSTED_HOST": stack.parameters["IntacctTrustedHost"],
        }
    )
    container.begin(_Context())
    ports = replace(container.poll_ports, telemetry=RecordingTelemetry())
    report = poll_company("acme", ports, container.clock.now() + timedelta(seconds=TIME))
    assert report.outcome == "polled", report
    return report


def waiting(stack: Stack) -> list[Document]:
    """What is remembered as waiting."""
    return stack.deployment.documents.waiting("acme")
