"""A deployed stack with Ann in it, the simulated Twilio behind it, for the operator's command."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from ml_connector.domain.approvers import Approver
from ml_connector.domain.audit import AuditEntry, check
from ml_connector.store.audit import DynamoAuditTrail
from sandbox.twilio.settings import DEFAULT_ACCOUNT_SID, DEFAULT_AUTH_TOKEN
from sandbox.twilio.simulator import TwilioSimulator
from tests.adapters.cli_deployment import Stack, deployed

ANN = Approver("ann", "Ann Approver", "+15550100001", "salt")
LANDLINE, OFF, NO_RECEIPT = "+15550109002", "+15550109001", "+15550109007"
NOWHERE = "+15005550001"
SECRET = {
    "account_sid": DEFAULT_ACCOUNT_SID,
    "auth_token": DEFAULT_AUTH_TOKEN,
    "from": "+15550100000",
}


@contextmanager
def connected(monkeypatch: pytest.MonkeyPatch, sim: TwilioSimulator) -> Iterator[Stack]:
    """A stack with credentials for the simulator, and Ann."""
    with deployed(monkeypatch) as made:
        made.parameters["TwilioBaseUrl"] = sim.url
        made.put_secret("TwilioSecretId", SECRET)
        made.deployment.approvers.put(ANN)
        yield made


def person(stack: Stack) -> Approver:
    found = stack.deployment.approvers.approver("ann")
    assert found is not None
    return found


def change(stack: Stack, **changes: Any) -> None:
    stack.deployment.approvers.put(replace(person(stack), **changes))


def chain(stack: Stack) -> list[AuditEntry]:
    """Ann's audit chain, which is whole and holds no number and no name."""
    entries = list(DynamoAuditTrail().chain("person#ann"))
    assert check(entries, person(stack).head, "person#ann") is None
    told = json.dumps([entry.data for entry in entries])
    assert "5550" not in told
    assert "Approver" not in told
    return entries


def requests(sim: TwilioSimulator, endpoint: str) -> int:
    return sum(each.endpoint == endpoint for each in sim.admin.requests())
