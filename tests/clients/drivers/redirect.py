"""Where this machine looks for Intacct: the names the client asks for lead to the simulator.

Imported before a client, it changes the resolver of this process and nothing of the client, whose
addresses stay as published. Any other name does not resolve: nothing can leave the machine.
"""

from __future__ import annotations

import os
import socket
from typing import Any

HOST = "api.intacct.com"
_resolve = socket.getaddrinfo


def _to_the_simulator(host: Any, _port: Any, *rest: Any, **more: Any) -> Any:
    if host != HOST:
        raise socket.gaierror(f"{host} is not {HOST}, the one host this client may talk to")
    return _resolve("127.0.0.1", int(os.environ["SANDBOX_PORT"]), *rest, **more)


socket.getaddrinfo = _to_the_simulator
