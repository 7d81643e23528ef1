"""microburst between the deployed functions and the local AWS.

Only the functions go through it: ministack prefers a function's own AWS_ENDPOINT_URL to its
default, so that address is put into the configuration of each. Everything else, this program, the
queue's event source, the schedules, talks to the local AWS directly and is never disturbed.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import urllib.request
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from sandbox.aws import wait
from sandbox.aws.errors import LocalAwsError
from sandbox.aws.local import ROOT
from sandbox.aws.stack import Stack

INTERPRETER = ROOT / ".local" / "microburst" / "bin" / "python"
FUNCTIONS = ("PollFunction", "SendFunction", "StatusCheckFunction")
#: What microburst keeps of its strikes; older ones are gone.
_KEPT = 2000
_HOST = "127.0.0.1"

Rule = dict[str, Any]


class Between:
    """The proxy, and the way of a stack's functions through it; a context manager."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._url = ""
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        if not INTERPRETER.exists():
            raise LocalAwsError(
                f"no microburst at {INTERPRETER}: make it with "
                "`python -m tools.environment microburst`"
            )
        port = _free_port()
        self._url = f"http://{_HOST}:{port}"
        command = [str(INTERPRETER), "-m", "microburst", "--host", _HOST, "--port", str(port)]
        self._process = subprocess.Popen(
            [*command, "--upstream", self._stack.aws.endpoint, "--no-resign"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            wait.until(self._answers, "microburst to answer")
            self._lead_through()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop()

    # ------------------------------------------------------------------------------ faults
    def break_down(self, rules: Sequence[Rule]) -> None:
        """Put these faults in force, and none of before; what struck so far is forgotten."""
        self._call("DELETE", "fired")
        self._call("POST", "rules", list(rules))

    def mend(self) -> Counter[str]:
        """Lift all faults; how often each operation was struck since they were put in force."""
        self._call("POST", "rules", [])
        return self.struck()

    def struck(self) -> Counter[str]:
        """How often each operation was struck since faults were put in force last."""
        fired = self._call("GET", f"fired?limit={_KEPT}")
        return Counter(f"{one['service']}.{one['operation']}" for one in fired)

    def cold_start(self) -> None:
        """End the functions' processes, so that the next ones keep nothing in memory."""
        for function in FUNCTIONS:
            for pid in self._stack.worker_pids(function):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    # ------------------------------------------------------------------------------ inside
    def _lead_through(self) -> None:
        client = self._stack.aws.client("lambda")
        for function in FUNCTIONS:
            name = self._stack.physical[function]
            stored = client.get_function_configuration(FunctionName=name)["Environment"]
            variables = {**stored["Variables"], "AWS_ENDPOINT_URL": self._url}
            client.update_function_configuration(
                FunctionName=name, Environment={"Variables": variables}
            )
            # What runs is the version an alias names, and that keeps the settings it was made with.
            for alias in client.list_aliases(FunctionName=name)["Aliases"]:
                version = client.publish_version(FunctionName=name)["Version"]
                client.update_alias(FunctionName=name, Name=alias["Name"], FunctionVersion=version)
        # Those that run already go on with the old address.
        self.cold_start()

    def _answers(self) -> bool:
        with suppress(OSError):
            return bool(self._call("GET", "health")["status"] == "ok")
        return False

    def _call(self, method: str, path: str, body: object = None) -> Any:
        request = urllib.request.Request(  # noqa: S310 - ours
            f"{self._url}/_microburst/{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as reply:  # noqa: S310 - ours
            return json.load(reply)

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        return int(probe.getsockname()[1])
