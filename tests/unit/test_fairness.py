"""Whose turn it is, whatever the loads."""

from __future__ import annotations

from collections import Counter, defaultdict

from hypothesis import given
from hypothesis import strategies as st

from ml_connector.domain.fairness import in_turn
from tests.support.properties import unhurried

OWNERS = st.lists(
    st.tuples(st.sampled_from(["acme", "beta", "cora"]), st.sampled_from(["ann", "bob", "cho"])),
    max_size=60,
)


def test_companies_take_turns_and_their_people_do() -> None:
    items = [
        ("acme", "ann", 1), ("acme", "ann", 2), ("acme", "ann", 3), ("acme", "bob", 1),
        ("beta", "bea", 1), ("beta", "bea", 2),
    ]  # fmt: skip
    assert in_turn(items, lambda item: item[:2]) == [
        ("acme", "ann", 1), ("beta", "bea", 1), ("acme", "bob", 1), ("beta", "bea", 2),
        ("acme", "ann", 2), ("acme", "ann", 3),
    ]  # fmt: skip


def test_with_one_owner_nothing_changes() -> None:
    assert in_turn([3, 1, 2], lambda _: ("acme", "ann")) == [3, 1, 2]
    assert in_turn([], lambda _: ("acme",)) == []


@unhurried
@given(OWNERS)
def test_nothing_is_lost_and_each_owners_own_keep_their_order(
    owners: list[tuple[str, str]],
) -> None:
    items = list(enumerate(owners))
    turns = in_turn(items, lambda item: item[1])
    assert sorted(turns) == items
    of_each: dict[tuple[str, str], list[int]] = defaultdict(list)
    for number, owner in turns:
        of_each[owner].append(number)
    assert all(numbers == sorted(numbers) for numbers in of_each.values())


@unhurried
@given(OWNERS)
def test_nobody_waits_for_more_than_one_of_each_other_before_each_of_their_own(
    owners: list[tuple[str, str]],
) -> None:
    turns = in_turn(owners, lambda owner: owner)
    companies = len({company for company, _ in owners})
    people = Counter(company for company, _ in set(owners))
    of_company: Counter[str] = Counter()
    of_person: Counter[tuple[str, str]] = Counter()
    for place, owner in enumerate(turns):
        of_company[owner[0]] += 1
        of_person[owner] += 1
        assert place < of_company[owner[0]] * companies
        assert of_company[owner[0]] <= of_person[owner] * people[owner[0]]
