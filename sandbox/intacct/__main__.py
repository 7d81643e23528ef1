"""`python -m sandbox.intacct`: the simulator as a process."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
import threading
from typing import NoReturn

from . import __doc__ as credentials
from .seed import Recipe
from .server import HOST, build_app, build_server, listen
from .world import GATEWAY_PATH, World


class OneLineParser(argparse.ArgumentParser):
    """Says what is wrong in one line, and exits with 2."""

    def error(self, message: str) -> NoReturn:
        """One line on stderr."""
        print(f"sandbox.intacct: {message}", file=sys.stderr)
        raise SystemExit(2)


MAX_PORT = 65535


def whole(text: str) -> int:
    """A whole number of 0 or more."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of 0 or more")
    return int(text)


def port_number(text: str) -> int:
    """A TCP port; 0 takes any."""
    value = whole(text)
    if value > MAX_PORT:
        raise argparse.ArgumentTypeError(f"{text} is not a port")
    return value


def arguments(argv: list[str]) -> argparse.Namespace:
    """Read the command line; exits with 2 on a usage error."""
    parser = OneLineParser(
        prog="python -m sandbox.intacct",
        description=credentials,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--port",
        type=port_number,
        default=0,
        metavar="N",
        help="port on 127.0.0.1; 0 or a busy one: another is taken",
    )
    parser.add_argument(
        "--bills", type=whole, default=20, metavar="N", help="bills in the first company (20)"
    )
    parser.add_argument(
        "--waiting",
        type=whole,
        metavar="N",
        help="how many of them wait for approval (a fifth, at most 2,000)",
    )
    parser.add_argument(
        "--seed", type=whole, default=1, metavar="N", help="seed of everything made up (1)"
    )
    parser.add_argument("--tls-cert", metavar="FILE", default="", help="certificate: speak TLS")
    parser.add_argument("--tls-key", metavar="FILE", default="", help="its private key")
    return parser.parse_args(argv)


def main(argv: list[str]) -> int:
    """Serve until SIGTERM or SIGINT; prints one line when ready."""
    options = arguments(argv)
    sock = listen(options.port)
    world = World(Recipe(bills=options.bills, waiting=options.waiting, seed=options.seed))
    stopping = threading.Event()
    scheme = "https" if options.tls_cert else "http"
    url = f"{scheme}://{HOST}:{sock.getsockname()[1]}{GATEWAY_PATH}"
    server = build_server(
        build_app(world, stopping),
        certificate=options.tls_cert,
        key=options.tls_key,
        ready=lambda: print(f"sandbox.intacct ready {url}", flush=True),
    )

    def stop(_number: int, _frame: object) -> None:
        stopping.set()
        server.should_exit = True

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    asyncio.run(server.serve(sockets=[sock]))
    sock.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
