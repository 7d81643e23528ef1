"""Makes one interpreter look like AWS Lambda's, then runs the worker script ministack wrote.

Started as `python -I lambda_runtime.py WORKER_SCRIPT` by the launcher that `local.py` writes, with
a bare interpreter: no site-packages, so that a function sees its own code, its layers and the
standard library, and nothing else. Put right here, because ministack does it differently:

- the environment holds only what Lambda provides and the function was given;
- layers are searched after the function's code, not before it
  (https://docs.aws.amazon.com/lambda/latest/dg/python-package.html);
- file descriptor 1 belongs to ministack's protocol, one JSON document a line, so that whatever a
  function writes to it would be taken for its result: it leads to the log instead;
- memory is bounded: more than MemorySize is a MemoryError, not the end of the machine.

Imports nothing of the project and only the standard library: it is run by its path.
"""

from __future__ import annotations

import os
import resource
import runpy
import sys
import time
from pathlib import Path

# Passed on from the server: what Lambda itself sets, and where AWS is.
_KEPT = (
    "AWS_",
    "_LAMBDA_",
    "LAMBDA_TASK_ROOT",
)
# Set on AWS as well (https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html).
_FIXED = {
    "LANG": "en_US.UTF-8",
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "TZ": ":UTC",
}
# An interpreter here has more mapped before any code runs than Lambda counts as used.
_MEMORY_HEADROOM_MB = 256


def main(worker: Path) -> None:
    """Run the worker script `worker` as Lambda would."""
    layers = os.environ.get("_LAMBDA_LAYERS_DIRS", "")
    kept = {
        name: value
        for name, value in os.environ.items()
        if name.startswith(_KEPT) and name != "_LAMBDA_LAYERS_DIRS"
    }
    temp = worker.parent / "tmp"
    temp.mkdir(exist_ok=True)
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    os.environ.clear()
    os.environ.update(
        kept,
        **_FIXED,
        HOME=str(temp),
        TMPDIR=str(temp),
        AWS_EXECUTION_ENV=f"AWS_Lambda_python{version}",
    )
    time.tzset()

    # The worker puts the function's code in front of this. Having no layers to add (their variable
    # is gone from the environment), it leaves the order as AWS has it.
    search = []
    for layer in filter(None, layers.split(os.pathsep)):
        search.append(f"{layer}/python")
        search.append(f"{layer}/python/lib/python{version}/site-packages")
    sys.path[:] = [*search, *sys.path]
    sys.dont_write_bytecode = True

    memory = int(os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]) + _MEMORY_HEADROOM_MB
    resource.setrlimit(resource.RLIMIT_DATA, (memory << 20, memory << 20))

    protocol = os.dup(1)
    os.dup2(2, 1)
    sys.stdout = os.fdopen(protocol, "w", buffering=1)

    sys.argv = [str(worker)]
    runpy.run_path(str(worker), run_name="__main__")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
