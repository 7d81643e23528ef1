"""Every chain and every head, held against each other and against the daily roots.

The table is read once, in segments side by side. Whatever does not seem whole then, because it is
not, or because somebody wrote to it meanwhile, or because a segment gave it in pieces, is read
again by itself and consistently before anything is said of it. Memory grows with the number of
chains, not with that of the entries.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from operator import attrgetter
from threading import Event

from ml_connector.domain.audit import ChainHead
from ml_connector.domain.chains import Break, Broken, Continued, Followed, Link, follow

from .kept_roots import KeptRoots
from .reading import AuditReader

#: A chain somebody is writing to is read again so often before it counts as broken.
LOOKS = 3
#: Entries between two signs of life.
_OFTEN = 500

Tick = Callable[[int], None]


@dataclass(slots=True)
class Verified:
    """What came out: counts, and the first break of every chain that has one."""

    entries: int = 0
    chains: int = 0
    broken: list[Broken] = field(default_factory=list)


class Verifier:
    """Verifies what a reader reads, against the roots.

    With `expired_before`, a day, the beginning of a chain may be gone as far as a root of an
    earlier day names it: what is older was removed on purpose.
    """

    def __init__(self, reader: AuditReader, roots: KeptRoots, *, expired_before: str = "") -> None:
        self._reader = reader
        self._roots = roots
        self._before = expired_before
        self._continued: list[Continued] = []

    def one(self, chain: str) -> Verified:
        """One chain, and what it continues; no chain where nothing knows one by that name."""
        followed = self._look(chain)
        broken = [followed.broken] if followed.broken else []
        known = bool(followed.entries or broken) or self._known(chain)
        found = Verified(followed.entries, int(known), broken)
        found.broken += self._misjoined()
        return found

    def everything(self, heads: Mapping[str, ChainHead], tick: Tick = lambda _: None) -> Verified:
        """All chains there are, or that a head or a root names."""
        stop = Event()
        work = partial(self._segment, heads, tick, stop)
        with ThreadPoolExecutor(self._reader.segments) as pool:
            try:
                parts = list(pool.map(work, range(self._reader.segments)))
            finally:
                stop.set()
        seen = {chain for part in parts for chain in part.seen}
        doubtful = {chain for part in parts for chain in part.doubtful}
        doubtful |= heads.keys() - seen
        doubtful |= self._roots.named.keys() - seen
        found = Verified(sum(part.entries for part in parts), len(seen | doubtful))
        for chain in sorted(doubtful):
            followed = self._look(chain)
            if followed.broken:
                found.broken.append(followed.broken)
        found.broken += self._misjoined()
        return found

    # ---------------------------------------------------------------------------- segments
    def _segment(
        self, heads: Mapping[str, ChainHead], tick: Tick, stop: Event, segment: int
    ) -> _Part:
        part = _Part()
        told = 0
        for chain, links in groupby(self._reader.links(segment), key=attrgetter("chain")):
            followed = self._follow(chain, links, heads.get(chain))
            part.entries += followed.entries
            part.seen.add(chain)
            if followed.broken or followed.continued:
                part.doubtful.add(chain)
            if part.entries - told >= _OFTEN:
                tick(part.entries - told)
                told = part.entries
            if stop.is_set():
                break
        tick(part.entries - told)
        return part

    def _follow(
        self,
        chain: str,
        links: Iterable[Link],
        head: ChainHead | None,
        *,
        left_behind: bool = False,
    ) -> Followed:
        named = self._roots.named.get(chain)
        return follow(
            chain,
            links,
            head,
            named=named or {},
            expired=self._expired(chain),
            left_behind=left_behind,
        )

    def _expired(self, chain: str) -> int:
        return self._roots.expired(chain, self._before) if self._before else 0

    # ------------------------------------------------------------------------- once more
    def _look(self, chain: str) -> Followed:
        """Read one chain by itself; again where somebody may have written to it meanwhile."""
        followed = Followed(0)
        for _ in range(LOOKS):
            anchor = self._reader.anchor(chain)
            followed = self._follow(
                chain, self._reader.chain(chain), anchor.head, left_behind=anchor.left_behind
            )
            if followed.broken is None:
                break
        if followed.continued and followed.continued not in self._continued:
            self._continued.append(followed.continued)
        return followed

    def _known(self, chain: str) -> bool:
        """Whether something stored has this chain, or a root names it."""
        return chain in self._roots.named or self._reader.anchor(chain).head is not None

    def _misjoined(self) -> list[Broken]:
        """Chains that say to go on from an entry that is not there, or is another."""
        return [
            Broken(
                one.chain,
                one.seq + 1,
                Break.REPLACED,
                f"it goes on from entry {one.seq} of {one.of}, which is another or not there",
            )
            for one in self._continued
            if one.seq > self._expired(one.of)
            and not any(
                (link.seq, link.digest) == (one.seq, one.digest)
                for link in self._reader.chain(one.of)
            )
        ]


@dataclass(slots=True)
class _Part:
    """What one segment showed."""

    entries: int = 0
    seen: set[str] = field(default_factory=set)
    doubtful: set[str] = field(default_factory=set)
