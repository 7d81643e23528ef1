"""Running the simulator: in this process on a thread, or as a program of its own."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any, Self

from sandbox.running import Running
from sandbox.twilio.admin import TwilioAdmin
from sandbox.twilio.app import build_app
from sandbox.twilio.server import Connections, Server, listen
from sandbox.twilio.settings import Settings
from sandbox.twilio.world import World

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

LOOPBACK = "127.0.0.1"
START_SECONDS, STOP_SECONDS = 10.0, 10.0


async def serve(
    world: World,
    listener: socket.socket,
    on_ready: Callable[[Server], None],
) -> None:
    """Serve one world on an open socket until the server's `should_exit` is set."""
    stopping = asyncio.Event()
    connections = Connections()
    app = build_app(world, connections, stopping)
    server = Server(app, connections, on_ready=lambda: on_ready(server), stopping=stopping)
    await server.serve([listener])


def point_at(client: Any, url: str) -> None:  # noqa: ANN401 whose type is not imported here
    """Give every product of an official `twilio` client this one address; nothing else changes."""
    for product in (client.api, client.studio, client.verify, client.lookups, client.messaging):
        product.base_url = url


class TwilioSimulator(Running):
    """A simulator on a thread of its own, for tests: `with TwilioSimulator() as sim: sim.url`.

    With `clock_running=False` its time passes only through `sim.admin.forward(seconds)`.
    """

    def __init__(self, settings: Settings | None = None, *, clock_running: bool = True) -> None:
        self.settings = settings or Settings()
        self._world = World(self.settings)
        if not clock_running:
            self._world.clock.stop()
        self._ready = threading.Event()
        self._server: Server | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self.url = ""

    def start(self) -> Self:
        """Start it on a free loopback port; returns when it answers."""
        listener = listen(LOOPBACK, 0)
        self.url = f"http://{LOOPBACK}:{listener.getsockname()[1]}"
        self.admin = TwilioAdmin(self.url)
        self._thread = threading.Thread(target=self._run, args=(listener,), daemon=True)
        self._thread.start()
        if not self._ready.wait(START_SECONDS):
            raise RuntimeError("the Twilio simulator did not start")
        return self

    def stop(self) -> None:
        """Stop it; held answers are let go."""
        if self._thread is None or self._loop is None or self._server is None:
            return
        self.admin.close()
        server = self._server
        self._loop.call_soon_threadsafe(lambda: setattr(server, "should_exit", True))
        self._thread.join(STOP_SECONDS)

    def _run(self, listener: socket.socket) -> None:
        asyncio.run(serve(self._world, listener, self._started))

    def _started(self, server: Server) -> None:
        self._server, self._loop = server, asyncio.get_running_loop()
        self._ready.set()
