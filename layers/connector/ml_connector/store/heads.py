"""The heads of all audit chains, wherever they are kept, and how far writing them down has come.

The tables are gone through one after another. Where a reading stopped is a text, so that another
invocation can go on from there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import astuple
from datetime import date
from typing import Any

from pynamodb.exceptions import AttributeDeserializationError
from pynamodb.models import Model

from ml_connector.domain.audit import ChainHead
from ml_connector.domain.cases import case_chain
from ml_connector.domain.frozen import frozen
from ml_connector.domain.roots import HeadsPage, Part, RootMark
from ml_connector.errors import StoreConflict

from .models import ApproverItem, CaseItem, DocumentItem, FlowItem, RootMarkItem
from .transaction import translated

FLOW = "flow"
POINTER = "pointer"
HEAD = ("head_seq", "head_digest")

_MARK = ("roots", "mark")


@frozen
class _Source:
    """One kind of item that has a chain: which rows of its table, and what of them is read."""

    model: type[Model]
    wanted: tuple[str, ...]
    condition: Any

    def rows(self, after: Mapping[str, Any] | None) -> Any:  # noqa: ANN401 - PynamoDB's
        return self.model.scan(
            self.condition,
            attributes_to_get=[*self.wanted, *HEAD],
            last_evaluated_key=dict(after) if after else None,
        )


_SOURCES = (
    _Source(DocumentItem, ("pk", "sk", "generation"), DocumentItem.head_seq.exists()),
    _Source(CaseItem, ("pk", "sk"), CaseItem.sk == "case"),
    _Source(ApproverItem, ("pk",), None),
)


class DynamoHeads:
    """The Heads port, and the mark of the daily root. The models have to be bound."""

    def page(self, cursor: str, limit: int) -> HeadsPage:
        """Up to `limit` heads from where an earlier page ended; empty is the beginning.

        Not consistent: a head may be one of a moment ago. What has no entry yet is left out.
        """
        first, after = _place(cursor)
        heads: list[tuple[str, ChainHead]] = []
        with translated():
            for place in range(first, len(_SOURCES)):
                rows = _SOURCES[place].rows(after)
                after = None
                for row in rows:
                    head = head_of(row)
                    if head.seq:
                        heads.append((_chain_of(row), head))
                    if len(heads) >= limit:
                        return HeadsPage(tuple(heads), _cursor(place, rows.last_evaluated_key))
        flow = kept_head(FlowItem, FLOW, POINTER)
        if flow and flow.seq:
            heads.append((FLOW, flow))
        return HeadsPage(tuple(heads), "")

    # --------------------------------------------------------------------------- the mark
    def mark(self) -> RootMark | None:
        """How far the newest root has come; None before the first."""
        with translated():
            try:
                item = RootMarkItem.get(*_MARK, consistent_read=True)
            except RootMarkItem.DoesNotExist:
                return None
        return RootMark(
            day=date.fromisoformat(item.day),
            version=int(item.version),
            cursor=item.cursor or "",
            parts=tuple(Part(*part) for part in item.parts),
            done=bool(item.done),
        )

    def move_mark(self, mark: RootMark) -> bool:
        """Store the mark after the one of the version before; false where another was faster."""
        item = RootMarkItem(
            *_MARK,
            day=mark.day.isoformat(),
            version=mark.version,
            cursor=mark.cursor or None,
            parts=[list(astuple(part)) for part in mark.parts],
            done=mark.done,
        )
        follows = RootMarkItem.version == mark.version - 1
        first = RootMarkItem.pk.does_not_exist()
        try:
            with translated():
                item.save(condition=first if mark.version == 1 else follows)
        except StoreConflict:
            return False
        return True


def head_of(row: Any) -> ChainHead:  # noqa: ANN401 - any of the models
    """The head a row holds; empty where it has no entry yet, or where what stands there is none."""
    if not row.head_seq:
        return ChainHead()
    return ChainHead(int(row.head_seq), str(row.head_digest or ""))


def kept_head(model: type[Model], key: str, sort_key: str | None = None) -> ChainHead | None:
    """The head a row holds; see `head_of`. None where there is no such row."""
    with translated():
        try:
            row = model.get(key, sort_key, consistent_read=True, attributes_to_get=list(HEAD))
        except model.DoesNotExist:
            return None
        except AttributeDeserializationError:
            return ChainHead()
    return head_of(row)


def document_chain(company: str, document: str, generation: int) -> str:
    """The chain of a document; see `Document.chain`."""
    name = f"doc#{company}#{document}"
    return name if generation == 1 else f"{name}#{generation}"


def _chain_of(row: Any) -> str:  # noqa: ANN401 - any of the models
    """By the key, which nobody can change in place."""
    _, _, name = str(row.pk).partition("#")
    if isinstance(row, DocumentItem):
        return document_chain(name, row.sk, int(row.generation or 1))
    if isinstance(row, CaseItem):
        return case_chain(name)
    return f"person#{row.pk}"


def _cursor(place: int, after: Mapping[str, Any] | None) -> str:
    """Where to go on: in this source, or at the next one where this one is at its end."""
    return json.dumps([place, after] if after else [place + 1, None])


def _place(cursor: str) -> tuple[int, Mapping[str, Any] | None]:
    place, after = json.loads(cursor) if cursor else (0, None)
    return int(place), after
