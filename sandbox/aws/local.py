"""The local AWS: one ministack process on loopback, with nothing left behind when it ends.

    with LocalAws() as aws:
        aws.client("sqs").list_queues()
        subprocess.run(command, env=aws.environment())

`LocalAws(secured=True)` enforces IAM and speaks TLS (`access.py`).

ministack lives in an environment of its own (requirements/localaws.txt), for it pins a botocore
that is not ours. Its state is in memory and ends with it; whatever it writes, the functions it
unpacks too, is in one temporary folder.
"""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.request
import venv
from collections.abc import Iterator
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path
from typing import NoReturn, Self

import boto3
import psutil
from botocore.client import BaseClient
from botocore.config import Config

from sandbox.aws import wait
from sandbox.aws.access import ACCOUNT, HOST, OPEN, Access, secured
from sandbox.aws.errors import LocalAwsError, NotReadyError
from sandbox.aws.ports import a_free_one, is_free
from sandbox.running import Running

ROOT = Path(__file__).resolve().parents[2]
REGION = "us-east-1"
# The runtime functions get, as a template's Runtime says it.
RUNTIME = f"python{sys.version_info.major}.{sys.version_info.minor}"
INTERPRETER_VARIABLE = "ML_CONNECTOR_MINISTACK"
_DEFAULT_INTERPRETER = ROOT / ".local" / "ministack" / "bin" / "python"
_HERE = Path(__file__).resolve().parent
# Seconds: to answer after the start (0.5 s on an idle machine), and to end when told to.
_START_TIMEOUT = 30.0
_STOP_TIMEOUT = 5.0
_PORT_ATTEMPTS = 5
_SHARED_MEMORY = Path("/dev/shm")  # nosec B108 # noqa: S108 - a fresh folder is made in it
# Bytes: some thirty execution environments with their layers unpacked.
_ROOM = 2 << 30
# Length of what tempfile.mkdtemp puts behind a prefix.
_RANDOM_SUFFIX = 8


