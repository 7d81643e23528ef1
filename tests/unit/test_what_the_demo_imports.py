"""`make demo` installs the sandbox's lock alone, so nothing the demo imports may come from more."""

from __future__ import annotations

import ast
import sys
from importlib.metadata import packages_distributions
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools.locks import read
from tools.tree import ROOT

if TYPE_CHECKING:
    from pathlib import Path

OURS = {"ml_connector", "sandbox"}
ELSEWHERE = {
    # Runs in the environment of the local AWS, which has a lock of its own.
    ROOT / "sandbox" / "aws" / "server.py",
    # The secured world is for tests; where the package is not there, asking for it says so.
    ROOT / "sandbox" / "certificate.py",
}


def imported(path: Path) -> set[str]:
    """The top-level names of everything a file imports, wherever in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
    return {name.split(".")[0] for name in names}


def test_the_demo_needs_nothing_beyond_its_own_lock() -> None:
    pins = read((ROOT / "requirements" / "sandbox.txt").read_text()).pins
    locked = {canonicalize_name(Requirement(pin.requirement).name) for pin in pins}
    sources = [*(ROOT / "sandbox").rglob("*.py"), *(ROOT / "layers" / "connector").rglob("*.py")]
    distributions = packages_distributions()
    missing = {
        f"{path.relative_to(ROOT)} imports {name}"
        for path in sources
        if path not in ELSEWHERE
        for name in imported(path) - OURS - sys.stdlib_module_names
        if not {canonicalize_name(d) for d in distributions.get(name, [])} & locked
    }
    assert missing == set()
