"""The flows table: immutable versions, and a pointer to the one in force."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pynamodb.transactions import TransactWrite

from ml_connector.domain.audit import canonical
from ml_connector.domain.flows import Flow, parse
from ml_connector.domain.instants import to_text
from ml_connector.errors import ConfigurationError, StoreConflict

from .connection import connection_of
from .models import FlowItem
from .readable import readable
from .transaction import translated

_POINTER = "pointer"


def _version_key(version: int) -> str:
    return f"version#{version:08d}"


class DynamoFlowStore:
    """The FlowStore port on DynamoDB, and the publisher's side of it.

    A version that cannot be read never replaces one that could: the last good one stays in force in
    this process, and a fresh process goes back through the versions until it finds a good one.
    """

    def __init__(self) -> None:
        self._good: Flow | None = None

    def current(self) -> Flow | None:
        """The version in force, or the last good one; None before the first."""
        version = self._pointer()
        if version == 0:
            return self._good
        if self._good is None or self._good.version != version:
            self._good = self._newest_good(version) or self._good
        return self._good

    def publish(self, body: Mapping[str, Any], *, now: datetime, by: str, reason: str) -> Flow:
        """Store a new version and put it in force.

        Raises ConfigurationError for a flow no function could read, StoreConflict when somebody
        else published at the same time: look at theirs, then publish again.
        """
        before = self._pointer()
        # After a step back the newest version is not the one in force.
        version = self._newest() + 1
        flow = parse(body, version)
        text = canonical(body)
        item = FlowItem(
            "flow",
            _version_key(version),
            version=version,
            body=text,
            digest=hashlib.sha256(text.encode()).hexdigest(),
            published_at=to_text(now),
            published_by=by,
            reason=reason,
        )
        pointer = FlowItem("flow", _POINTER)
        unmoved = FlowItem.pk.does_not_exist() if before == 0 else FlowItem.version == before
        try:
            with translated(), TransactWrite(connection=connection_of(FlowItem)) as together:
                together.save(item, condition=FlowItem.pk.does_not_exist())
                # What else the pointer holds stays: the audit chain of flows ends there.
                together.update(pointer, actions=[FlowItem.version.set(version)], condition=unmoved)
        except StoreConflict as error:
            raise StoreConflict("somebody else published a flow just now") from error
        return flow

    def _pointer(self) -> int:
        with translated(), readable("the pointer to the flow in force"):
            try:
                return int(FlowItem.get("flow", _POINTER, consistent_read=True).version)
            except FlowItem.DoesNotExist:
                return 0

    def _newest(self) -> int:
        """The number of the newest version there is; 0 before the first."""
        versions = FlowItem.sk.startswith("version#")
        with translated():
            newest = FlowItem.query(
                "flow", versions, scan_index_forward=False, limit=1, consistent_read=True
            )
            return max((int(item.version) for item in newest), default=0)

    def _newest_good(self, version: int) -> Flow | None:
        for number in range(version, 0, -1):
            try:
                with translated():
                    item = FlowItem.get("flow", _version_key(number), consistent_read=True)
                return parse(json.loads(item.body or "{}"), number)
            except (FlowItem.DoesNotExist, ConfigurationError, ValueError):
                continue
        return None
