"""Whatever stands in a flow file: the functions take it, or every complaint has its place."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cli.files.flow_file import FlowFile, read_flow
from cli.files.places import load
from cli.flow.problems import Problem, Wrong
from tools.tree import ROOT

EXAMPLE = load((ROOT / "flows" / "flow.example.yaml").read_text(), "flow.yaml").body

Place = tuple[str | int, ...]


def places(value: object, at: Place = ()) -> Iterator[Place]:
    """Every place of the example."""
    if at:
        yield at
    entries = value.items() if isinstance(value, dict) else ()
    entries = enumerate(value) if isinstance(value, list) else entries
    for key, part in entries:
        yield from places(part, (*at, key))


PLACES = list(places(EXAMPLE))
words = st.sampled_from(
    ["", "ann", "approver", "10m", "0s", "-1d", "99d", "bill.submitted", "payment.cleared", "USD"]
)
values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-5, 10**20), words, st.text(max_size=8)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.one_of(words, st.text(max_size=5)), inner)
    ),
    max_leaves=6,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("flows")
    matrix = (ROOT / "flows" / "matrix.example.csv").read_text()
    (made / "matrix.example.csv").write_text(matrix)
    return made


def changed(place: Place, value: object, *, drop: bool) -> Any:
    body = copy.deepcopy(EXAMPLE)
    inner = body
    for part in place[:-1]:
        inner = inner[part]
    if drop:
        del inner[place[-1]]
    else:
        inner[place[-1]] = value
    return body


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(PLACES), values, st.booleans())
def test_a_flow_with_something_odd_in_it_is_taken_or_refused_with_its_places(
    folder: Path, place: Place, value: object, drop: bool
) -> None:
    text = json.dumps(changed(place, value, drop=drop), indent=1)
    path = folder / "flow.json"
    path.write_text(text)
    read, problems = read_or_refused(path)
    if read:
        assert len(read.flow.rules) == len(read.body["rules"])
    else:
        lines = len(text.splitlines())
        assert problems
        assert all(1 <= problem.line <= lines for problem in problems)
        assert all(problem.found and problem.expected for problem in problems)
        assert all("\n" not in str(problem) for problem in problems)


def read_or_refused(path: Path) -> tuple[FlowFile | None, tuple[Problem, ...]]:
    try:
        return read_flow(path, {"ann", "bob", "cho"}, "approvers.csv"), ()
    except Wrong as refused:
        return None, refused.problems


@settings(max_examples=100, deadline=None)
@given(values)
def test_whatever_else_a_file_holds_is_refused_with_a_place(folder: Path, value: object) -> None:
    path = folder / "flow.json"
    path.write_text(json.dumps(value))
    with pytest.raises(Wrong) as caught:
        read_flow(path)
    assert all(problem.line == 1 for problem in caught.value.problems)
