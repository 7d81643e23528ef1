"""The negative controls of the demo fit the code they change."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.demo.breakages import BREAKAGES

ROOT = Path(__file__).resolve().parents[2]
MUTATIONS = [
    pytest.param(*mutation, id=name)
    for name, breakage in BREAKAGES.items()
    for mutation in breakage.mutations
]


@pytest.mark.parametrize(("path", "old", "new"), MUTATIONS)
def test_a_mutation_finds_its_place_exactly_once(path: str, old: str, new: str) -> None:
    source = (ROOT / path).read_text(encoding="utf-8")
    assert source.count(old) == 1
    compile(source.replace(old, new), path, "exec")


def test_every_kind_of_breakage_does_something() -> None:
    for name, breakage in BREAKAGES.items():
        touched = breakage.mutations or breakage.without_people
        assert touched or breakage.after_start.__name__ == "<lambda>", name
