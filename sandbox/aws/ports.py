"""Ports on loopback that nobody listens on."""

from __future__ import annotations

import socket
from contextlib import suppress

from sandbox.aws.access import HOST


def is_free(port: int) -> bool:
    """Whether a port can be listened on now."""
    with socket.socket() as probe, suppress(OSError):
        probe.bind((HOST, port))
        return True
    return False


def a_free_one() -> int:
    """A port that was free a moment ago; another program may take it before we do."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
