"""The local AWS server process; runs inside ministack's own environment, started by `local.py`.

Three things differ from a bare ministack, each through a hook it has rather than by changing it:

- Python functions run in an interpreter of their own. ministack starts whatever `sys.executable`
  names, so this points it at the launcher of `lambda_runtime.py`.
- Its ticker for EventBridge Scheduler stays off: it knows no time zones, retries or dead-letter
  queues, and no shortened minute. `schedules.py` runs the schedules instead.
- It ends with whoever started it. Standard input is a pipe held by the parent; when that closes,
  for whatever reason, this process removes its folder and takes its workers with it.

Environment (besides ministack's own): SANDBOX_HOME, the folder to remove at the end;
SANDBOX_LAMBDA_PYTHON, the launcher. Imports nothing of the project: it is run by its path.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import threading


def main() -> None:
    """Serve until standard input closes."""
    threading.Thread(
        target=_end_with_parent, args=(os.environ["SANDBOX_HOME"],), daemon=True
    ).start()
    sys.executable = os.environ["SANDBOX_LAMBDA_PYTHON"]
    sys.argv = ["ministack"]

    from ministack.app import main as serve  # noqa: PLC0415 - after sys.executable is set
    from ministack.services import scheduler  # noqa: PLC0415

    scheduler.start_scheduler = lambda: None
    serve()


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
