"""`@frozen` makes what `@dataclass(frozen=True, slots=True)` makes."""

from __future__ import annotations

import copy
import inspect
import pickle
from dataclasses import FrozenInstanceError, astuple, dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_connector.domain.frozen import frozen
from tools.tree import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable


def body() -> type:
    """A class with every kind of field there is, made anew each time."""

    class Thing:
        """A thing."""

        name: str
        price: float
        secret: str = field(default="hidden", repr=False)
        number: int = 3
        tags: list[str] = field(default_factory=list)

        @property
        def label(self) -> str:
            return f"{self.name} {self.number}"

    return Thing


@frozen
class Checked:
    """One that refuses what makes no sense."""

    least: int
    most: int = 10

    def __post_init__(self) -> None:
        if self.least > self.most:
            raise ValueError("upside down")


@frozen
class Nothing:
    """One without fields."""


ours: Any = frozen(body())
theirs: Any = dataclass(frozen=True, slots=True)(body())

things = st.fixed_dictionaries(
    {"name": st.text(), "price": st.floats(allow_nan=False)},
    optional={
        "secret": st.text(),
        "number": st.integers(),
        "tags": st.lists(st.text(), max_size=2),
    },
)


@given(things, things)
def test_instances_look_and_compare_as_those_of_the_standard_library(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    assert repr(ours(**one)) == repr(theirs(**one))
    assert astuple(ours(**one)) == astuple(theirs(**one))
    assert (ours(**one) == ours(**other)) == (theirs(**one) == theirs(**other))
    assert ours(**one) == ours(**one)
    assert ours(**one) != theirs(**one)
    assert replace(ours(**one), number=4) == ours(**one | {"number": 4})
    assert ours(*astuple(theirs(**one))) == ours(**one)
    assert ours(**one).label == theirs(**one).label


def test_the_class_looks_the_same_from_outside() -> None:
    assert [each.name for each in fields(ours)] == [each.name for each in fields(theirs)]
    assert ours.__match_args__ == theirs.__match_args__
    assert ours.__slots__ == theirs.__slots__
    assert (ours.__doc__, ours.__qualname__) == (theirs.__doc__, theirs.__qualname__)
    known = [list(inspect.signature(each).parameters) for each in (ours, theirs)]
    assert known[0] == known[1]


@pytest.mark.parametrize("make", [ours, theirs])
def test_nothing_can_be_set_removed_or_added(make: Callable[..., Any]) -> None:
    thing = make("a", 1.0)
    with pytest.raises(FrozenInstanceError):
        thing.name = "b"
    with pytest.raises(FrozenInstanceError):
        del thing.name
    # The standard library's, with slots, stumbles over a name it does not know (bpo-46414).
    with pytest.raises((FrozenInstanceError, TypeError)):
        thing.unknown = 1
    assert thing.name == "a"


@pytest.mark.parametrize("make", [ours, theirs])
def test_what_is_not_given_or_not_known_is_refused(make: Callable[..., Any]) -> None:
    for wrong in ({"name": "a"}, {"name": "a", "price": 1.0, "colour": "red"}):
        with pytest.raises(TypeError, match=r"Thing\.__init__\(\)"):
            make(**wrong)


def test_a_factory_makes_another_for_each() -> None:
    first, second = ours("a", 1.0), ours("a", 1.0)
    assert first.tags == second.tags == []
    assert first.tags is not second.tags


def test_equal_ones_are_one_in_a_set_and_those_that_hold_a_list_in_none() -> None:
    assert len({Checked(1), Checked(1), Checked(2)}) == 2
    assert len({Nothing(), Nothing()}) == 1
    with pytest.raises(TypeError, match="unhashable"):
        hash(ours("a", 1.0))


def test_a_class_checks_itself_however_its_instance_is_made() -> None:
    with pytest.raises(ValueError, match="upside down"):
        Checked(11)
    with pytest.raises(ValueError, match="upside down"):
        replace(Checked(1), least=11)


def _pickled(thing: object) -> object:
    return pickle.loads(pickle.dumps(thing))  # noqa: S301 - written a moment ago


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, _pickled])
def test_copies_are_equal(copied: Callable[[object], object]) -> None:
    for thing in (Checked(1, 2), Nothing()):
        assert copied(thing) == thing
        assert type(copied(thing)) is type(thing)


def test_a_class_that_would_lose_something_is_refused() -> None:
    def own_words(_: object) -> str:
        return "mine"

    with pytest.raises(TypeError, match="standard library"):
        frozen(type("Own", (), {"__repr__": own_words}))
    with pytest.raises(TypeError, match="standard library"):
        frozen(type("Child", (Checked,), {"__annotations__": {"more": int}}))
    settings = ({"init": False, "default": 1}, {"compare": False}, {"kw_only": True})
    for setting in settings:
        strange = {"__annotations__": {"number": int}, "number": field(**setting)}
        with pytest.raises(TypeError, match="standard library"):
            frozen(type("Strange", (), strange))


def test_what_ships_makes_its_values_the_quick_way() -> None:
    layer = ROOT / "layers" / "connector" / "ml_connector"
    slow = "@dataclass(frozen=True, slots=True)\n"
    slowly = {path.name for path in layer.rglob("*.py") if slow in path.read_text()}
    assert slowly == {"phone.py"}, "a number hides itself in its own way"
