"""The demo told whole, and with one thing broken at a time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.deployed

#: What the story misses first when a piece is taken out.
MISSED = {
    "mapping": "Ann's phone shows Baker Steel",
    "status": "INV-4711: the table says delivered",
    "approvers": "Ann's phone shows Baker Steel",
    "claim": "INV-4711: the table says delivered",
    "steps": "Fay is not texted and her manager is not called",
    "reconcile": "INV-4714: the audit says unknown, then found in Twilio's list",
}


def demo(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "sandbox.demo", "--exit", *arguments],
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=480,
        check=False,
    )


def test_the_story_is_told_to_its_end() -> None:
    told = demo("--patience", "2")
    assert told.returncode == 0, told.stdout[-3000:]
    assert "Every outcome was seen" in told.stdout
    assert "Every chain holds." in told.stdout
    assert "missing:" not in told.stdout


@pytest.mark.parametrize("piece", sorted(MISSED))
def test_with_one_piece_broken_it_fails_and_names_what_is_missing(piece: str) -> None:
    told = demo("--break", piece, "--patience", "0.6")
    assert told.returncode == 1, told.stdout[-3000:]
    assert f"missing: {MISSED[piece]}" in told.stdout


def test_ctrl_c_leaves_no_process_and_no_folder(tmp_path: Path) -> None:
    running = subprocess.Popen(
        [sys.executable, "-u", "-m", "sandbox.demo"],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(tmp_path), "COLUMNS": "200"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert running.stdout is not None
    for line in running.stdout:
        if "Ann's phone shows" in line:
            break
    family = psutil.Process(running.pid).children(recursive=True)
    assert family
    running.send_signal(signal.SIGINT)
    rest = running.communicate(timeout=60)[0]
    assert "Traceback" not in rest
    _, alive = psutil.wait_procs(family, timeout=10)
    assert alive == []
    assert list(tmp_path.iterdir()) == []
    assert tempfile.gettempdir() != str(tmp_path)
