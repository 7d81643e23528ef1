"""Starting and stopping: another port when one is taken, nothing left in any way of ending."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from sandbox.aws import wait
from sandbox.aws.errors import LocalAwsError
from sandbox.aws.local import HOST, ROOT, LocalAws
from sandbox.aws.stack import deploy

pytestmark = pytest.mark.deployed


def all_gone(processes: list[psutil.Process]) -> bool:
    return not psutil.wait_procs(processes, timeout=0)[1]


def listening_elsewhere(process: psutil.Process) -> list[tuple[str, int]]:
    """Addresses other than loopback that a process and its children listen on."""
    found = [c for p in [process, *process.children(recursive=True)] for c in p.net_connections()]
    return [c.laddr for c in found if c.status == psutil.CONN_LISTEN and c.laddr.ip != HOST]


def test_it_leaves_no_process_and_no_folder_even_with_a_function_running(
    fixture_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    hang = tmp_path / "hang"
    with LocalAws() as aws:
        stack = deploy(aws, fixture_template, name="stopping")
        body = f'{{"name": "left", "hang": "{hang}"}}'
        aws.client("sqs").send_message(QueueUrl=stack.outputs["QueueUrl"], MessageBody=body)
        wait.until(hang.exists, "the function to run")
        server = psutil.Process(aws.pid)
        family = [server, *server.children(recursive=True)]
        assert len(family) > 1
        assert listening_elsewhere(server) == []
        assert [path.name for path in tmp_path.iterdir() if path != hang] != []

    wait.until(lambda: all_gone(family), "every process to end")
    assert [path.name for path in tmp_path.iterdir()] == ["hang"]


def test_a_taken_port_is_not_insisted_on() -> None:
    with socket.create_server((HOST, 0)) as other, LocalAws(port=other.getsockname()[1]) as aws:
        assert aws.endpoint != f"http://{HOST}:{other.getsockname()[1]}"
        assert aws.client("sqs").list_queues()["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_a_missing_ministack_is_said_in_words(tmp_path: Path) -> None:
    with pytest.raises(LocalAwsError, match="make setup"):
        LocalAws(interpreter=tmp_path / "python").start()


def test_what_keeps_it_from_starting_is_in_the_error() -> None:
    # An interpreter without ministack.
    with pytest.raises(LocalAwsError, match="No module named 'ministack'"):
        LocalAws(interpreter=Path(sys.executable)).start()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_the_command_ends_without_leftovers(
    how: signal.Signals, fixture_template: Path, tmp_path: Path
) -> None:
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    command = [sys.executable, "-m", "sandbox.aws", "--template", str(fixture_template)]
    with subprocess.Popen(
        [*command, "--minute", "0.5"], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        ready = process.stdout.readline()
        family = psutil.Process(process.pid).children(recursive=True)
        assert family
        process.send_signal(how)
        status = process.wait(20)

    assert ready.startswith(f"ready: AWS_ENDPOINT_URL=http://{HOST}:")
    assert status == (-how if how == signal.SIGKILL else 0)
    wait.until(lambda: all_gone(family), "every process to end")
    assert list(tmp_path.iterdir()) == []


def test_an_older_python_is_told_in_one_line() -> None:
    script = (
        "import runpy, sys; sys.version_info = (3, 10, 1); sys.version = '3.10.1';"
        "runpy.run_module('sandbox.aws', run_name='__main__')"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr == "ml-connector needs Python 3.11 or newer; this is 3.10.1\n"
