"""The runbook pages as texts: their code blocks, and what of these nobody but a reader can run."""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Collection, Iterator, Mapping
from functools import cache

from sandbox.aws.local import ROOT

PAGES = ROOT / "docs" / "runbooks"
_TESTS = ROOT / "tests" / "behaviour"
_FENCED = re.compile(r"^(?P<indent> *)```\n(?P<text>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`((?:ml-connector|sam|aws) [^`]+)`")

#: Blocks that no test runs, by page and by a part of them, and why not.
LEFT_TO_THE_READER: Mapping[str, Mapping[str, str]] = {
    "README": {
        "export ML_CONNECTOR_STAGE": "a reader's shell; that of the tests has both set",
    },
    "restore": {
        "--table audit --table alerts": "tests/adapters/test_cli_restore.py restores an audit",
        "list-backups": "the local AWS makes no backup of a table that is deleted",
    },
    "upgrade": {
        "git switch": "takes another version of this very tree; the tests have one at hand",
        "stop-deployment": "the local AWS has no CodeDeploy: a version takes over at once",
    },
}


def pages() -> list[str]:
    """The names of all pages."""
    return sorted(path.stem for path in PAGES.glob("*.md"))


def text_of(page: str) -> str:
    """A page as it is written."""
    return (PAGES / f"{page}.md").read_text(encoding="utf-8")


def blocks_of(page: str) -> list[str]:
    """The code blocks of a page, without their indentation."""
    return blocks_in(text_of(page))


def blocks_in(text: str) -> list[str]:
    """The same of a page's text."""
    return [textwrap.dedent(found["text"]) for found in _FENCED.finditer(text)]


def inline_of(page: str) -> list[str]:
    """The commands within the sentences and tables of a page."""
    return _INLINE.findall(_FENCED.sub("", text_of(page)))


@cache
def run_by_tests() -> Mapping[str, Collection[str]]:
    """The parts of code blocks that tests name to run them, by page: as they stand in the tests.

    A test says `page = site.page("restore")` and `page.run("restore --at")`, and that in so many
    words: it is their source that is read, so that nothing has to be deployed to know.
    """
    found: dict[str, set[str]] = {}
    for path in sorted(_TESTS.rglob("test_*.py")):
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(function, ast.FunctionDef):
                _collect(function, found)
    return found


def _collect(function: ast.FunctionDef, found: dict[str, set[str]]) -> None:
    """Add what one test runs. Pages have names there: what is assigned, or a call itself."""
    opened: dict[str, str] = {}
    for node in ast.walk(function):
        if isinstance(node, ast.Assign):
            for target, value in _assigned(node):
                page = _first_word(value, "page")
                if page:
                    opened[target] = page
    for node in ast.walk(function):
        part = _first_word(node, "run")
        if part and isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            whose = node.func.value
            page = (
                opened.get(whose.id) if isinstance(whose, ast.Name) else _first_word(whose, "page")
            )
            if page:
                found.setdefault(page, set()).add(part)


def _assigned(node: ast.Assign) -> Iterator[tuple[str, ast.expr]]:
    """Names and what they are given: one by one where several are assigned at once."""
    for target in node.targets:
        if isinstance(target, ast.Name):
            yield target.id, node.value
        elif isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
            for each, value in zip(target.elts, node.value.elts, strict=True):
                if isinstance(each, ast.Name):
                    yield each.id, value


def _first_word(node: ast.AST, method: str) -> str:
    """The text a method of this name is called with; empty where it is not such a call."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
        word = node.args[0]
        if node.func.attr == method and isinstance(word, ast.Constant):
            return str(word.value)
    return ""
