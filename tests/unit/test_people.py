"""Finding people, and those who stand in for one another."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_connector.domain.approvers import Approver
from ml_connector.domain.people import Directory, is_away
from tests.support.properties import unhurried

TODAY = date(2026, 11, 25)


def person(name: str, **more: Any) -> Approver:
    return Approver(name, f"{name.title()} Approver", "+15550100001", f"salt of {name}", **more)


def test_people_are_found_by_id() -> None:
    ann = person("ann")
    assert Directory([ann]).person("ann") is ann
    assert Directory([ann]).person("bob") is None


def test_people_are_found_by_login_whatever_its_capitals() -> None:
    ann = person("ann", user="A.Approver")
    assert Directory([person("amy"), ann]).by_user("a.approver") is ann


def test_no_login_is_nobodys() -> None:
    assert Directory([person("ann")]).by_user("") is None


def test_of_two_with_one_login_the_one_still_active_is_meant() -> None:
    gone, here = person("ann", user="x", active=False), person("bob", user="x")
    assert Directory([gone, here]).by_user("x") is here
    assert Directory([gone]).by_user("x") is gone


def test_people_are_found_by_cost_centre_in_the_order_of_the_centres() -> None:
    zoe, amy = person("zoe", cost_centres=("310",)), person("amy", cost_centres=("300", "310"))
    people = Directory([zoe, amy])
    assert people.by_cost_centre(("310", "300")) == (amy, zoe)
    assert people.by_cost_centre(("300", "310")) == (amy, zoe)
    assert Directory([zoe, person("bob", cost_centres=("1",))]).by_cost_centre(("310", "1")) == (
        zoe,
        person("bob", cost_centres=("1",)),
    )
    assert people.by_cost_centre(("", "9")) == ()


@pytest.mark.parametrize(
    ("first", "last", "away"),
    [
        (None, None, False),
        (None, date(2026, 12, 1), False),
        (TODAY, None, True),
        (TODAY, TODAY, True),
        (date(2026, 11, 26), None, False),
        (date(2026, 11, 1), date(2026, 11, 24), False),
    ],
)
def test_away_is_from_the_first_day_to_the_end_of_the_last(
    first: date | None, last: date | None, away: bool
) -> None:
    assert is_away(person("ann", away_from=first, away_until=last), TODAY) is away


# ------------------------------------------------------------------------------------ loops
def away(name: str, substitute: str, first: int, last: int | None) -> Approver:
    until = date(2026, 12, last) if last else None
    return person(name, substitute=substitute, away_from=date(2026, 12, first), away_until=until)


def test_two_who_stand_in_for_each_other_on_the_same_day_are_a_loop() -> None:
    people = Directory([away("bob", "ann", 5, 9), away("ann", "bob", 1, 5)])
    assert people.loops(TODAY) == (("ann", "bob"),)


def test_two_who_stand_in_for_each_other_at_different_times_are_none() -> None:
    people = Directory([away("bob", "ann", 6, 9), away("ann", "bob", 1, 5)])
    assert people.loops(TODAY) == ()


def test_what_is_over_is_no_loop_any_more() -> None:
    people = Directory([away("bob", "ann", 1, 9), away("ann", "bob", 1, 5)])
    assert people.loops(date(2026, 12, 5)) == (("ann", "bob"),)
    assert people.loops(date(2026, 12, 6)) == ()


def test_one_of_a_loop_who_is_never_away_opens_it() -> None:
    people = Directory([person("bob", substitute="ann"), away("ann", "bob", 1, None)])
    assert people.loops(TODAY) == ()


def test_a_longer_loop_is_told_once_and_who_leads_into_it_is_no_part_of_it() -> None:
    people = Directory(
        [
            away("amy", "bob", 1, None),
            away("bob", "cho", 1, None),
            away("cho", "dee", 1, None),
            away("dee", "bob", 1, None),
        ]
    )
    assert people.loops(TODAY) == (("bob", "cho", "dee"),)


def test_whoever_stands_in_for_themselves_is_a_loop_of_one() -> None:
    assert Directory([away("ann", "ann", 1, None)]).loops(TODAY) == (("ann",),)


NAMES = st.sampled_from(["ann", "bob", "cho", "dee"])


@unhurried
@given(st.dictionaries(NAMES, NAMES))
def test_each_loop_goes_round_and_nobody_is_in_two(stands_in: dict[str, str]) -> None:
    people = Directory(away(name, other, 1, None) for name, other in stands_in.items())
    loops = people.loops(TODAY)
    for loop in loops:
        assert [stands_in[name] for name in loop] == [*loop[1:], loop[0]]
    members = [name for loop in loops for name in loop]
    assert len(members) == len(set(members))
