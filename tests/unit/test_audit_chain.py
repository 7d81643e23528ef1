from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ml_connector.domain.audit import (
    NO_DIGEST,
    AuditEntry,
    BrokenLink,
    ChainHead,
    Json,
    canonical,
    check,
    entry_after,
)
from tests.support.bills import MORNING
from tests.support.properties import unhurried

NAME = "doc#acme#bill#4711"

JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=6,
)
DATA: st.SearchStrategy[Mapping[str, Any]] = st.dictionaries(st.text(max_size=4), JSON, max_size=3)
STEPS = st.lists(
    st.tuples(st.sampled_from(["seen", "sent", "ended"]), DATA), min_size=1, max_size=6
)

Steps = list[tuple[str, Mapping[str, Any]]]


def chain_of(
    steps: Steps, name: str = NAME, start: ChainHead | None = None
) -> tuple[list[AuditEntry], ChainHead]:
    head = start or ChainHead()
    entries: list[AuditEntry] = []
    for minute, (kind, data) in enumerate(steps):
        entries.append(entry_after(head, name, MORNING + timedelta(minutes=minute), kind, data))
        head = entries[-1].head
    return entries, head


def broken(entries: list[AuditEntry], head: ChainHead) -> BrokenLink:
    link = check(entries, head, NAME)
    assert link
    assert link.chain == NAME
    return link


# ------------------------------------------------------------------------------ as written
@unhurried
@given(STEPS)
def test_a_chain_as_it_was_written_is_whole(steps: Steps) -> None:
    assert check(*chain_of(steps), NAME) is None


def test_a_chain_nobody_wrote_to_is_whole() -> None:
    assert check([], ChainHead(), NAME) is None


@unhurried
@given(STEPS)
def test_a_chain_is_whole_after_a_trip_through_the_store(steps: Steps) -> None:
    entries, head = chain_of(steps)
    read = [replace(entry, data=json.loads(canonical(entry.data))) for entry in entries]
    assert check(read, head, NAME) is None


@unhurried
@given(STEPS, STEPS)
def test_a_chain_may_go_on_where_another_ended(steps: Steps, more: Steps) -> None:
    _, end = chain_of(steps)
    entries, head = chain_of(more, name=f"{NAME}#2", start=end)
    assert check(entries, head, f"{NAME}#2", start=end) is None
    assert check(entries, head, f"{NAME}#2") is not None


# -------------------------------------------------------------------------------- tampered
@unhurried
@given(STEPS, st.data())
def test_a_changed_entry_is_named(steps: Steps, data: st.DataObject) -> None:
    entries, head = chain_of(steps)
    at = data.draw(st.integers(0, len(entries) - 1))
    victim = entries[at]
    field = data.draw(st.sampled_from(["at", "kind", "data", "digest", "before", "chain"]))
    forged: Any = {
        "at": victim.at + timedelta(microseconds=1),
        "kind": f"{victim.kind}!",
        "data": {**victim.data, "forged": True},
        "digest": "f" * 64,
        "before": "f" * 64,
        "chain": "doc#acme#bill#4712",
    }[field]
    entries[at] = replace(victim, **{field: forged})
    assert broken(entries, head).seq == victim.seq


def test_an_amount_forged_as_a_number_is_named_too() -> None:
    entries, head = chain_of([("seen", {"amount": "USD 1.5"})])
    number: Any = {"amount": 1.5}
    link = broken([replace(entries[0], data=number)], head)
    assert link == BrokenLink(NAME, 1, "was changed after it was written")


@unhurried
@given(STEPS, st.data())
def test_a_removed_entry_is_named(steps: Steps, data: st.DataObject) -> None:
    entries, head = chain_of(steps)
    at = data.draw(st.integers(0, len(entries) - 1))
    del entries[at]
    link = broken(entries, head)
    assert link.seq == at + 1
    assert ("missing" in link.reason) == (at < len(entries))
    assert ("cut off" in link.reason) == (at == len(entries))


