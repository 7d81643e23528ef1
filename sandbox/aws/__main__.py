"""`python -m sandbox.aws`: start the local AWS, deploy the template, stay up until told to stop.

Prints one line when everything is ready. Ctrl-C or SIGTERM ends it and leaves nothing behind.
"""

from __future__ import annotations

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - said before a newer syntax stops it
    sys.exit("ml-connector needs Python 3.11 or newer; this is " + sys.version.split()[0])

import argparse
import signal
from contextlib import ExitStack
from pathlib import Path

from sandbox.aws.alarms import Alarms
from sandbox.aws.errors import LocalAwsError
from sandbox.aws.local import ROOT, LocalAws
from sandbox.aws.schedules import Schedules
from sandbox.aws.stack import STACK_NAME, deploy


def main() -> None:
    """Run until interrupted."""
    arguments = _arguments()
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        with ExitStack() as running:
            aws = running.enter_context(LocalAws(port=arguments.port))
            parameters = dict(pair.split("=", 1) for pair in arguments.parameter)
            stack = deploy(aws, arguments.template, parameters, name=arguments.stack)
            if not arguments.no_schedules:
                running.enter_context(Schedules(stack, arguments.minute))
            running.enter_context(Alarms(stack, arguments.minute))
            print(f"ready: AWS_ENDPOINT_URL={aws.endpoint} stack={stack.name}", flush=True)
            aws.wait()
    except KeyboardInterrupt:
        pass
    except LocalAwsError as error:
        sys.exit(str(error))


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sandbox.aws", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="tried first; otherwise a free one")
    parser.add_argument("--template", type=Path, default=ROOT / "template.yaml")
    parser.add_argument("--stack", default=STACK_NAME, help="name of the stack")
    parser.add_argument(
        "--minute", type=float, default=60.0, help="real seconds a minute of the schedules lasts"
    )
    parser.add_argument(
        "--parameter", action="append", default=[], metavar="NAME=VALUE", help="of the template"
    )
    parser.add_argument("--no-schedules", action="store_true", help="run no schedules")
    return parser.parse_args()


if __name__ == "__main__":
    main()
