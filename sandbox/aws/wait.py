"""Waiting for something to become true, with a limit and a name."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from sandbox.aws.errors import NotReadyError

T = TypeVar("T")


def until(
    condition: Callable[[], T | None], what: str, timeout: float = 30.0, every: float = 0.1
) -> T:
    """Ask `condition` every `every` seconds and return its first true value.

    `what` completes the sentence "waited 30 s for ...". Exceptions of `condition` pass through.
    Raises NotReadyError after `timeout` seconds.
    """
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= deadline:
            raise NotReadyError(f"waited {timeout:g} s for {what}")
        time.sleep(every)
