"""Where workers are born: a process that does nothing but fork, so that a birth is cheap.

It is forked from the world when an epoch begins, with everything loaded and, in a control, with a
protection taken away. The world itself changes too much of its memory to be forked hundreds of
times an epoch.
"""

from __future__ import annotations

import gc
import os
import signal
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from multiprocessing.reduction import recv_handle, send_handle

from .line import Line
from .worker import Office, live


class Nursery:
    """The process, seen from the world."""

    def __init__(self, office: Office) -> None:
        self._connection, theirs = Pipe()
        self._pid = os.fork()
        if self._pid == 0:
            self._connection.close()
            _nurse(theirs, office)
        theirs.close()

    def hire(self, seed: int) -> tuple[int, Connection]:
        """A new worker: its process id, and the world's end of its line."""
        mine, theirs = Pipe()
        self._connection.send(seed)
        send_handle(self._connection, theirs.fileno(), self._pid)
        theirs.close()
        pid: int = self._connection.recv()
        return pid, mine

    def close(self) -> None:
        """No more births."""
        self._connection.close()
        os.waitpid(self._pid, 0)


def _nurse(connection: Connection, office: Office) -> None:
    """Fork a worker for each seed that comes; never returns."""
    gc.disable()  # What it would look at is shared with the workers as long as it is not.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        try:
            seed = connection.recv()
            handle = recv_handle(connection)
        except (EOFError, OSError):
            os._exit(0)
        pid = os.fork()
        if pid == 0:
            connection.close()
            live(Line(Connection(handle)), office, seed)
        os.close(handle)
        connection.send(pid)
