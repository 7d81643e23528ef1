"""A published flow, rules made by hand, and a payment for them."""

from __future__ import annotations

from typing import Any

from ml_connector.domain.conditions import When
from ml_connector.domain.events import EventKind
from ml_connector.domain.flows import Rule, Step
from ml_connector.domain.payments import (
    Payment,
    PaymentDocument,
    PaymentState,
    payment_first_seen,
)

from .bills import COMPANY, MORNING, usd

PUBLISHED: dict[str, Any] = {
    "schema": 1,
    "companies": {
        "apex": {"name": "Apex AP", "zone": "Europe/Berlin"},
        "acme": {"name": "Acme AP", "zone": "America/Chicago"},
    },
    "default_approver": "dee",
    "rules": [
        {
            "name": "large bills",
            "on": ["bill.submitted", "bill.changed"],
            "when": {"amount": {"at_least": "10000", "under": "50000", "currency": "USD"}},
            "approver": "ann",
            "notify": [{"sms": {"to": "approver"}}, {"sms": {"to": "bob"}}],
        },
        {
            "name": "everything else",
            "on": ["bill.submitted", "bill.partially_approved"],
            "notify": [{"sms": {"to": "approver"}}],
        },
    ],
}


#: Every word a rule and a company can have.
FULL: dict[str, Any] = {
    "schema": 1,
    "default_approver": "cho",
    "ap_lead": "lea",
    "companies": {
        "acme": {
            "name": "Acme AP",
            "zone": "America/Chicago",
            "calendar": {"intervals": {"working": 300}},
            "default_approver": "bob",
            "ap_lead": "lou",
            "replies": False,
        }
    },
    "rules": [
        {
            "name": "large bills are called",
            "on": ["bill.submitted"],
            "companies": ["acme"],
            "when": {
                "amount": {"currency": "USD", "at_least": "10000", "under": "50000"},
                "vendor": {"ids": ["V-100"], "name": "Baker*"},
                "entity": ["100"],
                "account": ["60000"],
                "department": ["300"],
                "location": ["L1"],
                "class": ["C1"],
                "project": ["P1"],
                "lines": "all",
                "due_within_days": 2,
                "description": "*rent*",
            },
            "approver": "ann",
            "levels": ["ann", "bob", "ann"],
            "reply_confirms": True,
            "notify": [
                {"voice": {"to": "approver", "confirm": True, "attempts": 3}},
                {"sms": {"to": "approver", "after": 600, "unless": "confirmed"}},
                {"voice": {"to": "manager", "after": 1800, "unless": "confirmed"}},
                {
                    "sms": {
                        "to": "ann",
                        "after": 86400,
                        "repeat": 86400,
                        "at_most": 5,
                        "until": "handled",
                        "urgent": True,
                        "detail": "amount_only",
                        "link": True,
                    }
                },
            ],
        }
    ],
}


def telling(to: str) -> dict[str, Any]:
    """A rule that texts whom `to` says about every new bill."""
    return {"name": "x", "on": ["bill.submitted"], "notify": [{"sms": {"to": to}}]}


def a_rule(name: str, *kinds: EventKind, when: When | None = None, **more: Any) -> Rule:
    """A rule that texts ann: of every event where none is named, whatever the document."""
    settings = {"steps": (Step("sms", "approver"),), "approver": "ann", **more}
    return Rule(name, frozenset(kinds or EventKind), when=when or When(), **settings)


def a_payment_document(vendor_id: str = "V-100", entity: str = "") -> PaymentDocument:
    """A payment of USD 100.00 to Baker Steel, as it is first remembered."""
    state = PaymentState.CONFIRMED
    payment = Payment(
        "12", "PAY-12", vendor_id, "Baker Steel", usd("100"), state, state.value, entity_id=entity
    )
    return payment_first_seen(COMPANY, payment, MORNING)
