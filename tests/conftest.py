"""What holds for every test."""

from __future__ import annotations

import signal

from hypothesis import HealthCheck, settings

# A busy machine makes no property false: nothing is timed, and each run tries the same examples.
# `--hypothesis-profile=explore` tries others, and more of them.
settings.register_profile(
    "same", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile(
    "explore", settings.get_profile("same"), derandomize=False, max_examples=1000
)
settings.load_profile("same")


def pytest_configure() -> None:
    """Have the programs that tests start hear Ctrl-C.

    A shell's background job ignores it, and so would all that is started from there.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
