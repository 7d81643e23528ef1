"""What belongs to the figures and is in no entry: prices, and whose bill a case was about."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from cli.deployment import Deployment
from ml_connector.domain.documents import AnyDocument
from ml_connector.domain.instants import to_text
from ml_connector.domain.payments import PAYMENT_PREFIX
from ml_connector.store.models import DispatchItem
from ml_connector.store.transaction import translated

from .figures import CaseStory, Price

_WANTED = ["pk", "sk", "id", "sid", "members", "price", "price_unit", "look_text"]


def prices_since(deployment: Deployment, since: datetime) -> dict[str, Price]:
    """What every dispatch made since then cost that Twilio accepted, by its id."""
    deployment.alerts  # noqa: B018 - binds the models
    made = (DispatchItem.sk == "dispatch") & (DispatchItem.created_at >= to_text(since))
    with translated():
        return {
            str(row.id): Price(
                Decimal(row.price) if row.price else None,
                str(row.price_unit or "?"),
                max(1, len({case for case, _ in row.members or ()})),
                awaited=bool(row.look_text),
            )
            for row in DispatchItem.scan(made, attributes_to_get=_WANTED)
            if row.sid
        }


def vendors_of(deployment: Deployment, stories: Iterable[CaseStory]) -> dict[str, str]:
    """The vendor's name by case; cases about many bills have none."""
    by_company: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for story in stories:
        if story.document:
            by_company[story.company][story.id] = story.document
    named: dict[str, str] = {}
    for company, documents in by_company.items():
        ids = list(dict.fromkeys(documents.values()))
        bills = [one for one in ids if one.startswith("bill#")]
        paid = [one for one in ids if one.startswith(PAYMENT_PREFIX)]
        found: dict[str, AnyDocument] = {**deployment.documents.documents(company, bills)}
        found |= deployment.documents.payments(company, paid)
        for case, document in documents.items():
            if document in found:
                named[case] = found[document].vendor_name
    return named
