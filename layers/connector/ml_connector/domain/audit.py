"""Append-only chains: each entry holds the hash of the one before it.

One chain belongs to one document or one case. Changing, removing, reordering or cutting entries
breaks a link that `check` names; whether the last entries were removed shows against the chain's
head, which is kept elsewhere.

Entries hold ids and keyed fingerprints, never names, phone numbers or texts: erasing a person
leaves every chain whole.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TypeAlias

from .frozen import frozen
from .instants import to_text

Json: TypeAlias = bool | int | str | Sequence["Json"] | Mapping[str, "Json"] | None

NO_DIGEST = "0" * 64


@frozen
class ChainHead:
    """The number and the hash of a chain's last entry. An empty chain has `seq` 0."""

    seq: int = 0
    digest: str = NO_DIGEST


_EMPTY = ChainHead()


@frozen
class AuditEntry:
    """One link. `at` is UTC; `before` is the digest of the entry before it."""

    chain: str
    seq: int
    at: datetime
    kind: str
    data: Mapping[str, Json]
    before: str
    digest: str

    @property
    def head(self) -> ChainHead:
        """What the chain's head is once this entry is its last."""
        return ChainHead(self.seq, self.digest)


@frozen
class BrokenLink:
    """Where a chain stops being trustworthy, and why."""

    chain: str
    seq: int
    reason: str


def canonical(value: Json | Mapping[str, Json]) -> str:
    """One spelling per value: sorted keys, no blanks, no floats (their text is not unique).

    Raises TypeError for anything that has no such spelling.
    """
    _refuse_unspellable(value)
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _refuse_unspellable(value: object) -> None:
    if isinstance(value, Mapping):
        for key, part in value.items():
            if not isinstance(key, str):
                raise TypeError(f"a key of {type(key).__name__} has no canonical form")
            _refuse_unspellable(part)
    elif isinstance(value, list | tuple):
        for part in value:
            _refuse_unspellable(part)
    elif not isinstance(value, str | int | None):
        raise TypeError(f"{type(value).__name__} has no canonical form: make it text first")


def _digest(
    chain: str, seq: int, at: datetime, kind: str, data: Mapping[str, Json], before: str
) -> str:
    body = canonical(
        {
            "at": to_text(at),
            "before": before,
            "chain": chain,
            "data": data,
            "kind": kind,
            "seq": seq,
        }
    )
    return hashlib.sha256(body.encode()).hexdigest()


def entry_after(
    head: ChainHead, chain: str, at: datetime, kind: str, data: Mapping[str, Json]
) -> AuditEntry:
    """The next entry of a chain whose last one is `head`."""
    seq = head.seq + 1
    digest = _digest(chain, seq, at, kind, data, head.digest)
    return AuditEntry(chain, seq, at, kind, data, head.digest, digest)


def check(
    entries: Iterable[AuditEntry],
    head: ChainHead,
    chain: str = "",
    *,
    start: ChainHead = _EMPTY,
) -> BrokenLink | None:
    """The first broken link of one whole chain given in its stored order, or None.

    `head` is the one kept outside the audit table. An entry that was altered, removed, swapped,
    added, cut off at the end or replaced by another history each gives its own reason. `chain` is
    the chain's name; without it the first entry's counts. `start` is where the chain it continues
    ended.
    """
    last = start
    for entry in entries:
        chain = chain or entry.chain
        reason = _why_broken(entry, chain, last, head)
        if reason:
            return BrokenLink(chain, last.seq + 1, reason)
        last = entry.head
    if last.seq < head.seq:
        return BrokenLink(chain, last.seq + 1, f"cut off: the head knows {head.seq} entries")
    return None


def _why_broken(entry: AuditEntry, chain: str, last: ChainHead, head: ChainHead) -> str:
    """Why `entry` cannot be the one that follows `last`; empty when it can."""
    reasons = (
        (entry.chain != chain, f"belongs to {entry.chain}"),
        (entry.seq != last.seq + 1, f"entry {last.seq + 1} is missing, {entry.seq} follows"),
        (entry.seq > head.seq, "the head knows no such entry"),
        (entry.before != last.digest, "does not continue the entry before it"),
        (not _as_written(entry), "was changed after it was written"),
        (
            entry.seq == head.seq and entry.digest != head.digest,
            "the head knows another history",
        ),
    )
    return next((reason for broken, reason in reasons if broken), "")


def _as_written(entry: AuditEntry) -> bool:
    try:
        digest = _digest(entry.chain, entry.seq, entry.at, entry.kind, entry.data, entry.before)
    except TypeError:
        # No entry was ever written with data that has no canonical form.
        return False
    return digest == entry.digest
