"""What was done to a chain is named: one test for each way of tampering with it."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_connector.domain.audit import ChainHead, Json, canonical, entry_after
from ml_connector.domain.chains import (
    Break,
    Broken,
    Continued,
    Followed,
    Link,
    Named,
    digest_of,
    follow,
    link_of,
)
from tests.support.bills import MORNING
from tests.support.properties import unhurried

NAME = "case#c1"


def chain_of(
    *kinds: str, name: str = NAME, start: ChainHead | None = None, **data: Json
) -> list[Link]:
    head = start or ChainHead()
    links = []
    for minute, kind in enumerate(kinds):
        at = MORNING + timedelta(minutes=minute)
        entry = entry_after(head, name, at, kind, {"n": minute, **data})
        links.append(link_of(entry))
        head = entry.head
    return links


LINKS = chain_of("opened", "claimed", "sent", "delivered", "handled")
HEAD = LINKS[-1].head


def broken(links: list[Link], head: ChainHead | None = HEAD, **more: object) -> Broken:
    found = follow(NAME, links, head, **more)  # type: ignore[arg-type]
    assert found.broken
    assert found.broken.chain == NAME
    return found.broken


def rewritten(links: list[Link], first: int) -> list[Link]:
    """The chain with another entry `first`, and everything after it made to fit."""
    start = links[first - 2].head if first > 1 else ChainHead()
    return links[: first - 1] + chain_of(*[x.kind for x in links[first - 1 :]], start=start, x=1)


# ------------------------------------------------------------------------------- untouched
def test_a_chain_as_it_was_written_is_whole() -> None:
    assert follow(NAME, LINKS, HEAD) == Followed(5)


@unhurried
@given(
    st.text(max_size=8),
    st.text(max_size=8),
    st.dictionaries(st.text(max_size=4), st.text(max_size=8) | st.integers(), max_size=3),
)
def test_the_digest_of_the_stored_texts_is_the_one_the_entry_was_written_with(
    chain: str, kind: str, data: dict[str, Json]
) -> None:
    link = link_of(entry_after(ChainHead(3, "f" * 64), chain, MORNING, kind, data))
    assert digest_of(link) == link.digest


# -------------------------------------------------------------------------------- tampered
@pytest.mark.parametrize("field", ["at", "kind", "data", "digest"])
@pytest.mark.parametrize("at", range(5))
def test_a_changed_entry_is_named(field: str, at: int) -> None:
    forged = {"at": "2020-01-01", "kind": "x", "data": canonical({"n": 9}), "digest": "f" * 64}
    links = [*LINKS]
    links[at] = links[at]._replace(**{field: forged[field]})  # type: ignore[arg-type]
    found = broken(links)
    assert (found.what, found.seq) == (Break.CHANGED, at + 1)


@pytest.mark.parametrize("at", range(4))
def test_a_changed_entry_with_a_digest_made_anew_is_betrayed_by_the_next(at: int) -> None:
    links = [*LINKS]
    forged = links[at]._replace(data=canonical({"n": 9}))
    links[at] = forged._replace(digest=digest_of(forged))
    found = broken(links)
    assert (found.what, found.seq) == (Break.CHANGED, at + 1)
    assert f"entry {at + 2} remembers another" in found.said


def test_a_first_entry_that_claims_another_before_it_is_changed() -> None:
    first = LINKS[0]._replace(before="e" * 64)
    found = broken([first._replace(digest=digest_of(first))], ChainHead(1, digest_of(first)))
    assert (found.what, found.seq) == (Break.CHANGED, 1)


@pytest.mark.parametrize(("gone", "words"), [([2], "entry 2"), ([1, 2], "entries 1 to 2")])
def test_removed_entries_are_named(gone: list[int], words: str) -> None:
    found = broken([link for link in LINKS if link.seq not in gone])
    assert (found.what, found.seq) == (Break.REMOVED, gone[0])
    assert found.said == f"{words} missing, entry 3 follows"


@pytest.mark.parametrize("order", [p for p in permutations(range(3)) if p != (0, 1, 2)])
def test_entries_in_another_order_are_named(order: tuple[int, ...]) -> None:
    links = [LINKS[at] for at in order] + LINKS[3:]
    assert broken(links).what is Break.REORDERED


def test_entries_that_changed_places_with_their_numbers_are_named() -> None:
    links = [*LINKS]
    links[1], links[3] = links[3]._replace(seq=2), links[1]._replace(seq=4)
    found = broken(links)
    assert (found.what, found.seq) == (Break.REORDERED, 2)
    assert found.said == "entry 4 stands in the place of entry 2"


def test_an_entry_of_another_chain_is_named() -> None:
    links = [*LINKS]
    links[1] = chain_of("opened", "claimed", name="case#c2")[1]
    assert broken(links).what is Break.REORDERED


@pytest.mark.parametrize("kept", range(1, 5))
def test_a_chain_cut_off_at_its_end_is_named(kept: int) -> None:
    found = broken(LINKS[:kept])
    assert (found.what, found.seq) == (Break.CUT_OFF, kept + 1)
    assert found.said == f"nothing after entry {kept}, but the head knows 5 entries"


@pytest.mark.parametrize("first", range(1, 6))
def test_a_history_written_anew_does_not_end_in_the_head(first: int) -> None:
    found = broken(rewritten(LINKS, first))
    assert (found.what, found.seq) == (Break.REPLACED, 5)


def test_entries_beyond_the_head_are_named() -> None:
    more = chain_of("sent", start=HEAD)
    found = broken([*LINKS, *more])
    assert (found.what, found.seq) == (Break.BEYOND_HEAD, 6)


def test_entries_far_beyond_the_head_are_named_too() -> None:
    found = broken([*LINKS, LINKS[4]._replace(seq=9)])
    assert (found.what, found.seq) == (Break.BEYOND_HEAD, 9)


def test_a_head_without_entries_is_named() -> None:
    assert broken([]).what is Break.NO_ENTRIES


def test_entries_without_a_head_are_named() -> None:
    assert broken(LINKS, None).what is Break.NO_HEAD


def test_an_erased_person_leaves_a_chain_that_is_whole_without_a_head() -> None:
    links = chain_of("person.imported", "person.forgotten")
    assert follow(NAME, links, None) == Followed(2)
    assert broken(links[:1], None).what is Break.NO_HEAD


def test_nothing_may_follow_the_entry_that_ended_a_chain_for_good() -> None:
    links = chain_of("person.imported", "person.forgotten", "person.changed")
    for head in (None, links[-1].head):
        found = follow(NAME, links, head).broken
        assert found is not None
        assert (found.what, found.seq) == (Break.AFTER_END, 3)


def test_every_entry_is_counted_whatever_was_done_to_one() -> None:
    links = [*LINKS]
    links[1] = links[1]._replace(kind="x")
    assert follow(NAME, links, HEAD).entries == 5
    del links[1]
    assert follow(NAME, links, HEAD).entries == 4


# ----------------------------------------------------------------------------------- roots
def named(*links: Link, day: str = "2026-11-20") -> dict[int, Named]:
    return {link.seq: Named(link.digest, day) for link in links}


def test_a_chain_that_went_on_since_the_root_is_whole() -> None:
    assert follow(NAME, LINKS, HEAD, named=named(LINKS[1], LINKS[4])).broken is None


def test_a_chain_cut_off_together_with_its_head_is_named_by_the_root() -> None:
    found = broken(LINKS[:3], LINKS[2].head, named=named(LINKS[1], LINKS[4]))
    assert (found.what, found.seq) == (Break.CUT_OFF, 4)
    assert found.said == "nothing after entry 3, but the root of 2026-11-20 knows 5 entries"


def test_a_history_written_anew_with_its_head_is_named_by_the_root() -> None:
    links = rewritten(LINKS, 2)
    found = broken(links, links[-1].head, named=named(LINKS[2]))
    assert (found.what, found.seq) == (Break.REPLACED, 3)
    assert found.said == "the root of 2026-11-20 knows another entry 3"


def test_a_chain_removed_together_with_its_head_is_named_by_the_root() -> None:
    found = broken([], None, named=named(LINKS[4]))
    assert found.what is Break.NO_ENTRIES
    assert found.said == "the root of 2026-11-20 knows 5 entries, and there is none"


# --------------------------------------------------------------------------------- expired
def test_the_beginning_that_a_root_proves_old_enough_may_be_gone() -> None:
    assert follow(NAME, LINKS[2:], HEAD, expired=2) == Followed(3)
    assert follow(NAME, [], HEAD, expired=5) == Followed(0)


def test_more_than_that_was_removed() -> None:
    assert broken(LINKS[3:], expired=2).what is Break.REMOVED
    assert broken([], expired=4).what is Break.NO_ENTRIES
    assert broken([LINKS[0], *LINKS[2:]], expired=2).what is Break.REMOVED


# ------------------------------------------------------------------------ restored documents
DOCUMENT, NEXT = "doc#acme#bill#1", "doc#acme#bill#1#2"


def test_a_chain_goes_on_where_the_restored_document_stood() -> None:
    old = chain_of("seen", "seen", "seen", name=DOCUMENT)
    data: Json = {"chain": DOCUMENT, "seq": 2}
    links = chain_of("seen", "seen", name=NEXT, start=old[1].head, continues=data)
    found = follow(NEXT, links, links[-1].head)
    assert found == Followed(2, None, Continued(NEXT, DOCUMENT, 2, old[1].digest))
    assert follow(DOCUMENT, old, None, left_behind=True).broken is None


def test_a_chain_that_continues_another_one_elsewhere_has_lost_its_beginning() -> None:
    data: Json = {"chain": DOCUMENT, "seq": 2}
    links = chain_of("seen", "seen", name=NEXT, start=ChainHead(4, "a" * 64), continues=data)
    found = follow(NEXT, links, links[-1].head)
    assert found.broken
    assert found.broken.what is Break.REMOVED


@pytest.mark.parametrize("said", [None, {}, {"chain": "x"}, {"chain": "x", "seq": "y"}, [1], "z"])
def test_nonsense_about_another_chain_is_no_beginning(said: Json) -> None:
    links = chain_of("seen", start=ChainHead(1, "a" * 64), continues=said)
    assert broken(links, links[-1].head).what is Break.REMOVED