class LocalAws(Running):
    """A local AWS that can be started and stopped; a context manager that does both.

    `interpreter` is the Python of the environment that holds ministack; by default the one named
    by ML_CONNECTOR_MINISTACK, else .local/ministack. The functions run on the Python this code runs
    on, which RUNTIME names. `port` is tried first; where it is taken, any free one is used. Where
    it is `secured`, policies are enforced: `client` asks as the account's root, `client_as` as
    others.

    The server also ends when this process does, however it ends: it watches a pipe that only this
    process holds open.
    """

    def __init__(
        self, *, interpreter: Path | None = None, port: int = 0, secured: bool = False
    ) -> None:
        named = os.environ.get(INTERPRETER_VARIABLE)
        self._interpreter = interpreter or (Path(named) if named else _DEFAULT_INTERPRETER)
        self._wanted_port = port
        self._port = 0
        self.secured = secured
        self.access: Access = OPEN
        self._home: Path | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._clients: dict[str, BaseClient] = {}

    # ------------------------------------------------------------------ start and stop

    def start(self) -> Self:
        """Start the server and wait until it answers.

        Raises LocalAwsError where ministack is not installed or does not come up; the message
        ends with the last lines of its log.
        """
        if not self._interpreter.exists():
            raise LocalAwsError(
                f"no ministack at {self._interpreter}: run `make setup`, "
                f"or name its Python in {INTERPRETER_VARIABLE}"
            )
        self._home = Path(tempfile.mkdtemp(prefix="ml-connector-aws-", dir=fast_folder()))
        try:
            if self.secured:
                self.access = secured(self._home, a_free_one())
            launcher = self._write_launcher(self._home)
            # Another program may take a free port before the server does.
            if not any(self._serve(self._home, launcher, port) for port in self._ports()):
                self._fail_to_start()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """End the server and every function it runs, and remove its folder. Harmless twice."""
        process, self._process = self._process, None
        home, self._home = self._home, None
        if process is not None:
            self._end(process)
        if home is not None:
            shutil.rmtree(home, ignore_errors=True)
        for client in self._clients.values():
            client.close()
        self._clients.clear()

    # ------------------------------------------------------------------ use

    @property
    def endpoint(self) -> str:
        """Address of every AWS service, as in AWS_ENDPOINT_URL."""
        return f"{self.access.scheme}://{HOST}:{self._port}"

    @property
    def pid(self) -> int:
        """Process id of the server."""
        return self._running().pid

    def session(self) -> boto3.Session:
        """A boto3 session with the account and region of the local AWS.

        Its clients still need `endpoint_url=aws.endpoint`; `client` gives them ready-made.
        """
        return boto3.Session(
            aws_access_key_id=ACCOUNT,
            aws_secret_access_key=self.access.secret,
            region_name=REGION,
        )

    def client(self, service: str) -> BaseClient:
        """A boto3 client of the local AWS, made once per service and safe to share by threads."""
        if service not in self._clients:
            self._clients[service] = self.client_as(self.session(), service)
        return self._clients[service]

    def client_as(self, session: boto3.Session, service: str) -> BaseClient:
        """A client of the local AWS for somebody else's session; the caller closes it."""
        authority = self.access.authority
        return session.client(
            service,
            endpoint_url=self.endpoint,
            verify=str(authority) if authority else None,
            config=Config(retries={"max_attempts": 2}, connect_timeout=5, read_timeout=150),
        )

    def environment(self) -> dict[str, str]:
        """The whole environment for a program that is to see the local AWS and no other.

        This process's own, without any AWS or SAM setting of the user's, so that neither a profile
        nor credentials of a real account can get in.
        """
        ours = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("AWS_", "SAM_CLI_"))
        }
        return ours | {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": ACCOUNT,
            "AWS_SECRET_ACCESS_KEY": self.access.secret,
            **self.access.bundle,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_REGION": REGION,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def wait(self) -> NoReturn:
        """Block while the server runs.

        Raises LocalAwsError if it ends by itself; otherwise only an interruption ends this.
        """
        status = self._running().wait()
        raise LocalAwsError(f"the local AWS ended ({status}):\n{self.server_log()[-2000:]}")

    def server_log(self) -> str:
        """What the server has written so far; empty when it is stopped."""
        if self._home is None:
            return ""
        log = self._home / "server.log"
        return log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""

    def worker_pids(self, function: str) -> list[int]:
        """Process ids of the execution environments of a function, busy or idle.

        A new one starts with the first invocation, and one more whenever all others are busy.
        """
        marker = f"/ministack-lambda-{function}-"
        pids = []
        for child in psutil.Process(self.pid).children(recursive=True):
            with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                # ministack unpacks a function into a folder of this name plus eight characters.
                script = next((word for word in child.cmdline() if marker in word), "")
                if len(script.partition(marker)[2].partition("/")[0]) == _RANDOM_SUFFIX:
                    pids.append(child.pid)
        return pids

    # ------------------------------------------------------------------ inside

    @staticmethod
    def _write_launcher(home: Path) -> Path:
        """An interpreter with nothing installed, and the program that starts functions in it."""
        bare = home / "python"
        venv.create(bare, with_pip=False, symlinks=True)
        launcher = home / "lambda-python"
        runtime = _HERE / "lambda_runtime.py"
        words = shlex.join([str(bare / "bin" / "python"), "-I", "-B", str(runtime)])
        launcher.write_text(f'#!/bin/sh\nexec {words} "$@"\n', encoding="utf-8")
        launcher.chmod(0o700)
        return launcher

    def _ports(self) -> Iterator[int]:
        if self._wanted_port and is_free(self._wanted_port):
            yield self._wanted_port
        for _ in range(_PORT_ATTEMPTS):
            yield a_free_one()

    def _fail_to_start(self) -> NoReturn:
        raise LocalAwsError(f"the local AWS did not start:\n{self.server_log()[-2000:]}")

    def _serve(self, home: Path, launcher: Path, port: int) -> bool:
        """Start the server on a port; False where it ended, as it does where the port is taken."""
        self._port = port
        temp = home / "tmp"
        temp.mkdir(exist_ok=True)
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(home),
            "TMPDIR": str(temp),
            "SANDBOX_HOME": str(home),
            "SANDBOX_LAMBDA_PYTHON": str(launcher),
            # ministack listens on every interface unless told otherwise, and opens an MQTT port.
            "BIND_HOST": HOST,
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "MINISTACK_HOST": HOST,
            "GATEWAY_PORT": str(port),
            "MINISTACK_REGION": REGION,
            "MINISTACK_ACCOUNT_ID": ACCOUNT,
            # Functions are processes here; a Docker daemon of the user's is none of our business.
            "LAMBDA_EXECUTOR": "local",
            # Each is a process. Where the machine is too slow for the schedules, cold starts must
            # not pile up until none of them ends in time.
            "LAMBDA_ACCOUNT_CONCURRENCY": "12",
            "DOCKER_HOST": f"unix://{home}/no-docker.sock",
            "PERSIST_STATE": "0",
            "S3_DATA_DIR": str(temp / "s3"),
            "STATE_DIR": str(temp / "state"),
            **self.access.server,
        }
        with (home / "server.log").open("ab") as log:
            # A group of its own, so that Ctrl-C reaches only us and the end takes every worker.
            process = subprocess.Popen(
                [self._interpreter, _HERE / "server.py"],
                env=environment,
                cwd=home,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._process = process
        try:
            wait.until(
                lambda: process.poll() is not None or self._answers(),
                "the local AWS to answer",
                timeout=_START_TIMEOUT,
                every=0.05,
            )
        except NotReadyError:
            self._fail_to_start()
        if process.poll() is None:
            return True
        self._process = None
        self._end(process)
        return False

    def _answers(self) -> bool:
        url = f"{self.endpoint}/_ministack/health"
        context = self.access.context
        with (
            suppress(OSError),
            urllib.request.urlopen(  # nosec B310 # noqa: S310 - ours
                url, timeout=2, context=context
            ) as reply,
        ):
            return bool(reply.status == HTTPStatus.OK)
        return False

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise LocalAwsError("the local AWS is not running")
        return self._process

    @staticmethod
    def _end(process: subprocess.Popen[bytes]) -> None:
        """Close the pipe the server watches, then make sure that its whole group is gone."""
        if process.stdin is not None:
            process.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            process.wait(_STOP_TIMEOUT)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def fast_folder() -> Path | None:
    """Memory where there is plenty of it, None for the usual place; TMPDIR decides where it is set.

    Every cold start unpacks the layers, nearly two thousand small files: 0.2 s in memory, seconds
    on a slow disk.
    """
    if "TMPDIR" in os.environ or not _SHARED_MEMORY.is_dir():
        return None
    state = os.statvfs(_SHARED_MEMORY)
    roomy = state.f_bavail * state.f_frsize >= _ROOM
    usable = os.access(_SHARED_MEMORY, os.W_OK) and not state.f_flag & os.ST_NOEXEC
    return _SHARED_MEMORY if roomy and usable else None
