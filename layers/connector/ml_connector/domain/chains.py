"""Whether a chain of audit entries is as it was written, and if not, what was done to it.

Entries are judged as they are stored: `data` stays the canonical text its digest was made over, so
nothing is parsed and made text again. A chain is read once, entry by entry, and never kept.

Three things vouch for a chain. Its links: every entry holds the digest of the one before it. Its
head, kept in another table: how many entries there are, and the digest of the last. And the daily
roots, kept where nobody can write over them: what heads were on earlier days.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from json.encoder import encode_basestring as quoted
from typing import NamedTuple

from .audit import NO_DIGEST, AuditEntry, ChainHead, canonical
from .frozen import frozen
from .instants import to_text

#: A chain ends with one of these for good: nothing may follow, and no head is needed any more.
#: Its owner's row was erased; or was lost with its table, and the document is nowhere any more.
CLOSING = frozenset({"person.forgotten", "document.lost"})


class Break(StrEnum):
    """What was done to a chain. Each sentence is what a person would be told."""

    CHANGED = "changed"
    """An entry is not what was written."""
    REMOVED = "removed"
    """Entries are missing, and others follow."""
    REORDERED = "reordered"
    """An entry stands where another was written."""
    CUT_OFF = "cut_off"
    """The last entries are missing: the head, or a root, knows more of them."""
    REPLACED = "replaced"
    """Another history stands in the place of the one the head, or a root, knows."""
    BEYOND_HEAD = "beyond_head"
    """There are entries the head knows nothing of."""
    AFTER_END = "after_end"
    """There are entries after the one that ended the chain for good."""
    NO_HEAD = "no_head"
    """There are entries, and nothing they belong to."""
    NO_ENTRIES = "no_entries"
    """There is a head, or a root names one, and not one entry."""


class Link(NamedTuple):
    """One entry as it is stored: `at` and `data` are texts."""

    chain: str
    seq: int
    at: str
    kind: str
    data: str
    before: str
    digest: str

    @property
    def head(self) -> ChainHead:
        """What the chain's head is where this entry is its last."""
        return ChainHead(self.seq, self.digest)


class Named(NamedTuple):
    """What the root of a day says of one entry: its digest."""

    digest: str
    day: str


@frozen
class Broken:
    """Where a chain stops being trustworthy: the first entry concerned, what was done, in words."""

    chain: str
    seq: int
    what: Break
    said: str


@frozen
class Continued:
    """A chain that goes on where another ended: that one's entry `seq` must have this digest."""

    chain: str
    of: str
    seq: int
    digest: str


@frozen
class Followed:
    """A chain that was followed to its end or its first break."""

    entries: int
    broken: Broken | None = None
    continued: Continued | None = None


def link_of(entry: AuditEntry) -> Link:
    """An entry as it is stored."""
    return Link(
        entry.chain,
        entry.seq,
        to_text(entry.at),
        entry.kind,
        canonical(entry.data),
        entry.before,
        entry.digest,
    )


def digest_of(link: Link) -> str:
    """The digest an entry of this content is written with; see `audit.entry_after`."""
    body = (
        f'{{"at":{quoted(link.at)},"before":{quoted(link.before)},"chain":{quoted(link.chain)},'
        f'"data":{link.data},"kind":{quoted(link.kind)},"seq":{link.seq}}}'
    )
    return hashlib.sha256(body.encode("utf-8", "surrogatepass")).hexdigest()


_NOTHING: Mapping[int, Named] = {}


def follow(
    chain: str,
    links: Iterable[Link],
    head: ChainHead | None,
    *,
    named: Mapping[int, Named] = _NOTHING,
    expired: int = 0,
    left_behind: bool = False,
) -> Followed:
    """Follow one whole chain, given in the order of its numbers, to its first break.

    `named` is what the daily roots say of its entries, by number. The first `expired` entries may
    be gone: roots prove that they were older than what is kept. A chain that was `left_behind`, for
    its document went on in a newer one, has no head and needs none.
    """
    return _Follower(chain, head, named, expired, left_behind=left_behind).run(iter(links))


