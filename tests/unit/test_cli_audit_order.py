"""Entries of a chain by number, out of a table that gives them in another order."""

from __future__ import annotations

from collections.abc import Iterator

from cli.audit.order import in_order
from ml_connector.domain.chains import Link


def link(chain: str, seq: int) -> Link:
    return Link(chain, seq, "", "", "", "", "")


def test_entries_of_a_chain_come_by_number_and_chains_as_they_were() -> None:
    texts = sorted(range(1, 25), key=str)
    given = [link(chain, seq) for chain in ("case#b", "case#a") for seq in texts]
    assert [(one.chain, one.seq) for one in in_order(given)] == [
        (chain, seq) for chain in ("case#b", "case#a") for seq in range(1, 25)
    ]


def test_no_more_is_held_back_than_allowed_and_nothing_is_lost() -> None:
    taken = 0

    def given() -> Iterator[Link]:
        nonlocal taken
        for seq in range(1, 101):
            taken += 1
            yield link("case#a", seq)

    held = [taken - given_out for given_out, _ in enumerate(in_order(given(), most=7), start=1)]
    assert max(held) == 7
    assert held[-1] == 0


def test_an_entry_not_further_from_its_place_than_is_held_back_finds_it() -> None:
    numbers = sorted(range(1, 200), key=lambda seq: seq + seq * 7 % 10)
    found = [one.seq for one in in_order((link("case#a", seq) for seq in numbers), most=10)]
    assert found == list(range(1, 200))
