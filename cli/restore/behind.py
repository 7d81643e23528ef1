"""Which cases, people and documents are older than their audit chain: the whole trail is read once.

What seems so is read again by itself, and consistently, before it counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import groupby
from operator import attrgetter

from cli.audit.reading import DynamoAuditReader
from cli.deployment import Deployment
from ml_connector.domain.audit import AuditEntry, ChainHead
from ml_connector.domain.chains import CLOSING
from ml_connector.domain.documents import AnyDocument
from ml_connector.store.audit import DynamoAuditTrail
from ml_connector.store.audit_items import audit_item
from ml_connector.store.models import AuditItem
from ml_connector.store.transaction import translated

FLOW = "flow"
_CASE, _PERSON, _DOCUMENT = "case#", "person#", "doc#"
_PARTS = 4


class DynamoBehind:
    """The Behind port of `usecases.mending` for a deployed stack."""

    def __init__(self, deployment: Deployment, alive: Callable[[int], None]) -> None:
        self._deployment = deployment
        self._reader = DynamoAuditReader(deployment)
        self._trail = DynamoAuditTrail()
        self._alive = alive
        self.entries = 0
        self.chains: list[str] = []
        """Those that go on after what is stored of their owner, or have none."""
        self.erased: list[str] = []
        """People who were erased, and whose row is there again."""
        self.look()

    def look(self) -> None:
        """Read the trail."""
        heads = dict(self._reader.heads())
        found: dict[str, None] = {}
        for segment in range(self._reader.segments):
            for chain, links in groupby(self._reader.links(segment), key=attrgetter("chain")):
                last = 0
                for link in links:
                    self.entries += 1
                    last = max(last, link.seq)
                if last > heads.get(chain, ChainHead()).seq:
                    found[chain] = None
            self._alive(self.entries)
        self.chains = [chain for chain in found if self._is_behind(chain)]

    def _is_behind(self, chain: str) -> bool:
        anchor = self._reader.anchor(chain)
        if anchor.left_behind:
            return False
        after = list(self._trail.chain(chain, anchor.head.seq if anchor.head else 0))
        if not after:
            return False
        if after[-1].kind in CLOSING:
            if anchor.head and chain.startswith(_PERSON):
                self.erased.append(chain.removeprefix(_PERSON))
            return False
        return True

    # -------------------------------------------------------------------------- the port
    def cases(self) -> Iterator[str]:
        """See Behind."""
        return (one.removeprefix(_CASE) for one in self.chains if one.startswith(_CASE))

    def people(self) -> Iterator[str]:
        """See Behind."""
        return (one.removeprefix(_PERSON) for one in self.chains if one.startswith(_PERSON))

    def documents(self) -> Iterator[AnyDocument]:
        """See Behind."""
        for chain in self.chains:
            document = self._document(chain) if chain.startswith(_DOCUMENT) else None
            if document is not None:
                yield document

    def ownerless(self) -> Iterator[str]:
        """See Behind."""
        for chain in self.chains:
            if chain.startswith(_DOCUMENT) and self._document(chain) is None:
                yield chain

    def close(self, entry: AuditEntry) -> None:
        """See Behind."""
        with translated():
            audit_item(entry).save(condition=AuditItem.chain.does_not_exist())

    @property
    def flow(self) -> bool:
        """Whether the pointer to the flow in force is older than its chain, or gone."""
        return FLOW in self.chains

    def _document(self, chain: str) -> AnyDocument | None:
        parts = chain.split("#")
        company, name = parts[1], "#".join(parts[2:_PARTS])
        store = self._deployment.documents
        if name.startswith("payment#"):
            return store.payments(company, [name]).get(name)
        return store.documents(company, [name]).get(name)
