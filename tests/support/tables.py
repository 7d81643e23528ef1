"""The template's tables on any DynamoDB, and the models bound to them.

Keys and indexes are read from template.yaml, so the adapters are tested against what is deployed.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import botocore.session
import yaml

from ml_connector.settings import Settings, read_settings
from ml_connector.store.connection import SharedConnection, bind
from ml_connector.store.tables import tables

TEMPLATE = Path(__file__).resolve().parents[2] / "template.yaml"
REGION = "us-east-1"

#: What CreateTable takes of a table's properties; the rest is the template tests' business.
_PLAIN = (
    "AttributeDefinitions",
    "KeySchema",
    "LocalSecondaryIndexes",
    "GlobalSecondaryIndexes",
    "BillingMode",
)

#: Environment variable → resource of the template.
RESOURCES = {
    "SESSIONS_TABLE": "SessionsTable",
    "DOCUMENTS_TABLE": "DocumentsTable",
    "ALERTS_TABLE": "AlertsTable",
    "FLOWS_TABLE": "FlowsTable",
    "APPROVERS_TABLE": "ApproversTable",
    "AUDIT_TABLE": "AuditTable",
}


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms, which are of no interest here."""


def _short_form(loader: _Loader, suffix: str, node: yaml.Node) -> str:
    del loader, node
    return f"!{suffix}"


_Loader.add_multi_constructor("!", _short_form)


@cache
def table_definitions() -> dict[str, dict[str, Any]]:
    """Each table of the template as arguments of CreateTable, its resource's name as its own."""
    body = yaml.load(TEMPLATE.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506 - safe
    return {
        name: {
            "TableName": name,
            **{key: value for key, value in resource["Properties"].items() if key in _PLAIN},
        }
        for name, resource in body["Resources"].items()
        if resource["Type"] == "AWS::DynamoDB::Table"
    }


def create_tables(client: Any) -> None:
    """Make every table of the template."""
    for definition in table_definitions().values():
        client.create_table(**definition)


def empty_tables(client: Any) -> None:
    """Remove every item."""
    for name, definition in table_definitions().items():
        keys = [key["AttributeName"] for key in definition["KeySchema"]]
        for page in client.get_paginator("scan").paginate(TableName=name):
            for item in page["Items"]:
                client.delete_item(TableName=name, Key={key: item[key] for key in keys})


def settings(**environment: str) -> Settings:
    """Settings of a function that uses these tables."""
    return read_settings({"STAGE": "test", **RESOURCES, **environment})


def connect(environment: Mapping[str, str]) -> SharedConnection:
    """A connection with every model bound to it, in the order the functions use.

    `environment` has to be part of the process's own while this runs.
    """
    session = botocore.session.Session()
    session.set_credentials(environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"])
    session.set_config_variable("region", REGION)
    connection = SharedConnection(session)
    bind_models(connection)
    return connection


def bind_models(connection: SharedConnection) -> None:
    """Point every model at its table through this connection."""
    bind(connection, tables(settings()))
