"""`python -m sandbox.twilio --port N`: the simulator as a program.

One line on stdout when it answers: `sandbox.twilio ready http://127.0.0.1:PORT`. SIGTERM and
SIGINT end it with status 0; a mistake on the command line is one line on stderr and status 2.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from typing import TYPE_CHECKING, NoReturn

from sandbox.twilio.admin_input import AdminInputError, Fields, read_settings
from sandbox.twilio.numbers import SID
from sandbox.twilio.server import listen
from sandbox.twilio.settings import (
    DEFAULT_ACCOUNT_SID,
    DEFAULT_AUTH_TOKEN,
    DEFAULT_KEY_SECRET,
    DEFAULT_KEY_SID,
    ApiKey,
    Settings,
)
from sandbox.twilio.simulator import LOOPBACK, serve
from sandbox.twilio.world import World

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sandbox.twilio.server import Server

USAGE_ERROR = 2
HIGHEST_PORT = 65535


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(USAGE_ERROR, f"{self.prog}: {message}\n")


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > HIGHEST_PORT:
        raise argparse.ArgumentTypeError(f"not a port: {text!r}")
    return int(text)


def _sid(prefix: str, text: str) -> str:
    if not SID.fullmatch(text) or not text.startswith(prefix):
        raise argparse.ArgumentTypeError(f"not {prefix} and 32 hexadecimal digits: {text!r}")
    return text


def parse(argv: Sequence[str] | None = None) -> tuple[int, Settings]:
    """Read the command line: the wanted port, and the account to play."""
    parser = _Parser(prog="sandbox.twilio", description="A simulated Twilio on loopback.")
    parser.add_argument(
        "--port", type=_port, default=0, help="0 or a taken port: another is chosen"
    )
    parser.add_argument(
        "--account-sid", type=lambda text: _sid("AC", text), default=DEFAULT_ACCOUNT_SID
    )
    parser.add_argument("--auth-token", default=DEFAULT_AUTH_TOKEN)
    parser.add_argument("--api-key", type=lambda text: _sid("SK", text), default=DEFAULT_KEY_SID)
    parser.add_argument("--api-secret", default=DEFAULT_KEY_SECRET)
    parser.add_argument(
        "--settings",
        default="{}",
        help='JSON as PUT /_sandbox/settings takes it: {"timings": {"receipt": 0.1}}',
    )
    options = parser.parse_args(argv)
    settings = Settings(
        account_sid=options.account_sid,
        auth_token=options.auth_token,
        keys={options.api_key: ApiKey(options.api_secret)},
    )
    try:
        read_settings(Fields.read(options.settings.encode()), settings)
    except AdminInputError as error:
        parser.error(f"--settings: {error}")
    return options.port, settings


async def _serve(port: int, settings: Settings) -> None:
    listener = listen(LOOPBACK, port)
    url = f"http://{LOOPBACK}:{listener.getsockname()[1]}"

    def ready(server: Server) -> None:
        loop = asyncio.get_running_loop()
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, lambda: setattr(server, "should_exit", True))
        print(f"sandbox.twilio ready {url}", flush=True)

    await serve(World(settings), listener, ready)


def main(argv: Sequence[str] | None = None) -> int:
    """Run until told to stop; returns the exit status."""
    port, settings = parse(argv)
    asyncio.run(_serve(port, settings))
    return 0


if __name__ == "__main__":
    sys.exit(main())
