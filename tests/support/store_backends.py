"""The adapters of the stores on each DynamoDB that tests know: moto's, and the local AWS's.

    with on_moto() as fresh:
        stores = fresh()        # empty, whatever an earlier test left

Models are bound for a whole process: of two places only the one asked for stores last has them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager

import boto3
import pytest
from moto import mock_aws

from ml_connector.store.alerts import DynamoAlertStore
from ml_connector.store.approvers import DynamoApproverStore
from ml_connector.store.audit import DynamoAuditTrail
from ml_connector.store.connection import SharedConnection
from ml_connector.store.documents import DynamoDocumentStore
from ml_connector.store.evidence import DynamoEvidence
from sandbox.aws.local import LocalAws

from .stores import Fresh, Stores
from .tables import REGION, bind_models, connect, create_tables, empty_tables

#: What anything that asks for credentials finds where no real ones may be found.
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "a",
    "AWS_SECRET_ACCESS_KEY": "b",
    "AWS_DEFAULT_REGION": REGION,
}


@contextmanager
def on_moto() -> Iterator[Fresh]:
    """The adapters, over DynamoDB as moto plays it in this process."""
    with moto_tables() as connection:
        yield lambda: _emptied(connection)


@contextmanager
def on_local_aws() -> Iterator[Fresh]:
    """The adapters, over loopback, on the DynamoDB of a local AWS."""
    with LocalAws() as aws, pytest.MonkeyPatch.context() as patch:
        environment = aws.environment()
        for name, value in environment.items():
            if name.startswith("AWS_"):
                patch.setenv(name, value)
        with closing(boto3.client("dynamodb")) as client:
            create_tables(client)
        with _connected(environment) as connection:
            yield lambda: _emptied(connection)


@contextmanager
def moto_tables() -> Iterator[SharedConnection]:
    """The template's tables as moto plays them, with every model bound to them."""
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        for name, value in CREDENTIALS.items():
            patch.setenv(name, value)
        with closing(boto3.client("dynamodb")) as client:
            create_tables(client)
        with _connected(CREDENTIALS) as connection:
            yield connection


@contextmanager
def _connected(environment: Mapping[str, str]) -> Iterator[SharedConnection]:
    """Its one client is made when it is first used, as in the functions."""
    connection = connect(environment)
    try:
        yield connection
    finally:
        connection.client.close()


def _emptied(connection: SharedConnection) -> Stores:
    bind_models(connection)
    empty_tables(connection.client)
    return Stores(
        DynamoAlertStore(connection),
        DynamoDocumentStore(),
        DynamoApproverStore(),
        DynamoAuditTrail(),
        DynamoEvidence(),
    )
