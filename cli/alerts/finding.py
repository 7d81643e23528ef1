"""From what somebody typed, a bill, a case or a dispatch, to the cases it means."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from cli.console.failures import Ambiguous, Failure
from cli.deployment import Deployment
from ml_connector.domain.cases import case_chain
from ml_connector.domain.documents import AnyDocument, bill_document_id
from ml_connector.domain.payments import PAYMENT_PREFIX
from ml_connector.domain.silences import SYSTEM
from ml_connector.domain.unit_of_work import CaseFile
from ml_connector.store.company_items import company_key
from ml_connector.store.documents import any_document
from ml_connector.store.models import DocumentItem
from ml_connector.store.transaction import translated

from .trail import entries_of

#: What ids of cases and of dispatches look like (`domain.ids`); no bill number has to look so.
_ID = re.compile(r"[a-z2-7]{26}")
_DOCUMENT = re.compile(r"(bill|payment)#.+")


@dataclass(frozen=True, slots=True)
class Found:
    """What was meant: its cases, newest first, and the document where one was named."""

    files: tuple[CaseFile, ...]
    document: AnyDocument | None = None
    lost: tuple[str, ...] = ()
    """Cases the audit or the document knows, and that are not stored."""

    @property
    def open(self) -> tuple[CaseFile, ...]:
        """The cases that have not ended."""
        return tuple(file for file in self.files if not file.case.state.ended)


class Finder:
    """Looks in one deployment; `company` narrows it to one, else all of the flow are looked in."""

    def __init__(self, deployment: Deployment, company: str = "") -> None:
        self._deployment = deployment
        self._company = company

    def find(self, what: str) -> Found:
        """The cases of a bill, or the case of an id.

        `what` is a case's or a dispatch's id, a bill's number, its record number, or a document's
        id such as `bill#4711`. Bills that wait come before others of the same number.
        Raises Failure for none, Ambiguous for several bills.
        """
        typed = what.strip()
        if _ID.fullmatch(typed) and (found := self._by_id(typed) or self._lost(typed)):
            return found
        documents = self._documents(typed)
        if not documents:
            where = f" in {self._company}" if self._company else ""
            raise Failure(f"no bill, case or dispatch is known as {typed!r}{where}")
        if len(documents) > 1:
            raise Ambiguous(
                f"{typed} is the number of {len(documents)} documents; name one of them by its id"
                " and --company",
                [_candidate(document) for document in documents],
            )
        return self._of(self._case_ids(documents[0]), documents[0])

    def one_open(self, what: str) -> CaseFile:
        """The one case that has not ended. Raises Failure for none, Ambiguous for more."""
        found = self.find(what)
        if not found.files and found.lost:
            raise Failure(lost_words(what, found.lost))
        if not found.files:
            raise Failure(f"nobody was ever told of {what}; there is no case")
        if not found.open:
            last = found.files[0].case
            raise Failure(
                f"every case of {what} has ended; the last one, {last.id}, is {last.state.value}"
            )
        if len(found.open) > 1:
            raise Ambiguous(
                f"{what} has {len(found.open)} open cases; name one of them by its id",
                [_candidate_case(file) for file in found.open],
            )
        return found.open[0]

    def document(self, file: CaseFile) -> AnyDocument | None:
        """The document a case was opened for; None for a digest, or where it is lost."""
        case = file.case
        return next(iter(self._by_document_id(case.company, case.document)), None)

    # ------------------------------------------------------------------------------- by id
    def _by_id(self, typed: str) -> Found | None:
        alerts = self._deployment.alerts
        file = alerts.case_file(typed)
        if file:
            return Found((file,))
        dispatch = alerts.dispatch(typed)
        if dispatch is None:
            return None
        return self._of(dict.fromkeys(m.case_id for m in dispatch.members))

    def _lost(self, case_id: str) -> Found | None:
        """A case of which only the audit knows."""
        known = entries_of(self._deployment, case_chain(case_id))
        return Found((), lost=(case_id,)) if known else None

    def _of(self, case_ids: Iterable[str], document: AnyDocument | None = None) -> Found:
        alerts = self._deployment.alerts
        files = {case_id: alerts.case_file(case_id) for case_id in case_ids}
        there = [file for file in files.values() if file]
        return Found(
            tuple(sorted(there, key=lambda file: file.case.opened_at, reverse=True)),
            document,
            # A digest is named before it is opened; every other case together with it.
            tuple(one for one, file in files.items() if not file and one != _digest(document)),
        )

    def _case_ids(self, document: AnyDocument) -> Iterable[str]:
        """Its cases: those it has open, and those its audit trail knows it had."""
        known = dict.fromkeys(document.open_cases)
        if digest := _digest(document):
            known[digest] = None
        for generation in range(1, document.generation + 1):
            for entry in entries_of(
                self._deployment, replace(document, generation=generation).chain
            ):
                events = entry.data.get("events")
                for event in events if isinstance(events, Sequence) else ():
                    if isinstance(event, dict) and (case := event.get("case")):
                        known[str(case)] = None
        return known

    # -------------------------------------------------------------------------- documents
    def _documents(self, typed: str) -> list[AnyDocument]:
        companies = self._companies()
        if _DOCUMENT.fullmatch(typed):
            return [one for key in companies for one in self._by_document_id(key, typed)]
        waiting: list[AnyDocument] = [
            one
            for key in companies
            for one in self._deployment.documents.waiting(key)
            if one.number == typed
        ]
        return (
            waiting
            or [one for key in companies for one in self._numbered(key, typed)]
            or [
                one
                for key in companies
                for one in self._by_document_id(key, bill_document_id(typed))
            ]
        )

    def _companies(self) -> tuple[str, ...]:
        if self._company:
            return (self._company,)
        flow = self._deployment.flows.current()
        if flow is None:
            raise Failure("no flow is published; name the company with --company")
        return tuple(company.key for company in flow.companies)

    def _by_document_id(self, company: str, document_id: str) -> Iterable[AnyDocument]:
        documents = self._deployment.documents
        if document_id.startswith(PAYMENT_PREFIX):
            return documents.payments(company, [document_id]).values()
        if _DOCUMENT.fullmatch(document_id):
            return documents.documents(company, [document_id]).values()
        return ()

    def _numbered(self, company: str, number: str) -> Iterator[AnyDocument]:
        """Every document of that number: none of an index, so all of the company are read."""
        self._deployment.documents  # noqa: B018 - binds the tables
        with translated():
            rows = DocumentItem.query(
                company_key(company),
                filter_condition=DocumentItem.number == number,
                page_size=1_000,
            )
            for row in rows:
                yield any_document(row)


def _digest(document: AnyDocument | None) -> str:
    return str(getattr(document, "digest", ""))


def lost_words(what: str, lost: Sequence[str]) -> str:
    """That cases are gone, and what to do."""
    cases = f"case {lost[0]} was" if len(lost) == 1 else f"cases {', '.join(lost)} were"
    return (
        f"{what}: the audit says that {cases} opened, and it is not stored: somebody removed it, "
        "or its table was put back; `ml-connector audit show` says what was told, "
        "`ml-connector restore` brings it back"
    )


def name_of(document: AnyDocument | None, fallback: str = "") -> str:
    """`Baker Steel INV-4711`: the vendor and the number, as people speak of it."""
    if document is None and fallback.startswith("list#"):
        return f"the daily list of {fallback.removeprefix('list#')}"
    if document is None:
        return "polls of Intacct" if fallback == SYSTEM else fallback
    return f"{document.vendor_name} {document.number}"


def _candidate(document: AnyDocument) -> str:
    return (
        f"{document.id}  {document.company}  {name_of(document)}  {document.amount}  "
        f"{document.state.value}"
    )


def _candidate_case(file: CaseFile) -> str:
    case = file.case
    return f"{case.id}  {case.kind}  {case.state.value}  opened {case.opened_at:%Y-%m-%d %H:%M} UTC"
