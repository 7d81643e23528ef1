"""The tables of a world in memory, each taken and put back by itself; and what is behind there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from functools import partial
from typing import Any

from ml_connector.domain.audit import AuditEntry
from ml_connector.domain.documents import AnyDocument
from ml_connector.domain.instants import to_millis
from tests.support.memory_store import Tables

#: What of the store is one table.
TABLES: Mapping[str, tuple[str, ...]] = {
    "alerts": (
        "dispatches",
        "cases",
        "alerts",
        "sids",
        "references",
        "inbox",
        "counters",
        "pauses",
        "watched",
        "due",
    ),
    "documents": ("documents", "payments", "companies"),
    "approvers": ("people",),
    "audit": ("chains",),
}

Snapshot = Mapping[str, Any]


def taken(tables: Tables) -> Snapshot:
    """What is stored now. Everything stored is frozen, so only the containers are copied."""
    names = (name for parts in TABLES.values() for name in parts)
    snapshot = {name: copy(getattr(tables, name)) for name in names}
    snapshot["alerts"] = {case: dict(row) for case, row in tables.alerts.items()}
    snapshot["chains"] = {name: list(chain) for name, chain in tables.chains.items()}
    return snapshot


def put_back(tables: Tables, snapshot: Snapshot, parts: Iterable[str]) -> None:
    """Make some tables what they were."""
    again = copied(snapshot)
    for part in parts:
        for name in TABLES[part]:
            setattr(tables, name, again[name])


def copied(snapshot: Snapshot) -> dict[str, Any]:
    again = {name: copy(value) for name, value in snapshot.items()}
    again["alerts"] = {case: dict(row) for case, row in snapshot["alerts"].items()}
    again["chains"] = {name: list(chain) for name, chain in snapshot["chains"].items()}
    return again


def copies(tables: Tables, name: str, old: Any) -> Iterable[Callable[[], None]]:
    live = getattr(tables, name)
    if name == "alerts":
        for case, row in old.items():
            for alert, value in row.items():
                yield partial(_keep_alert, live, case, alert, value)
    elif name == "chains":
        for chain, entries in old.items():
            yield partial(_fill, live, chain, entries)
    elif name == "dispatches":
        for value in old.values():
            yield partial(_store_dispatch, tables, value)
    else:
        for key, value in old.items():
            yield partial(_keep, live, key, value)


def _keep(live: dict[Any, Any], key: Any, value: Any) -> None:
    live.setdefault(key, value)


def _keep_alert(live: dict[str, dict[str, Any]], case: str, alert: str, value: Any) -> None:
    live.setdefault(case, {}).setdefault(alert, value)


def _fill(live: dict[str, list[Any]], name: str, entries: Sequence[Any]) -> None:
    chain = live.setdefault(name, [])
    known = {entry.seq for entry in chain}
    chain.extend(entry for entry in entries if entry.seq not in known)


def _store_dispatch(tables: Tables, value: Any) -> None:
    if value.id in tables.dispatches:
        return
    tables.dispatches[value.id] = value
    if value.look_at:
        tables.due.append((to_millis(value.look_at), value.id))
        tables.due.sort()


@dataclass(frozen=True, slots=True)
class Behind:
    """Which chains go on after what is stored."""

    tables: Tables

    def cases(self) -> Iterable[str]:
        for name, chain in sorted(self.tables.chains.items()):
            if name.startswith("case#") and chain:
                case = self.tables.cases.get(name.removeprefix("case#"))
                if case is None or case.head.seq < max(entry.seq for entry in chain):
                    yield name.removeprefix("case#")

    def documents(self) -> Iterable[AnyDocument]:
        stored: list[AnyDocument] = [*self.tables.documents.values()]
        stored += self.tables.payments.values()
        for document in stored:
            chain = self.tables.chains.get(document.chain, [])
            if chain and document.head.seq < max(entry.seq for entry in chain):
                yield document

    def ownerless(self) -> Iterable[str]:
        owned = {f"{company}#{name}" for company, name in self.tables.documents}
        for name, chain in list(self.tables.chains.items()):
            if name.startswith("doc#") and chain and "#".join(name.split("#")[1:4]) not in owned:
                yield name

    def close(self, entry: AuditEntry) -> None:
        self.tables.chains[entry.chain].append(entry)

    def people(self) -> Iterable[str]:
        for person in self.tables.people.values():
            chain = self.tables.chains.get(person.chain, [])
            if chain and person.head.seq < max(entry.seq for entry in chain):
                yield person.id
