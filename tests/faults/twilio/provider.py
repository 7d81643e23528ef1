"""The simulated Twilio as a process of its own, on the campaign's clock.

    python -m tests.faults.twilio.provider CLOCK-FILE

It ends when its standard input does, so it never outlives the campaign.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests

from sandbox.twilio.admin import TwilioAdmin
from sandbox.twilio.clock import Clock
from sandbox.twilio.numbers import DEFAULT_SENDER
from sandbox.twilio.server import listen
from sandbox.twilio.settings import DEFAULT_ACCOUNT_SID, DEFAULT_AUTH_TOKEN, Settings
from sandbox.twilio.simulator import LOOPBACK, serve
from sandbox.twilio.world import World

from .clock import SharedClock

if TYPE_CHECKING:
    from sandbox.twilio.server import Server

ROOT = Path(__file__).parents[3]
END_SECONDS = 10.0
ANSWER_SECONDS = 30.0
#: What a call carries that is none of ours.
FOREIGN = {"message": "A call on trial.", "ask": "Press 1.", "language": "en-US", "voice": "alice"}
FLOW = (ROOT / "flows" / "voice.json").read_text()


class SimulatedTwilio:
    """The process, seen from the campaign. `admin` is its admin API."""

    def __init__(self, clock_file: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__, str(clock_file)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().strip()
        if not self.url:
            raise RuntimeError("the simulated Twilio did not start")
        self.admin = TwilioAdmin(self.url)
        self.flow = ""
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.auth = (DEFAULT_ACCOUNT_SID, DEFAULT_AUTH_TOKEN)

    def reset(self, seed: int) -> None:
        """Forget everything but the time, and publish the flow for calls anew."""
        self.admin.reset(seed)
        form = {"FriendlyName": "voice", "Status": "published", "Definition": FLOW}
        self.flow = str(self._ask("POST", "/v2/Flows", form)["sid"])

    def call(self, number: str) -> None:
        """Place a call that carries nothing of anybody's, if that can be done now."""
        form = {"To": number, "From": DEFAULT_SENDER, "Parameters": json.dumps(FOREIGN)}
        with suppress(requests.HTTPError):
            self._ask("POST", f"/v2/Flows/{self.flow}/Executions", form)

    def execution(self, sid: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """A call, as Twilio shows it, and its context."""
        path = f"/v2/Flows/{self.flow}/Executions/{sid}"
        return self._ask("GET", path), self._ask("GET", f"{path}/Context")["context"]

    def _ask(self, method: str, path: str, form: dict[str, str] | None = None) -> dict[str, Any]:
        answer = self._session.request(
            method, f"{self.url}{path}", data=form, timeout=ANSWER_SECONDS
        )
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    def stop(self) -> None:
        """End it."""
        self._session.close()
        self.admin.close()
        self._process.communicate(timeout=END_SECONDS)


async def _run(clock: SharedClock) -> None:
    settings = Settings(calls_per_second=0.0)
    listener = listen(LOOPBACK, 0)
    url = f"http://{LOOPBACK}:{listener.getsockname()[1]}"

    def ready(server: Server) -> None:
        def leave() -> None:
            server.should_exit = True

        asyncio.get_running_loop().add_reader(sys.stdin.fileno(), leave)
        sys.stdout.write(f"{url}\n")
        sys.stdout.flush()

    await serve(World(settings, Clock(clock.now)), listener, ready)


if __name__ == "__main__":
    asyncio.run(_run(SharedClock(Path(sys.argv[1]))))
