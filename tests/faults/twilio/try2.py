import sys

from tests.faults.twilio.campaign import campaign
from tests.faults.twilio.controls import CONTROLS, control

with campaign() as c:
    for name in CONTROLS:
        ch = control(c, name, int(sys.argv[1]), 3)
        print(
            ch,
            round(ch.kept.seconds, 1),
            round(ch.taken_away.seconds, 1),
            dict(ch.taken_away.metrics),
        )
        for v in (ch.kept.verdict, ch.taken_away.verdict):
            for k in ("missing", "twice", "unreported", "unwanted", "wrong"):
                for x in getattr(v, k)[:3]:
                    print("   ", k, x)
