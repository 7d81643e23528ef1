"""What every function has: settings, logs, clients of one session, and the stores."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

import boto3
import botocore.session
from botocore.config import Config

from ml_connector.aws.clock import SystemClock
from ml_connector.errors import ConfigurationError
from ml_connector.observability import FunctionTelemetry
from ml_connector.settings import Settings, read_settings
from ml_connector.store.alerts import DynamoAlertStore
from ml_connector.store.approvers import DynamoApproverStore
from ml_connector.store.audit import DynamoAuditTrail
from ml_connector.store.connection import SharedConnection, bind
from ml_connector.store.tables import tables

if TYPE_CHECKING:
    from ml_connector.store.documents import DynamoDocumentStore
    from ml_connector.store.flows import DynamoFlowStore

#: The end of the function's time is kept free for writing logs and answering, seconds.
LAST_WORDS = 0.5

_AWS = Config(
    connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3}
)

#: Who asks, in the customer's CloudTrail. botocore's own words are put together for each request
#: anew, which is a twentieth of what the request costs.
_NAMED = Config(user_agent="ml-connector")


class LambdaContext(Protocol):
    """What a handler is given beside its event."""

    @property
    def aws_request_id(self) -> str:
        """The invocation's id."""

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the function is ended."""


class Container:
    """Everything a function may need, made when it is first asked for."""

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        self._environment = os.environ if environment is None else environment
        self.clock = SystemClock()
        self._ends_at = 0.0

    @cached_property
    def settings(self) -> Settings:
        """The function's settings. Raises ConfigurationError naming what is wrong."""
        return read_settings(self._environment)

    @cached_property
    def telemetry(self) -> FunctionTelemetry:
        """Logs and metrics."""
        return FunctionTelemetry()

    # ----------------------------------------------------------------------------- AWS
    @cached_property
    def _botocore(self) -> botocore.session.Session:
        session = botocore.session.get_session()
        session.set_default_client_config(_NAMED)
        return session

    @cached_property
    def _session(self) -> boto3.session.Session:
        return boto3.session.Session(botocore_session=self._botocore)

    def client(self, service: str) -> Any:  # noqa: ANN401 - boto3 has no types
        """A boto3 client on the one session."""
        return self._session.client(service, config=_AWS)

    def client_that_never_repeats(self, service: str) -> Any:  # noqa: ANN401 - boto3 has no types
        """One for what must not be done twice, where the service cannot tell."""
        once = Config(retries={"mode": "standard", "total_max_attempts": 1})
        return self._session.client(service, config=_AWS.merge(once))

    @cached_property
    def connection(self) -> SharedConnection:
        """The one DynamoDB connection, with every model bound to its table."""
        connection = SharedConnection(self._botocore)
        bind(connection, tables(self.settings))
        return connection

    # --------------------------------------------------------------------------- stores
    @cached_property
    def alerts(self) -> DynamoAlertStore:
        """Cases, alerts and dispatches."""
        return DynamoAlertStore(self.connection)

    @cached_property
    def documents(self) -> DynamoDocumentStore:
        """Documents and polling states."""
        from ml_connector.store.documents import DynamoDocumentStore  # noqa: PLC0415 - as flows

        self.connection  # noqa: B018 - binds the models
        return DynamoDocumentStore()

    @cached_property
    def flows(self) -> DynamoFlowStore:
        """The published flow, and the last good one where that cannot be read."""
        from ml_connector.store.flows import DynamoFlowStore  # noqa: PLC0415 - see above

        self.connection  # noqa: B018 - binds the models
        return DynamoFlowStore()

    @cached_property
    def approvers(self) -> DynamoApproverStore:
        """The people."""
        self.connection  # noqa: B018 - binds the models
        return DynamoApproverStore(self._say_damaged)

    def _say_damaged(self, approver: str) -> None:
        self.telemetry.warning(
            "approver_unreadable",
            approver=approver,
            fix="`ml-connector status` names the attribute; until it is mended others are told",
        )

    @cached_property
    def trail(self) -> DynamoAuditTrail:
        """The audit chains, for reading."""
        self.connection  # noqa: B018 - binds the models
        return DynamoAuditTrail()

    def warm_up(self) -> None:
        """Make the clients every invocation needs while the function starts, at full speed.

        A setting that is wrong is not said here but by the first invocation, in its log.
        """
        with suppress(ConfigurationError):
            self.connection.client  # noqa: B018 - makes it

    def begin(self, context: LambdaContext) -> None:
        """Take note of when this invocation ends."""
        self._ends_at = self.clock.monotonic() + context.get_remaining_time_in_millis() / 1000

    def time_left(self, reserve: float = LAST_WORDS) -> float:
        """Seconds left of the invocation that began last, less `reserve`."""
        return self._ends_at - self.clock.monotonic() - reserve

    def until(self, context: LambdaContext) -> datetime:
        """When this invocation has to be done."""
        left = timedelta(milliseconds=context.get_remaining_time_in_millis())
        return self.clock.now() + left - timedelta(seconds=LAST_WORDS)
