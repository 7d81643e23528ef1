"""`python -m sandbox.intacct` as a process."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.intacct import AdminClient
from sandbox.intacct.caller import Caller

ROOT = Path(__file__).parents[2]
READY = "sandbox.intacct ready "


def start(*arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "sandbox.intacct", *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONWARNINGS": "error"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ready_url(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line.startswith(READY), process.communicate()
    return line.removeprefix(READY).strip()


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_it_says_when_it_is_ready_and_stops_cleanly(ending: signal.Signals) -> None:
    process = start("--port", "0", "--bills", "12", "--waiting", "3", "--seed", "5")
    try:
        url = ready_url(process)
        caller = Caller.at(url)
        caller.login()
        answer = caller.query("APBILL", rest="<options><showprivate>true</showprivate></options>")
        assert answer.data().attrib["totalcount"] == "12"
        admin = AdminClient.at(url)
        # A reply held back does not hold up the end.
        admin.fault("slow", match={"object": "VENDOR"})
        process.send_signal(ending)
        out, err = process.communicate(timeout=20)
    finally:
        process.kill()
    assert (process.returncode, out, err) == (0, "", "")


def test_a_busy_port_is_passed_over() -> None:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        taken = busy.getsockname()[1]
        process = start("--port", str(taken), "--bills", "0")
        try:
            url = ready_url(process)
            assert f":{taken}/" not in url
            assert Caller.at(url).login().reply.status == 200
        finally:
            process.terminate()
            process.communicate(timeout=20)
    assert process.returncode == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ("--port", "many"),
        ("--port", "70000"),
        ("--bills", "-1"),
        ("--nonsense",),
    ],
)
def test_a_usage_error_is_one_line_and_exit_2(arguments: tuple[str, ...]) -> None:
    process = start(*arguments)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 2
    assert out == ""
    assert err.startswith("sandbox.intacct: ")
    assert err.count("\n") == 1


def test_help_tells_the_credentials() -> None:
    process = start("--help")
    out, _ = process.communicate(timeout=20)
    assert process.returncode == 0
    for word in ("sandbox-sender-password", "sandbox-user-password", "acme-sandbox", "--bills"):
        assert word in out
