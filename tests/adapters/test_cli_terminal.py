"""The command as a program of its own in a terminal: what is typed in secret is never shown."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from sandbox.intacct import SENDER_ID, SENDER_PASSWORD, USER_ID, IntacctSimulator, Recipe
from tools.tree import ROOT

#: Seconds without a byte after which the program hangs.
PATIENCE = 60.0


class Terminal:
    """The far end of a pseudo terminal a program runs in."""

    def __init__(self, process: subprocess.Popen[bytes], master: int) -> None:
        self.process = process
        self.shown = ""
        self._master = master

    def wait_for(self, words: str) -> None:
        """Until the program has shown some words after those waited for before."""
        start = len(self.shown)
        while words not in self.shown[start:]:
            assert self._read(), f"ended before {words!r}: {self.shown}"

    def type(self, text: str) -> None:
        """Type a line."""
        os.write(self._master, f"{text}\n".encode())

    def end(self) -> int:
        """Read to the end; the exit status."""
        while self._read():
            pass
        return self.process.wait(PATIENCE)

    def _read(self) -> bool:
        ready, _, _ = select.select([self._master], [], [], PATIENCE)
        assert ready, f"no sign of life; it had shown: {self.shown}"
        try:
            chunk = os.read(self._master, 4096)
        except OSError:  # how Linux says that the other end is closed
            return False
        self.shown += chunk.decode()
        return bool(chunk)


@contextmanager
def terminal(*words: str, **environment: str) -> Iterator[Terminal]:
    master, slave = os.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "cli", *words],
        cwd=ROOT,
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env={**os.environ, "NO_COLOR": "1", "TERM": "dumb", **environment},
        start_new_session=True,
    )
    os.close(slave)
    try:
        yield Terminal(process, master)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        os.close(master)


@pytest.fixture(scope="module")
def sim() -> Iterator[IntacctSimulator]:
    with IntacctSimulator(Recipe(bills=5)) as running:
        yield running


def test_passwords_are_not_shown_as_they_are_typed(sim: IntacctSimulator, tmp_path: Path) -> None:
    there = {"INTACCT_ENDPOINT": sim.url, "INTACCT_TRUSTED_HOST": "127.0.0.1"}
    with terminal("fit", "--output", str(tmp_path), **there) as screen:
        for question, answer in (
            ("Sender id", SENDER_ID),
            ("Sender password (not shown)", SENDER_PASSWORD),
            ("Company id", "acme-sandbox"),
            ("User id", USER_ID),
            ("User password (not shown)", "not-this-one"),
        ):
            screen.wait_for(question)
            screen.type(answer)
        assert screen.end() == 1
        assert SENDER_ID in screen.shown  # what is no secret is
        assert SENDER_PASSWORD not in screen.shown
        assert "not-this-one" not in screen.shown
        assert "error: " in screen.shown
        assert "Intacct refused the sign-in" in screen.shown
        assert "Traceback" not in screen.shown


def test_ctrl_c_at_a_question_ends_cleanly(tmp_path: Path) -> None:
    with terminal("fit", "--output", str(tmp_path)) as screen:
        screen.wait_for("Sender id")
        screen.process.send_signal(signal.SIGINT)
        assert screen.end() == 130
        assert "error: interrupted" in screen.shown
        assert "Traceback" not in screen.shown
    assert list(tmp_path.iterdir()) == []


def program(*words: str, **options: Any) -> subprocess.Popen[str]:
    environment = {**os.environ, **options.pop("env", {})}
    command = [sys.executable, "-m", "cli", *words]
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True, **options
    )


#: Stands in for the first of the modules that take long to import.
INTERRUPTED_IMPORT = "import os, signal\nos.kill(os.getpid(), signal.SIGINT)\nsignal.pause()\n"


@pytest.mark.parametrize("words", [(), ("--json",)])
def test_ctrl_c_while_the_command_is_still_imported_ends_cleanly(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    (tmp_path / "typer.py").write_text(INTERRUPTED_IMPORT)
    early = {"PYTHONPATH": str(tmp_path)}
    with program("status", *words, stdout=subprocess.PIPE, env=early) as ended:
        shown, complaint = ended.communicate(timeout=PATIENCE)
    assert (ended.returncode, complaint) == (130, "error: interrupted\n")
    assert [json.loads(text)["error"]["code"] for text in [shown] if text] == [
        "interrupted" for _ in words
    ]


def test_the_installed_script_begins_where_ctrl_c_is_caught() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["scripts"] == {"ml-connector": "cli.__main__:main"}


def test_a_full_disk_is_said_in_one_line() -> None:
    with Path("/dev/full").open("w") as full, program("--help", stdout=full) as ended:
        _, complaint = ended.communicate(timeout=PATIENCE)
    line = "error: the output could not be written: No space left on device\n"
    assert (ended.returncode, complaint) == (1, line)


def test_a_reader_who_goes_away_is_nobodys_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with program("--help", stdout=writing) as ended:
        os.close(writing)
        _, complaint = ended.communicate(timeout=PATIENCE)
    assert (ended.returncode, complaint) == (1, "")
