"""One DynamoDB client for every table.

PynamoDB gives each model a session and a client of its own, which costs a cold start several times
what one client does. Here all models share one connection, made on first use.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pynamodb.connection import Connection
from pynamodb.connection.base import MetaTable

if TYPE_CHECKING:
    import botocore.session
    from pynamodb.models import Model

#: Short on purpose: a send must know within its own time whether it may go on. A request and its
#: one retry take 7 s at the most; whoever writes a change tries again as long as there is time.
CONNECT_TIMEOUT_SECONDS = 1.0
READ_TIMEOUT_SECONDS = 2.5
MAX_RETRIES = 1


class SharedConnection(Connection):
    """A PynamoDB connection on a botocore session that others use too."""

    def __init__(self, session: botocore.session.Session, host: str | None = None) -> None:
        super().__init__(
            host=host,
            region=session.get_config_variable("region") or "us-east-1",
            connect_timeout_seconds=CONNECT_TIMEOUT_SECONDS,
            read_timeout_seconds=READ_TIMEOUT_SECONDS,
            max_retry_attempts=MAX_RETRIES,
        )
        self._shared_session = session

    @property
    def session(self) -> botocore.session.Session:
        """The shared session, in every thread."""
        return self._shared_session

    def add_meta_table(self, meta_table: MetaTable) -> None:
        """Register a table's keys and indexes; the first model of a table to come decides."""
        if meta_table.table_name not in self._tables:
            super().add_meta_table(meta_table)


def bind(connection: SharedConnection, tables: Mapping[type[Model], str]) -> None:
    """Point the models at tables through one connection, in the order given.

    Of several models on one table the first must be the one that declares its indexes. The private
    names are PynamoDB's: it has no public way to share a client.
    """
    for model, table_name in tables.items():
        model.Meta.table_name = table_name
        model._connection = None
        own = model._get_connection()
        connection.add_meta_table(own.get_meta_table())
        own.connection = connection


def connection_of(model: type[Model]) -> Connection:
    """The connection a model is bound to."""
    return model._get_connection().connection
