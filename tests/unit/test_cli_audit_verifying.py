"""Verifying while others write, in pieces, and over documents that were restored."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta

from cli.audit.kept_roots import KeptRoots, gathered
from cli.audit.reading import Anchor
from cli.audit.verifying import Verified, Verifier
from ml_connector.domain.audit import ChainHead, Json, entry_after
from ml_connector.domain.chains import Break, Link, link_of
from ml_connector.domain.roots import part_document, part_key, root_document, root_key
from tests.support.bills import MORNING

DOCUMENT, NEXT = "doc#acme#bill#1", "doc#acme#bill#1#2"
DAY = date(2026, 11, 20)


def chain_of(name: str, count: int, start: ChainHead | None = None, **data: Json) -> list[Link]:
    head = start or ChainHead()
    links = []
    for minute in range(count):
        at = MORNING + timedelta(minutes=minute)
        entry = entry_after(head, name, at, "seen", {"n": minute, **(data if not links else {})})
        links.append(link_of(entry))
        head = entry.head
    return links


class MemoryReader:
    """The AuditReader port; `passed` is what a first pass shows where that is not what is so."""

    segments = 2

    def __init__(self, *chains: list[Link]) -> None:
        self.chains = {chain[0].chain: chain for chain in chains}
        self.anchors = {name: Anchor(chain[-1].head) for name, chain in self.chains.items()}
        self.passed: list[list[Link]] | None = None
        self.before_reading: Callable[[str], None] = lambda _: None

    def heads(self) -> Iterator[tuple[str, ChainHead]]:
        for name, anchor in self.anchors.items():
            if anchor.head:
                yield name, anchor.head

    def anchor(self, chain: str) -> Anchor:
        return self.anchors.get(chain, Anchor())

    def links(self, segment: int) -> Iterator[Link]:
        if self.passed is not None:
            yield from self.passed[segment]
            return
        for place, chain in enumerate(self.chains.values()):
            if place % self.segments == segment:
                yield from chain

    def chain(self, name: str) -> Iterator[Link]:
        self.before_reading(name)
        yield from self.chains.get(name, [])


def verified(reader: MemoryReader, roots: KeptRoots | None = None) -> Verified:
    return Verifier(reader, roots or KeptRoots()).everything(dict(reader.heads()))


def what(found: Verified) -> dict[str, Break]:
    return {one.chain: one.what for one in found.broken}


def test_chains_of_several_segments_are_counted_together() -> None:
    ticks: list[int] = []
    reader = MemoryReader(chain_of("case#a", 700), chain_of("case#b", 2), chain_of("case#c", 1))
    found = Verifier(reader, KeptRoots()).everything(dict(reader.heads()), ticks.append)
    assert found == Verified(703, 3, [])
    assert sum(ticks) == 703


def test_a_chain_that_comes_in_pieces_is_read_by_itself() -> None:
    one, other = chain_of("case#a", 4), chain_of("case#b", 1)
    reader = MemoryReader(one, other)
    reader.passed = [[*one[2:], *other, *one[:2]], []]
    assert verified(reader).broken == []


def test_a_chain_written_to_between_the_heads_and_the_entries_is_whole() -> None:
    links = chain_of("case#a", 4)
    reader = MemoryReader(links)
    heads = {"case#a": links[2].head}
    assert Verifier(reader, KeptRoots()).everything(heads).broken == []


def test_a_chain_written_to_while_it_is_looked_at_is_looked_at_again() -> None:
    links = chain_of("case#a", 4)
    reader = MemoryReader(links[:3])
    reader.chains["case#a"] = links

    def catch_up(name: str) -> None:
        """The head of before was read; the entry after it is there already."""
        reader.anchors[name] = Anchor(links[3].head)

    reader.before_reading = catch_up
    assert verified(reader).broken == []


def test_a_head_that_never_catches_up_is_broken() -> None:
    reader = MemoryReader(chain_of("case#a", 3))
    reader.chains["case#a"] = chain_of("case#a", 4)
    assert what(verified(reader)) == {"case#a": Break.BEYOND_HEAD}


# ------------------------------------------------------------------------ restored documents
def restored() -> MemoryReader:
    """A document that had three entries, was restored to two, and went on in a new chain."""
    old = chain_of(DOCUMENT, 3)
    new = chain_of(NEXT, 2, old[1].head, continues={"chain": DOCUMENT, "seq": 2})
    reader = MemoryReader(old, new)
    reader.anchors[DOCUMENT] = Anchor(left_behind=True)
    return reader


def test_a_document_that_was_restored_has_two_whole_chains() -> None:
    assert verified(restored()) == Verified(5, 2, [])


def test_a_chain_left_behind_and_then_cut_short_of_where_it_is_continued_is_named() -> None:
    reader = restored()
    del reader.chains[DOCUMENT][1:]
    assert what(verified(reader)) == {NEXT: Break.REPLACED}


def test_a_changed_entry_of_a_chain_left_behind_is_named() -> None:
    reader = restored()
    reader.chains[DOCUMENT][2] = reader.chains[DOCUMENT][2]._replace(kind="x")
    assert what(verified(reader)) == {DOCUMENT: Break.CHANGED}


# ------------------------------------------------------------------------------------ roots
def kept(*days: tuple[date, dict[str, ChainHead]]) -> list[tuple[str, bytes]]:
    documents = []
    for day, heads in days:
        part, body = part_document(day, 1, heads.items())
        documents.append((part_key(day, 1), body))
        documents.append((root_key(day), root_document(day, MORNING, [part])))
    return documents


def test_a_chain_is_held_against_every_root_that_names_it() -> None:
    links, other = chain_of("case#a", 4), chain_of("case#a", 4, at="another time")
    documents = kept((DAY, {"case#a": other[1].head}), (DAY + timedelta(1), {}))
    found = verified(MemoryReader(links), gathered(iter(documents)))
    assert what(found) == {"case#a": Break.REPLACED}
    assert "the root of 2026-11-20" in found.broken[0].said


def test_a_chain_only_a_root_knows_of_is_gone() -> None:
    roots = gathered(iter(kept((DAY, {"case#a": ChainHead(3, "a" * 64)}))))
    assert what(verified(MemoryReader(), roots)) == {"case#a": Break.NO_ENTRIES}


def test_roots_that_contradict_one_another_are_a_problem() -> None:
    documents = kept(
        (DAY, {"case#a": ChainHead(3, "a" * 64)}),
        (DAY + timedelta(1), {"case#a": ChainHead(3, "b" * 64)}),
    )
    (problem,) = gathered(iter(documents)).problems
    assert problem.endswith("case#a entry 3 is another than on 2026-11-20")


def test_documents_that_are_no_roots_are_problems() -> None:
    broken = [
        ("roots/2026-11-20/part-00001.json", b"{"),
        ("roots/2026-11-20/root.json", b'{"v":2}'),
        ("roots/readme.txt", b""),
    ]
    assert len(gathered(iter(broken)).problems) == 3


def test_days_without_a_root_are_counted_between_the_first_and_the_last() -> None:
    found = gathered(iter(kept((DAY, {}), (DAY + timedelta(3), {}))))
    assert found.missing == [DAY + timedelta(1), DAY + timedelta(2)]
    assert KeptRoots().missing == []