@unhurried
@given(STEPS, st.data())
def test_swapped_entries_are_named(steps: Steps, data: st.DataObject) -> None:
    entries, head = chain_of(steps)
    assume(len(entries) > 1)
    one, other = sorted(
        data.draw(st.sets(st.sampled_from(range(len(entries))), min_size=2, max_size=2))
    )
    entries[one], entries[other] = entries[other], entries[one]
    assert broken(entries, head).seq == one + 1
    # Numbers swapped too: the content betrays it.
    entries[one] = replace(entries[one], seq=one + 1)
    entries[other] = replace(entries[other], seq=other + 1)
    assert broken(entries, head).seq == one + 1


@unhurried
@given(STEPS, st.data())
def test_a_chain_cut_off_at_its_end_is_named(steps: Steps, data: st.DataObject) -> None:
    entries, head = chain_of(steps)
    kept = data.draw(st.integers(0, len(entries) - 1))
    link = broken(entries[:kept], head)
    assert link.seq == kept + 1
    assert link.reason == f"cut off: the head knows {len(entries)} entries"


@unhurried
@given(STEPS, STEPS)
def test_a_history_replaced_as_a_whole_is_named(steps: Steps, invented: Steps) -> None:
    real, head = chain_of(steps)
    forged, _ = chain_of(invented)
    assume(forged != real)
    link = broken(forged, head)
    common = sum(1 for one, other in zip(real, forged, strict=False) if one == other)
    if len(forged) < len(real):
        assert link.reason.startswith("cut off")
    elif common == len(real):
        assert link == BrokenLink(NAME, len(real) + 1, "the head knows no such entry")
    else:
        assert link == BrokenLink(NAME, len(real), "the head knows another history")


@unhurried
@given(STEPS, st.data())
def test_a_history_rewritten_from_some_entry_on_is_named(steps: Steps, data: st.DataObject) -> None:
    entries, head = chain_of(steps)
    at = data.draw(st.integers(0, len(entries) - 1))
    rewritten = [*steps[:at], ("forged", {}), *steps[at + 1 :]]
    forged, _ = chain_of(rewritten)
    assert broken(forged, head).reason == "the head knows another history"


@unhurried
@given(STEPS, STEPS)
def test_entries_added_behind_the_heads_back_are_named(steps: Steps, more: Steps) -> None:
    entries, head = chain_of(steps)
    added, _ = chain_of(more, start=head)
    link = broken([*entries, *added], head)
    assert (link.seq, link.reason) == (head.seq + 1, "the head knows no such entry")


@unhurried
@given(STEPS)
def test_the_entries_of_another_chain_do_not_pass(steps: Steps) -> None:
    entries, head = chain_of(steps, name="doc#acme#bill#4712")
    assert broken(entries, head).seq == 1


def test_an_entry_written_twice_is_named() -> None:
    entries, head = chain_of([("seen", {}), ("sent", {})])
    assert broken([entries[0], entries[0], entries[1]], head).seq == 2


# ------------------------------------------------------------------------------- canonical
class Colour(StrEnum):
    RED = "red"


@unhurried
@given(JSON)
def test_one_value_has_one_spelling_and_comes_back_from_it(value: Json) -> None:
    assert json.loads(canonical(value)) == value
    assert canonical(json.loads(canonical(value))) == canonical(value)


def test_keys_are_sorted_and_blanks_left_out() -> None:
    assert canonical({"b": [1, "é"], "a": None}) == '{"a":null,"b":[1,"é"]}'
    assert canonical({"b": (1,), "a": Colour.RED}) == '{"a":"red","b":[1]}'


@pytest.mark.parametrize(
    "value", [1.5, 1e22, float("nan"), Decimal(1), MORNING, b"x", {1, 2}], ids=repr
)
@pytest.mark.parametrize("place", ["alone", "in a list", "in an object", "deep"])
def test_what_has_no_single_spelling_is_refused(value: Any, place: str) -> None:
    whole: dict[str, Any] = {
        "alone": value,
        "in a list": [value],
        "in an object": {"x": value},
        "deep": {"x": [{"y": (value,)}]},
    }
    with pytest.raises(TypeError, match="has no canonical form"):
        canonical(whole[place])


def test_keys_are_text() -> None:
    number: Any = {1: "one"}
    with pytest.raises(TypeError, match="has no canonical form"):
        canonical(number)


def test_an_empty_chain_starts_from_nothing() -> None:
    first = entry_after(ChainHead(), NAME, MORNING, "seen", {})
    assert (first.seq, first.before, first.head) == (1, NO_DIGEST, ChainHead(1, first.digest))
