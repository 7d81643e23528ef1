"""A chain of the audit for whoever is on call: what cannot be read in it is named."""

from __future__ import annotations

import json

from cli.audit.reading import DynamoAuditReader
from cli.console.failures import Failure
from cli.deployment import Deployment
from ml_connector.domain.audit import AuditEntry
from ml_connector.domain.instants import from_text


def entries_of(deployment: Deployment, chain: str) -> list[AuditEntry]:
    """The entries of one chain in their order. Raises Failure at one that cannot be read.

    Whether they are what was written is not looked at: that is `audit verify`.
    """
    found: list[AuditEntry] = []
    for link in DynamoAuditReader(deployment).chain(chain):
        try:
            at, data = from_text(link.at), json.loads(link.data)
            if not isinstance(data, dict):
                raise ValueError("not an object")  # noqa: TRY004, TRY301 - one kind of damage
        except ValueError as error:
            raise Failure(
                f"entry {link.seq} of the audit chain {chain} cannot be read: somebody changed it; "
                f"`ml-connector audit verify --chain '{chain}'` says what was done to it"
            ) from error
        found.append(
            AuditEntry(
                chain=link.chain,
                seq=link.seq,
                at=at,
                kind=link.kind,
                data=data,
                before=link.before,
                digest=link.digest,
            )
        )
    return found
