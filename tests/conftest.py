"""What holds for every test."""

from __future__ import annotations

import signal


def pytest_configure() -> None:
    """Have the programs that tests start hear Ctrl-C.

    A shell's background job ignores it, and so would all that is started from there.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
