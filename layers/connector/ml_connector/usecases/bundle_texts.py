"""What a text or a call says of several alerts, from the cases and documents as they are stored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ml_connector.domain.approvers import Approver
from ml_connector.domain.bundles import BUNDLED, Item, bundle_text
from ml_connector.domain.cases import Alert, Case
from ml_connector.domain.documents import AnyDocument
from ml_connector.domain.events import EventKind
from ml_connector.domain.messages import Ask, Detail, Manner
from ml_connector.domain.plans import VOICE, step_of
from ml_connector.domain.wording import spoken_language

from .dispatch_files import DispatchFile
from .ports import DocumentStore

#: The less a rule lets a lock screen show, the later.
_DETAILS: tuple[Detail, ...] = ("full", "amount_only", "reference_only")
_KINDS = frozenset(kind.value for kind in BUNDLED)

#: One alert with its case.
Told = tuple[Case, Alert]


def may_join(case: Case) -> bool:
    """Whether there are words for the case's event together with others."""
    return case.kind in _KINDS


def still_told(file: DispatchFile) -> Iterator[Told]:
    """The members of a dispatch that are still to be told."""
    cases = {case.id: case for case in file.cases}
    alerts = {alert.id: alert for alert in file.alerts}
    for member in file.open_members:
        yield cases[member.case_id], alerts[member.alert_id]


def text_of(
    told: Sequence[Told],
    channel: str,
    person: Approver | None,
    reference: str,
    documents: DocumentStore,
) -> str:
    """One text or call about all of these, in the person's language.

    It shows as little as the strictest of their rules. They are of one company.
    """
    case = told[0][0]
    known = documents_of(case.company, (each.document for each, _ in told), documents)
    items = [Item(EventKind(one.kind), one.document, known.get(one.document)) for one, _ in told]
    manner = Manner(
        language=spoken_language(person.language if person else ""),
        detail=max((step_of(*one).detail for one in told), key=_DETAILS.index),
        ask=_asked(told),
    )
    return bundle_text(channel, case.company_name, items, reference, manner)


def _asked(told: Sequence[Told]) -> Ask:
    """Where each of the rules asks for a reply; beside a call it has to be the reference."""
    if not all(case.replies for case, _ in told):
        return "nothing"
    calls = any(planned.step.channel == VOICE for case, _ in told for planned in case.plan)
    return "reference" if calls else "one"


def documents_of(company: str, ids: Iterable[str], store: DocumentStore) -> dict[str, AnyDocument]:
    """The bills and payments with these ids; what is no longer stored is left out."""
    wanted = list(dict.fromkeys(ids))
    payments = [one for one in wanted if one.startswith("payment#")]
    bills = [one for one in wanted if not one.startswith("payment#")]
    found: dict[str, AnyDocument] = {}
    if bills:
        found |= store.documents(company, bills)
    if payments:
        found |= store.payments(company, payments)
    return found
