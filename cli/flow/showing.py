"""A flow on the terminal, as JSON, and on the page to sign: the same sentences everywhere."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from cli.console.terminal import Printer
from cli.deployment import Deployment
from cli.files.flow_file import numbered, otherwise, spoken_companies
from ml_connector.domain.calendars import monthly_transactions
from ml_connector.domain.flows import Flow

from .page import Signable, write_page
from .published import Shelf


def shelf_of(deployment: Deployment) -> Shelf:
    """The published flows of a deployment, moved by whoever calls."""
    deployment.flows  # noqa: B018 - binds the tables
    return Shelf(deployment.caller())


def warn(printer: Printer, warnings: Sequence[str]) -> None:
    """Say what is no error, and still wants a look."""
    for warning in warnings:
        printer.note(f"warning: {warning}")


def said(flow: Flow, digest: str) -> dict[str, Any]:
    """A flow for programs."""
    return {
        "digest": digest,
        "companies": spoken_companies(flow),
        "sentences": numbered(flow),
        "polling": _polling(flow),
    }


def _polling(flow: Flow) -> list[dict[str, Any]]:
    """What the calendars take of the Intacct API in this month."""
    today = datetime.now(UTC).date()
    return [
        {
            "company": company.key,
            "month": f"{today:%Y-%m}",
            "transactions": monthly_transactions(company.calendar, today),
        }
        for company in flow.companies
    ]


def shown(flow: Flow, digest: str) -> list[str]:
    """A flow for people, a line after another."""
    polling = [
        f"{each['company']}: polling takes about {each['transactions']:,} Intacct API transactions "
        f"in {each['month']}"
        for each in _polling(flow)
    ]
    return [*spoken_companies(flow), *polling, "", *numbered(flow), "", f"Digest {digest}"]


def page(flow: Flow, digest: str, standing: str) -> str:
    """A flow as a page to sign; `standing` says whether and since when it is in force."""
    return write_page(
        Signable(
            standing=standing,
            digest=digest,
            companies=spoken_companies(flow),
            rules=[rule.sentence for rule in flow.rules],
            otherwise=otherwise(flow),
            day=f"{datetime.now(UTC):%Y-%m-%d}",
        )
    )
