"""What is held against Intacct: the entries of documents' chains, and which cases there are."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from ml_connector.domain.cases import case_chain
from ml_connector.domain.fates import Said, said_at

from .case_items import case_keys
from .heads import document_chain
from .models import AuditItem, CaseItem
from .transaction import translated


class DynamoEvidence:
    """The Evidence port on DynamoDB. The models have to be bound."""

    def entries(self, company: str, document: str, generation: int) -> Iterator[Mapping[str, Any]]:
        """What the entries of one of a document's chains hold, consistently.

        Of an entry that nobody can read, nothing: `audit verify` names it.
        """
        chain = document_chain(company, document, generation)
        with translated():
            for item in AuditItem.query(chain, consistent_read=True, attributes_to_get=["data"]):
                yield entry_in(item.data)

    def said_of(self, case: str) -> Iterator[Said]:
        """The entries of a case's chain, consistently.

        Of what nobody can read, nothing: `audit verify` names it.
        """
        with translated():
            for item in AuditItem.query(
                case_chain(case), consistent_read=True, attributes_to_get=_SAID
            ):
                yield said_at(item.at, str(item.kind), entry_in(item.data))

    def stored_cases(self, cases: Collection[str]) -> set[str]:
        """Those of the cases that are stored, consistently."""
        keys = [case_keys(case) for case in sorted(cases)]
        with translated():
            rows = CaseItem.batch_get(keys, consistent_read=True, attributes_to_get=_NAMED)
            return {str(row.id) for row in rows}


_NAMED = ["pk", "sk", "id"]
_SAID = ["at", "kind", "data"]


def entry_in(text: str | None) -> Mapping[str, Any]:
    """What an entry holds, from its text."""
    try:
        data = json.loads(text or "{}")
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}
