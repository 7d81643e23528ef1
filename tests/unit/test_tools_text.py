"""The house rules for text, and the scan for credentials."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import check_secrets, check_text

# Put together here, so that this file itself keeps the rules.
PYPI = "py" + "pi.org"
INDEX_OPTION = "--index" + "-url"
SLASH = "/"


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        (f"pip install --pre from {PYPI}", "package index"),
        (f"https://files.python{'hosted'}.org/packages/x", "package index"),
        (f"registry.{'npmjs'}.org", "package index"),
        (f"pip install {INDEX_OPTION} x", "package index"),
        (f"cd {SLASH}root/project", "absolute path"),
        (f'PATH="{SLASH}home/someone/bin"', "absolute path"),
        (f"in {SLASH}Users/someone", "absolute path"),
        (f"{SLASH}work: the folder", "absolute path"),
    ],
)
def test_a_line_that_only_suits_one_machine_is_named(
    tmp_path: Path, line: str, complaint: str
) -> None:
    path = tmp_path / "page.md"
    path.write_text(f"fine\n{line}\n")
    (found,) = check_text.problems(tmp_path, [path])
    assert found.startswith("page.md:2: ")
    assert complaint in found


@pytest.mark.parametrize(
    "line",
    [
        "the package is on PyPI",
        "GET /homes/4711 and /workers and /rooted",
        "docs/work/notes and ~/work and ${TMP}/root and https://example.com/home/page",
        "/opt/python and /tmp are the same everywhere",
    ],
)
def test_a_line_that_suits_every_machine_passes(tmp_path: Path, line: str) -> None:
    path = tmp_path / "page.md"
    path.write_text(line)
    assert check_text.problems(tmp_path, [path]) == []


def test_a_file_that_is_no_text_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    path.write_bytes(f"\0{PYPI}".encode())
    assert check_text.problems(tmp_path, [path]) == []


def test_a_credential_is_found_and_never_printed(tmp_path: Path) -> None:
    secret = "q7W" + "mZ2xT" + "9vKp4Ld8"
    path = tmp_path / "settings.py"
    path.write_text(f'first = 1\npassword = "{secret}"\n')
    (found,) = check_secrets.problems(tmp_path, [path])
    assert found == "settings.py:2: looks like a Secret Keyword"


def test_what_the_baseline_lists_passes_and_only_in_its_own_file(tmp_path: Path) -> None:
    line = 'password = "' + "q7W" + "mZ2xT" + '9vKp4Ld8"\n'
    known, other = tmp_path / "known.py", tmp_path / "other.py"
    for path in (known, other):
        path.write_text(line)
    assert check_secrets.accept(tmp_path, [known]) == 1
    assert str(tmp_path) not in (tmp_path / check_secrets.BASELINE).read_text()
    (found,) = check_secrets.problems(tmp_path, [known, other])
    assert found.startswith("other.py:1: ")


def test_the_digests_of_a_lock_file_are_no_secrets(tmp_path: Path) -> None:
    path = tmp_path / "requirements" / "dev.txt"
    path.parent.mkdir()
    path.write_text(f'password = "{"0af3" * 16}"\n')
    assert check_secrets.problems(tmp_path, [path]) == []