class _Follower:
    def __init__(
        self,
        chain: str,
        head: ChainHead | None,
        named: Mapping[int, Named],
        expired: int,
        *,
        left_behind: bool,
    ) -> None:
        self._chain = chain
        self._head = head
        self._named = named
        self._expired = expired
        self._left_behind = left_behind

    def run(self, links: Iterator[Link]) -> Followed:
        head, named = self._head, self._named
        entries, last, kind = 0, ChainHead(), ""
        continued: Continued | None = None
        for link in links:
            if not entries:
                last, continued = self._start(link)
            if link.seq != last.seq + 1 or link.chain != self._chain:
                rest = [*links]
                broken = self._misplaced(link, last.seq + 1, rest)
                return Followed(entries + 1 + len(rest), broken, continued)
            found = self._why_broken(link, last, head)
            if found is None and kind in CLOSING:
                said = f"entry {link.seq} follows {kind}, which ended the chain"
                found = self._broken(link.seq, Break.AFTER_END, said)
            if found is None and link.seq in named and named[link.seq].digest != link.digest:
                found = self._against_root(link.seq)
            if found:
                return Followed(entries + 1 + sum(1 for _ in links), found, continued)
            entries += 1
            last, kind = link.head, link.kind
        return Followed(entries, self._at_the_end(entries, last, kind), continued)

    # ---------------------------------------------------------------------- the beginning
    def _start(self, first: Link) -> tuple[ChainHead, Continued | None]:
        """Where the chain begins: at nothing, in another chain, or after what has expired."""
        continued = _continued(first)
        if continued and continued.seq == first.seq - 1:
            return ChainHead(continued.seq, continued.digest), continued
        if 1 < first.seq <= self._expired + 1:
            return ChainHead(first.seq - 1, first.before), None
        return ChainHead(), None

    # --------------------------------------------------------------------------- each link
    def _misplaced(self, link: Link, wanted: int, rest: Sequence[Link]) -> Broken:
        if link.chain != self._chain:
            said = f"an entry of {link.chain} stands in the place of entry {wanted}"
            return self._broken(wanted, Break.REORDERED, said)
        if self._head and wanted > self._head.seq:
            return self._beyond(link.seq)
        if link.seq < wanted:
            said = f"entry {link.seq} stands after entry {wanted - 1}"
            return self._broken(link.seq, Break.REORDERED, said)
        if any(later.seq == wanted for later in rest):
            return self._broken(wanted, Break.REORDERED, f"entry {wanted} stands after {link.seq}")
        gap = f"entry {wanted}" if link.seq == wanted + 1 else f"entries {wanted} to {link.seq - 1}"
        return self._broken(wanted, Break.REMOVED, f"{gap} missing, entry {link.seq} follows")

    def _why_broken(self, link: Link, last: ChainHead, head: ChainHead | None) -> Broken | None:
        if head and link.seq > head.seq:
            return self._beyond(link.seq)
        if digest_of(link) != link.digest:
            return self._altered(link)
        if link.before != last.digest:
            if not last.seq:
                said = "entry 1 claims that another came before it"
                return self._broken(1, Break.CHANGED, said)
            said = (
                f"entry {last.seq} was changed and its digest made anew: entry {link.seq} remembers"
                " another"
            )
            return self._broken(last.seq, Break.CHANGED, said)
        if head and link.seq == head.seq and link.digest != head.digest:
            said = f"the head knows another entry {link.seq}: the history was written anew"
            return self._broken(link.seq, Break.REPLACED, said)
        return None

    def _altered(self, link: Link) -> Broken:
        """Not what was written under this number; perhaps under another one."""
        most = max(link.seq, self._head.seq if self._head else 0)
        for number in range(1, most + 1):
            if digest_of(link._replace(seq=number)) == link.digest:
                said = f"entry {number} stands in the place of entry {link.seq}"
                return self._broken(link.seq, Break.REORDERED, said)
        said = f"entry {link.seq} is not what was written"
        return self._broken(link.seq, Break.CHANGED, said)

    def _against_root(self, seq: int) -> Broken:
        said = f"the root of {self._named[seq].day} knows another entry {seq}"
        return self._broken(seq, Break.REPLACED, said)

    # ----------------------------------------------------------------------------- the end
    def _at_the_end(self, entries: int, last: ChainHead, kind: str) -> Broken | None:
        head = self._head
        known, by = self._most_known()
        if known > last.seq and known > self._expired:
            if not entries:
                said = f"{by} knows {known} entries, and there is none"
                return self._broken(1, Break.NO_ENTRIES, said)
            said = f"nothing after entry {last.seq}, but {by} knows {known} entries"
            return self._broken(last.seq + 1, Break.CUT_OFF, said)
        if head is None and entries and not self._left_behind and kind not in CLOSING:
            said = "what the entries belong to is not there: removed, or restored to before it was"
            return self._broken(1, Break.NO_HEAD, said)
        return None

    def _most_known(self) -> tuple[int, str]:
        """How many entries there are at least, and who says so."""
        most, by = (self._head.seq, "the head") if self._head else (0, "nobody")
        highest = max(self._named, default=0)
        if highest > most:
            return highest, f"the root of {self._named[highest].day}"
        return most, by

    def _beyond(self, seq: int) -> Broken:
        known = self._head.seq if self._head else 0
        said = f"entry {seq} lies beyond the head, which knows {known}"
        return self._broken(seq, Break.BEYOND_HEAD, said)

    def _broken(self, seq: int, what: Break, said: str) -> Broken:
        return Broken(self._chain, seq, what, said)


def _continued(first: Link) -> Continued | None:
    """What a chain's first entry says of the chain it continues."""
    if '"continues"' not in first.data:
        return None
    try:
        said = json.loads(first.data).get("continues")
        of, seq = str(said["chain"]), int(said["seq"])
    except (AttributeError, KeyError, TypeError, ValueError):
        return None
    if of == first.chain or (seq == 0 and first.before == NO_DIGEST):
        return None
    return Continued(first.chain, of, seq, first.before)
