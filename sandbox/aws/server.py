"""The local AWS server process; runs inside ministack's own environment, started by `local.py`.

Some things differ from a bare ministack, each through a hook it has rather than by changing it:

- Python functions run in an interpreter of their own. ministack starts whatever `sys.executable`
  names, so this points it at the launcher of `lambda_runtime.py`.
- Its ticker for EventBridge Scheduler stays off: it knows no time zones, retries or dead-letter
  queues, and no shortened minute. `schedules.py` runs the schedules instead.
- An execution environment that fails to start takes no other with it, and leaves no folder.
- What is reserved for a function holds for its versions: ministack asks each version for its own.
- It ends with whoever started it. Standard input is a pipe held by the parent; when that closes,
  for whatever reason, this process removes its folder and takes its workers with it.
- With TLS it listens on one more port without: what policies refuse over plain HTTP has to be asked
  over plain HTTP. Port 443, which ministack would open as well, stays shut.
- Where IAM is enforced, it is asked about actions and resources by the names AWS has for them.

Environment (besides ministack's own): SANDBOX_HOME, the folder to remove at the end;
SANDBOX_LAMBDA_PYTHON, the launcher; SANDBOX_PLAIN_PORT, set with TLS. Imports nothing of the
project: it is run by its path.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import threading
import time
import weakref
from typing import Any


def main() -> None:
    """Serve until standard input closes."""
    threading.Thread(
        target=_end_with_parent, args=(os.environ["SANDBOX_HOME"],), daemon=True
    ).start()
    sys.executable = os.environ["SANDBOX_LAMBDA_PYTHON"]
    sys.argv = ["ministack"]

    from ministack import app  # noqa: PLC0415 - after sys.executable is set
    from ministack.services import scheduler  # noqa: PLC0415

    scheduler.start_scheduler = lambda: None
    _reserve_for_every_version()
    _start_side_by_side()
    plain_port = os.environ.get("SANDBOX_PLAIN_PORT")
    if plain_port:
        _listen_without_tls_too(app, int(plain_port))
        _authorize_as_aws_does()
    app.main()


def _reserve_for_every_version() -> None:
    """A function's reserved concurrency is that of its versions: of what the alias invokes, too."""
    from ministack.services import lambda_svc  # noqa: PLC0415 - after sys.executable is set

    reserved_of = lambda_svc._reserved_concurrency

    def reserved(func: Any, config: dict[str, Any]) -> int | None:  # noqa: ANN401 - ministack's own
        whole = lambda_svc._functions.get(config["FunctionName"], func)
        found: int | None = reserved_of(whole, config)
        return found

    lambda_svc._reserved_concurrency = reserved


def _start_side_by_side() -> None:
    """An environment that fails to start is tried again alone; one given up removes its folder.

    ministack ends all of the function's then. Those that are just starting fail with it and end
    others in turn, on a slow machine for ever, and each leaves what it went on unpacking.
    """
    from ministack.core import lambda_runtime as runtime  # noqa: PLC0415 - as above

    invoke_of, discard_of = runtime.Worker.invoke, runtime.Worker._discard_tmpdir
    given_up: weakref.WeakSet[Any] = weakref.WeakSet()

    def invoke(worker: Any, *event: Any, **context: Any) -> Any:  # noqa: ANN401 - ministack's own
        try:
            return invoke_of(worker, *event, **context)
        except Exception as error:  # noqa: BLE001 - as ministack itself does, which is too much
            runtime.logger.error("%s did not start: %s", worker.func_name, error)
            process, worker._proc = worker._proc, None
            runtime._signal(process)
            runtime._collect(process, time.monotonic() + runtime._REAP_GRACE)
            log = worker._drain_stderr()
            return {"status": "error", "error": str(error), "cold_start": True, "log": log}
        finally:
            if worker in given_up:
                runtime.kill_workers([worker])

    def discard(worker: Any) -> None:  # noqa: ANN401 - ministack's own
        # One at work is told first, so that whoever of the two comes last removes the folder.
        given_up.add(worker)
        if not worker._lock.locked():
            discard_of(worker)

    runtime.Worker.invoke, runtime.Worker._discard_tmpdir = invoke, discard


def _listen_without_tls_too(app: Any, port: int) -> None:  # noqa: ANN401 - ministack's module
    from hypercorn.config import Config  # type: ignore[import-not-found]  # noqa: PLC0415

    Config._insecure_bind = [f"{os.environ['BIND_HOST']}:{port}"]
    app._port_is_bindable = lambda *_: False


def _authorize_as_aws_does() -> None:
    """Three names that ministack has otherwise; each would refuse what AWS allows."""
    from ministack.core import iam_actions  # noqa: PLC0415 - as above
    from ministack.services.cloudformation import _stacks  # noqa: PLC0415

    action_of, resource_of = iam_actions.extract_iam_action, iam_actions.extract_resource_arn

    def action(service: str, *request: Any) -> str | None:  # noqa: ANN401 - ministack's own
        # Who may send a message may send a batch of them:
        # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_AddPermission.html
        found: str | None = action_of(service, *request)
        return found.removesuffix("Batch") if found and service == "sqs" else found

    def resource(service: str, *request: Any) -> str:  # noqa: ANN401 - ministack's own
        found = str(resource_of(service, *request))
        if service == "cloudformation" and found.endswith("/*"):
            # A stack that is there has its whole id; only of others nothing but the name is known.
            stack = _stacks.get(found.split("/")[1])
            return str(stack["StackId"]) if stack else found
        if service == "logs" and ":log-group:" in found:
            # What is in a group is a stream, be it of no name:
            # https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/iam-access-control-overview-cwl.html
            return f"{found}:log-stream:"
        return found

    iam_actions.extract_iam_action = action
    iam_actions.extract_resource_arn = resource


def _end_with_parent(home: str) -> None:
    # Not sys.stdin: its lock, held here, would abort an interpreter that ends by itself.
    while os.read(0, 1):
        pass
    # With its folder gone no worker can be started any more; then end those that run. Nothing is
    # worth an orderly end: all state lives in this process.
    shutil.rmtree(home, ignore_errors=True)
    if os.getpgrp() == os.getpid():
        os.killpg(os.getpid(), signal.SIGKILL)
    os._exit(0)


if __name__ == "__main__":
    main()
