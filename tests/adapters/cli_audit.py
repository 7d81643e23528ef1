"""A world's whole past in the tables of a deployed stack, for commands that look back at it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from ml_connector.domain.audit import AuditEntry
from ml_connector.store.approver_items import approver_item
from ml_connector.store.audit_items import audit_item
from ml_connector.store.case_items import alert_item, case_item
from ml_connector.store.dispatch_items import dispatch_item
from ml_connector.store.document_items import item_of
from tests.adapters.cli_deployment import Stack
from tests.support.memory_store import Tables
from tests.support.world import COMPANIES, World, number

CALLED_FIRST: dict[str, Any] = {
    "schema": 1,
    "companies": COMPANIES,
    "default_approver": "ann",
    "rules": [
        {
            "name": "large bills are called",
            "on": ["bill.submitted"],
            "when": {"amount": {"currency": "USD", "at_least": "10000"}},
            "notify": [
                {"voice": {"to": "approver", "confirm": True, "attempts": 2}},
                {"sms": {"to": "manager", "after": 600, "unless": "confirmed"}},
            ],
        },
        {"name": "others", "on": ["bill.submitted"], "notify": [{"sms": {"to": "approver"}}]},
    ],
}


def a_world() -> World:
    """Ann, who is called or texted, and her manager Bob."""
    world = World(flow=CALLED_FIRST)
    world.change_approver("ann", channels=("sms", "voice"), manager="bob")
    world.approver("bob", number(2))
    return world


def two_bills() -> World:
    """4711 is confirmed on the phone and approved; 4712 is small, texted and left to wait."""
    made = a_world()
    made.open("4711")
    made.run(minutes=4)
    made.ledger.approve("4711")
    made.run(minutes=4)
    made.open("4712", amount="10.00")
    made.run(minutes=4)
    return made


def stored(stack: Stack, world: World) -> None:
    """Put all that a world remembers into the tables of the stack, and publish its flow."""
    stack.deployment.alerts  # noqa: B018 - binds the models
    tables: Tables = world.tables
    for dispatch in tables.dispatches.values():
        dispatch_item(dispatch, dispatch.write_id).save()
    for case in tables.cases.values():
        case_item(case, case.head, case.write_id).save()
    for alerts in tables.alerts.values():
        for alert in alerts.values():
            alert_item(alert, alert.write_id).save()
    for document in tables.documents.values():
        item_of(document, document.head, document.write_id).save()
    for person in tables.people.values():
        approver_item(person).save()
    for entry in entries(world):
        audit_item(entry).save()
    stack.deployment.flows.publish(CALLED_FIRST, now=datetime.now(UTC), by="test", reason="")


def entries(world: World) -> list[AuditEntry]:
    """Every entry of every chain."""
    return [entry for chain in world.tables.chains.values() for entry in chain]
