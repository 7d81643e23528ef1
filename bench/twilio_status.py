"""What it costs in requests and CPU to learn what became of texts and calls that are under way.

The simulated account holds so many at once; status checks run once a minute until each is known.
Texts have arrived. Calls are over, which takes three reads each beside the list (the execution, its
context, its steps), or still go on, which the list alone says. The same lists, and as many reads as
a client makes that asks for each by itself, come from the same client and the same simulator.
"""

from __future__ import annotations

import math
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.layers import Interpreter, build
from bench.measured import measured, served
from bench.report import keep, table, verdict
from bench.twilio_account import READY
from ml_connector.settings import LOOK_LIMIT
from ml_connector.usecases.asking import PAGE

if TYPE_CHECKING:
    from collections.abc import Mapping

TEXTS, ENDED, ACTIVE = "texts", "ended", "active"
#: Kind and how many are under way. Ten thousand calls are measured while they go on: their ends are
#: three reads each, whatever else is under way.
ACCOUNTS = (
    (TEXTS, 10),
    (TEXTS, 1_000),
    (TEXTS, 10_000),
    (ENDED, 10),
    (ENDED, 1_000),
    (ACTIVE, 10),
    (ACTIVE, 1_000),
    (ACTIVE, 10_000),
)
WORDS = {TEXTS: "texts, arrived", ENDED: "calls, over", ACTIVE: "calls, going on"}
#: A call that is over: the execution, its context, its steps.
READS_OF_AN_END = 3
#: As many status checks as look at each of ten thousand once, and one more.
MOST_RUNS = math.ceil(10_000 / LOOK_LIMIT) + 1


@dataclass(frozen=True, slots=True)
class Cost:
    """One account, all of whose texts or calls were to be known.

    `replies` are the looks for replies, one list each, which any status check makes; they are shown
    and are no part of the target. CPU in milliseconds, that of the store in memory included.
    """

    kind: str
    count: int
    runs: int
    known: int
    lists: int
    reads: int
    replies: int
    cpu: float
    each_requests: int
    each_cpu: float

    @property
    def requests(self) -> int:
        """To learn what became of them."""
        return self.lists + self.reads

    @property
    def target(self) -> int:
        """The most it may take: one list per page; of calls that are over, their ends as well.

        What a list said a minute ago of calls that go on is no longer so: each run asks anew.
        """
        pages = math.ceil(self.count / PAGE)
        if self.kind == ACTIVE:
            return pages * math.ceil(self.count / LOOK_LIMIT)
        return pages + (READS_OF_AN_END * self.count if self.kind == ENDED else 0)

    @property
    def least(self) -> int:
        """The least that is possible where one run looks at no more than LOOK_LIMIT."""
        ends = READS_OF_AN_END * self.count if self.kind == ENDED else 0
        return math.ceil(self.count / LOOK_LIMIT) + ends

    @property
    def ratio(self) -> float:
        """Requests for each that is known, over those of reading each by itself."""
        return self.requests / self.known / (self.each_requests / self.count)

    @property
    def cpu_ratio(self) -> float:
        """The same of CPU."""
        return self.cpu / self.known / (self.each_cpu / self.count)

    @property
    def met(self) -> bool:
        """Whether all are known, within the target."""
        return self.known == self.count and self.requests <= self.target


def cost(kind: str, count: int, seen: Mapping[str, Mapping[str, Any]]) -> Cost:
    """What the measured process says it took."""
    ours, each = seen["ours"], seen["each"]
    return Cost(
        kind,
        count,
        runs=ours["runs"],
        known=ours["known"],
        lists=ours.get("list", 0),
        reads=ours.get("single", 0),
        replies=ours.get("replies", 0),
        cpu=ours["cpu_ms"],
        each_requests=each["requests"],
        each_cpu=each["cpu_ms"],
    )


def show(costs: list[Cost], python: Interpreter) -> None:
    """Print the table, and what no number of it says by itself."""
    print(
        f"Learning what became of texts and calls, Python {python.number}; "
        "requests to Twilio, and CPU with the store in memory"
    )
    heads = ["under way", "runs", "known", "lists", "reads", "target", "", "a read each", "ratio",
             "CPU ms", "CPU ratio"]  # fmt: skip
    rows = [
        [
            f"{each.count:,} {WORDS[each.kind]}",
            each.runs,
            f"{each.known:,}",
            f"{each.lists:,}",
            f"{each.reads:,}",
            f"≤ {each.target:,}",
            verdict(each.met),
            f"{each.each_requests:,}",
            f"{each.ratio:.4f}",
            f"{each.cpu:.0f}",
            each.cpu_ratio,
        ]
        for each in costs
    ]
    print(table(heads, rows))
    for each in costs:
        if each.least > each.target and not each.met:
            print(
                f"{each.count:,} {WORDS[each.kind]}: a run looks at no more than {LOOK_LIMIT}, "
                f"so fewer than {each.least:,} requests are not possible"
            )
        if each.known < each.count:
            print(
                f"{each.count:,} {WORDS[each.kind]}: stopped after {each.runs} runs; "
                "ratios are of those known by then"
            )


def run(python: Interpreter, _rounds: int) -> None:
    """Measure every account, print the table and keep the figures."""
    costs = []
    with tempfile.TemporaryDirectory(prefix="ml-connector-bench-") as folder:
        layers = build(Path(folder), python)
        for kind, count in ACCOUNTS:
            with served("bench.twilio_account", [kind, count], READY) as url:
                arguments = [kind, count, url, MOST_RUNS]
                seen = measured(python, layers, "bench.twilio_status_child", arguments)
            costs.append(cost(kind, count, seen))
    show(costs, python)
    figures = [
        {
            "kind": WORDS[each.kind],
            "under_way": each.count,
            "known": each.known,
            "runs": each.runs,
            "lists": each.lists,
            "reads": each.reads,
            "looks_for_replies": each.replies,
            "target": each.target,
            "least_with_the_limit_of_a_run": each.least,
            "met": each.met,
            "ratio_to_a_read_each": round(each.ratio, 4),
            "cpu_ratio_to_a_read_each": round(each.cpu_ratio, 3),
            "cpu_ms": round(each.cpu, 1),
            "a_read_each": {"requests": each.each_requests, "cpu_ms": round(each.each_cpu, 1)},
        }
        for each in costs
    ]
    keep(
        "twilio_status",
        python.number,
        {"page": PAGE, "looked_at_in_a_run": LOOK_LIMIT, "accounts": figures},
    )
