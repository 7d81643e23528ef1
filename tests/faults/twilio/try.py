import random
import sys

from tests.faults.twilio.campaign import campaign
from tests.faults.twilio.cells import Channel
from tests.faults.twilio.planning import Planner, table

n = int(sys.argv[1])
with campaign() as c:
    pl = Planner(random.Random(1))
    for e in range(int(sys.argv[2])):
        o = c.epoch(list(pl.plans(n)), e, f"e{e}")
        pl.settle(o.met)
        print(
            o.runs, o.killed, o.ran_out, round(o.seconds, 1), c.clock.monotonic(), dict(o.metrics)
        )
        v = o.verdict
        for k in ("missing", "twice", "unreported", "unwanted", "wrong"):
            for x in getattr(v, k)[:5]:
                print(k, x)
    if len(sys.argv) > 3:
        for ch in Channel:
            print(table(pl.met, ch))
