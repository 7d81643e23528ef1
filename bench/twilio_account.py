"""A simulated Twilio account that has sent so many texts, or placed so many calls: a program.

    python -m bench.twilio_account texts|ended|active COUNT

It serves the project's own simulator, filled without a request each. All texts have arrived: they
were sent one every TWENTIETH of a second, the last a minute ago. Calls were placed all at once, and
are over, each confirmed by a key, or still going on. Prints one line with its address, and ends
when its standard input does.
"""

from __future__ import annotations

import asyncio
import sys
import threading
from typing import TYPE_CHECKING

from bench.layers import ROOT
from sandbox.twilio.flow_definition import read_definition
from sandbox.twilio.ids import new_sid
from sandbox.twilio.messages import Draft
from sandbox.twilio.numbers import DEFAULT_SENDER
from sandbox.twilio.server import listen
from sandbox.twilio.settings import Settings
from sandbox.twilio.simulator import LOOPBACK, serve
from sandbox.twilio.world import World

if TYPE_CHECKING:
    from sandbox.twilio.server import Server
    from sandbox.twilio.studio import Flow

#: Seconds between two texts.
TWENTIETH = 0.05
#: Seconds since the last one, long enough for anything to arrive or to be over.
MINUTE = 60.0
READY = "account ready "
BODY = "Acme AP: Baker Steel, USD 12,500.00, bill {}, due Nov 30. Waiting for approval in Intacct."


def number(place: int) -> str:
    """A fictional number, another for every place."""
    return f"+1555010{place:05d}"


def filled(kind: str, count: int) -> World:
    """The account. Raises KeyError for a kind there is none of."""
    fill = {"texts": _texts, "ended": _ended, "active": _active}[kind]
    world = World(Settings(calls_per_second=0))
    world.clock.stop()
    fill(world, count)
    return world


def _texts(world: World, count: int) -> None:
    for place in range(count):
        text = BODY.format(place)
        world.messages.create(Draft(number(place), DEFAULT_SENDER, None, text, 14_400, None))
        world.clock.forward(TWENTIETH)
    world.clock.forward(MINUTE)
    world.advance()


def _ended(world: World, count: int) -> None:
    flow = _published(world)
    for place in range(count):
        phone = world.phones.get(number(place))
        phone.behaviour, phone.keys = "on", ["1"]
        world.studio.execute(flow, number(place), DEFAULT_SENDER, _data(place))
    world.clock.forward(MINUTE)
    world.advance()


def _active(world: World, count: int) -> None:
    """All at one moment, where time then stands still: none of them has been dialled yet."""
    flow = _published(world)
    for place in range(count):
        to, data = number(place), _data(place)
        # `execute` looks for another call to that number among all there are: here it has none.
        run = world.studio._open(flow, to, DEFAULT_SENDER, data, initiated_by=new_sid("RQ"))
        world.accept("execution", run.execution.sid, to, DEFAULT_SENDER, str(data))


def _published(world: World) -> Flow:
    definition = (ROOT / "flows" / "voice.json").read_text(encoding="utf-8")
    return world.studio.create("calls", "published", None, read_definition(definition))


def _data(place: int) -> dict[str, object]:
    return {"dispatch_id": f"d{place}", "message": BODY.format(place)}


async def _serve(world: World) -> None:
    listener = listen(LOOPBACK, 0)

    def ready(server: Server) -> None:
        loop = asyncio.get_running_loop()
        print(f"{READY}http://{LOOPBACK}:{listener.getsockname()[1]}", flush=True)

        def end() -> None:
            sys.stdin.read()
            loop.call_soon_threadsafe(lambda: setattr(server, "should_exit", True))

        threading.Thread(target=end, daemon=True).start()

    await serve(world, listener, ready)


def main() -> None:
    """Fill and serve."""
    kind, count = sys.argv[1], int(sys.argv[2])
    asyncio.run(_serve(filled(kind, count)))


if __name__ == "__main__":
    main()
