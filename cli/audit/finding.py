"""Which bill or payment somebody means by a number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cli.console.failures import Ambiguous, Failure
from cli.deployment import Deployment
from ml_connector.domain.documents import AnyDocument
from ml_connector.domain.payments import PAYMENT_PREFIX
from ml_connector.store.documents import any_document
from ml_connector.store.models import DocumentItem
from ml_connector.store.transaction import translated


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for; empty means any."""

    number: str
    record: str = ""
    company: str = ""

    def names(self, document: AnyDocument) -> bool:
        """Whether this is one of those meant."""
        return (
            document.number == self.number
            and self.record in ("", document.record_no)
            and self.company in ("", document.company)
        )


def the_document(deployment: Deployment, wanted: Wanted) -> AnyDocument:
    """The one document meant. Raises Failure where there is none, Ambiguous where there are more.

    Reads the whole table: numbers have no index, for nothing else asks for one.
    """
    numbered = _with_number(deployment, wanted.number)
    found = [one for one in numbered if wanted.names(one)]
    if not found:
        raise _nothing(wanted, numbered)
    if len(found) > 1:
        raise Ambiguous(
            f"{len(found)} have the number {wanted.number!r}; say which with --record"
            f"{' and --company' if len({one.company for one in found}) > 1 else ''}",
            [_candidate(one) for one in _sorted(found)],
        )
    return found[0]


def _nothing(wanted: Wanted, numbered: Sequence[AnyDocument]) -> Failure:
    """What of the number, the record and the company does not fit."""
    if not numbered:
        return Failure(
            f"no bill or payment {wanted.number!r} is known; a bill is known once it was seen "
            "waiting, a payment once it cleared, was voided or declined"
        )
    amiss = [
        f"{option} {value!r}"
        for option, value, fits in (
            ("--record", wanted.record, [one.record_no for one in numbered]),
            ("--company", wanted.company, [one.company for one in numbered]),
        )
        if value and value not in fits
    ] or [f"--record {wanted.record!r} together with --company {wanted.company!r}"]
    return Failure(
        f"{wanted.number!r} is known, but {' and '.join(amiss)} does not fit it; what does:",
        [_candidate(one) for one in _sorted(numbered)],
    )


def kind_of(document: AnyDocument) -> str:
    """Bill or payment."""
    return "payment" if document.id.startswith(PAYMENT_PREFIX) else "bill"


def _with_number(deployment: Deployment, number: str) -> list[AnyDocument]:
    deployment.documents  # noqa: B018 - binds the models
    with translated():
        return [any_document(row) for row in DocumentItem.scan(DocumentItem.number == number)]


def _sorted(found: Sequence[AnyDocument]) -> list[AnyDocument]:
    return sorted(found, key=lambda one: (one.company, one.first_seen, one.id))


def _candidate(one: AnyDocument) -> str:
    when = f"due {one.due}, " if one.due else ""
    return (
        f"--record {one.record_no}: {kind_of(one)} {one.number} of {one.company}, "
        f"{one.vendor_name}, {one.amount}, {when}first seen {one.first_seen:%Y-%m-%d}"
    )
