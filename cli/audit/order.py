"""Entries of a chain in the order of their numbers, whatever order a scan gave them in.

DynamoDB gives the items of one partition key together and in the order of their sort key, in a scan
too; other implementations need not: the local AWS gives entry 10 before entry 2.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from heapq import heappop, heappush
from itertools import groupby
from operator import attrgetter

from ml_connector.domain.chains import Link

#: Entries of one chain held back at a time: the most that are in memory. Chains of so many come out
#: in order whatever order they came in; of a longer one no entry may be further from its place.
MOST_HELD = 5_000


def in_order(links: Iterable[Link], most: int = MOST_HELD) -> Iterator[Link]:
    """The same entries, those of one chain by number, as long as they come one after another."""
    for _, entries in groupby(links, key=attrgetter("chain")):
        held: list[tuple[int, int, Link]] = []
        for place, link in enumerate(entries):
            heappush(held, (link.seq, place, link))
            if len(held) > most:
                yield heappop(held)[-1]
        while held:
            yield heappop(held)[-1]
