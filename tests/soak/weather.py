"""What goes wrong at the gateway: every fault the simulator knows, maintenance, short pages."""

from __future__ import annotations

import random
from collections import Counter

from ml_connector.intacct.ports import HttpReply
from sandbox.intacct import World
from sandbox.intacct.clock import iso
from sandbox.intacct.faults import KINDS
from sandbox.intacct.settings import LEVELS

from .wires import shortened

SHORT = {"page short": True, "page short, uncounted": False}
MAINTENANCE = tuple(f"maintenance, {level}" for level in LEVELS)
SESSIONS_ENDED = "sessions ended"
#: By name, everything that may be ordered.
WEATHERS = (*KINDS, *MAINTENANCE, *SHORT, SESSIONS_ENDED)
#: What comes together, as in a real outage.
STORMS = (("http_503", "query_trouble"), ("session_lost", "gw_0010"), ("http_502", "cloudflare"))


class Weather:
    """The gateway's bad days, and how often each of them was felt."""

    def __init__(self, world: World, chance: random.Random, *, real: bool) -> None:
        """`real`: over real connections, where nobody waits for seconds."""
        self._world = world
        self._random = chance
        self._real = real
        self._short: list[str] = []
        self.counts: Counter[str] = Counter()

    def turn(self) -> None:
        """Something happens at the gateway, now or at one of the next requests."""
        if self._random.random() < 0.15:
            for kind in self._random.choice(STORMS):
                self._order(kind, most=8)
            return
        self._order(self._random.choice(WEATHERS), most=4)

    def _order(self, kind: str, most: int) -> None:
        if kind in SHORT:
            self._short.append(kind)
        elif kind in MAINTENANCE:
            self._close(MAINTENANCE.index(kind))
        elif kind == SESSIONS_ENDED:
            self._world.sessions.kill()
            self.counts[SESSIONS_ENDED] += 1
        else:
            self._fault(kind, self._random.randint(1, most))

    def _fault(self, kind: str, count: int) -> None:
        order: dict[str, object] = {
            "kind": kind,
            "count": count,
            "skip": self._random.choice((0, 0, 1, 1, 2, 3)),
        }
        if kind == "slow":
            order["delay_seconds"] = 0.01 if self._real else self._random.choice((3, 30, 70))
        if kind.startswith("gw_0010") and self._random.random() < 0.5:
            order["retry_after"] = self._random.choice((1, 5, 40))
        self._world.faults.order(order)

    def no_preferences(self) -> None:
        """The API user's zone cannot be read for a while."""
        match = {"function": "readByName"}
        self._world.faults.order({"kind": "query_trouble", "count": 2, "match": match})

    def _close(self, place: int) -> None:
        """A maintenance window from now on."""
        (company,) = self._world.companies.values()
        now = company.clock.now()
        window = {
            "from": iso(now),
            "to": iso(now + self._random.uniform(2, 300)),
            "level": LEVELS[place],
        }
        with company.lock:
            company.settings = company.settings.patched({"maintenance": [window]})

    def damage(self, reply: HttpReply) -> HttpReply:
        """A page arrives short if that is due."""
        self._feel_maintenance()
        if not self._short:
            return reply
        short = shortened(reply, counted=SHORT[self._short[0]])
        if short is None:
            return reply
        self.counts[self._short.pop(0)] += 1
        return short

    def _feel_maintenance(self) -> None:
        (company,) = self._world.companies.values()
        now = company.clock.now()
        for window in company.settings.maintenance:
            if window.begin <= now < window.end:
                self.counts[f"maintenance, {window.level}"] += 1

    def clear(self) -> None:
        """From now on the sky is blue."""
        (company,) = self._world.companies.values()
        for fault in self._world.faults.listed():
            self.counts[str(fault["kind"])] += int(str(fault["fired"]))
        self._world.faults.remove()
        self._short.clear()
        with company.lock:
            company.settings = company.settings.patched({"maintenance": []})
