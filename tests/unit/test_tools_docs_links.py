"""The check of the documentation's links, anchors and commands."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.check_docs_links import make_targets, problems, read_page

MAKEFILE = """
.DEFAULT_GOAL := help
.PHONY: demo test
PYTHON ?= python3
NOT := a-target
demo: setup ## Run the demo
setup test: prepare
\techo other: thing
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with a Makefile, a page to link to and a folder."""
    (tmp_path / "Makefile").write_text(MAKEFILE)
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "target.md").write_text("# The Target's `name`\n\n## Twice\n\n## Twice\n")
    return tmp_path


def complaints(project: Path, text: str) -> list[str]:
    """What the check says of docs/page.md with this text."""
    page = project / "docs" / "page.md"
    page.write_text(text)
    return problems(project, [path for path in sorted(project.rglob("*")) if path.is_file()])


@pytest.mark.parametrize(
    "text",
    [
        "[a](target.md)",
        "[a](target.md#the-targets-name)",
        "[a](target.md#twice-1)",
        '[a](<target.md> "with a title")',
        "[a](../Makefile) [b](../docs/) [c](..)",
        "[a][ref]\n\n[ref]: target.md#twice",
        "# Here\n\n[a](#here)",
        '<a id="spot"></a>\n\n[a](#spot)',
        "[a](https://example.com/not-looked-up) <mailto:a@example.com>",
        "`[not a link](nowhere.md)`",
        "```\n[not a link](nowhere.md)\n```",
        "make sure that prose is not taken for a command",
        "`make demo ARGS=--exit` and `make PYTHON=python3.13 test`",
        "```\n$ make demo && make test  # make this work\n  STAGE=dev make setup\n```",
        "`cmake nothing` and `make -C elsewhere all`",
    ],
)
def test_what_leads_somewhere_passes(project: Path, text: str) -> None:
    assert complaints(project, text) == []


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[a](nowhere.md)", "docs/page.md:1: nowhere.md: no such file in the project"),
        ("x\n\ny [a](nowhere.md)", "docs/page.md:3: nowhere.md: no such file in the project"),
        ("![a](no.png)", "docs/page.md:1: no.png: no such file in the project"),
        ("[a][r]\n\n[r]: no.md", "docs/page.md:1: no.md: no such file in the project"),
        ('<img src="no.png">', "docs/page.md:1: no.png: no such file in the project"),
        ("| a |\n| - |\n| [b](no.md) |", "docs/page.md:3: no.md: no such file in the project"),
        ("[a](../../outside.md)", "docs/page.md:1: ../../outside.md: no such file in the project"),
        ("[a](../..)", "docs/page.md:1: ../..: no such file in the project"),
        ("    make lint", "docs/page.md:1: make lint: the Makefile has no such target"),
        ("[a](/docs/target.md)", "starts with a slash"),
        ("[a](target.md#thrice)", "docs/page.md:1: target.md#thrice: no such heading"),
        ("[a](#nothing-here)", "docs/page.md:1: #nothing-here: no such heading"),
        ("run `make dmeo`", "docs/page.md:1: make dmeo: the Makefile has no such target"),
        ("```\nok\n$ make test lint\n```", "docs/page.md:3: make lint: the Makefile has no such"),
    ],
)
def test_what_leads_nowhere_is_named_with_its_place(
    project: Path, text: str, complaint: str
) -> None:
    (line,) = complaints(project, text)
    assert complaint in line


def test_a_file_that_is_there_but_not_in_the_project_is_no_target(project: Path) -> None:
    (project / "docs" / "ignored.md").write_text("")
    page = project / "docs" / "page.md"
    page.write_text("[a](ignored.md)")
    assert problems(project, [page]) == [
        "docs/page.md:1: ignored.md: no such file in the project",
    ]


def test_targets_are_rules_and_not_settings() -> None:
    assert make_targets(MAKEFILE) == {"demo", "setup", "test"}


def test_a_heading_with_emphasis_and_code_gets_the_anchor_of_its_words() -> None:
    page = read_page("## The *way* of `the_data`: 2 steps!\n")
    assert page.anchors == {"the-way-of-the_data-2-steps"}
