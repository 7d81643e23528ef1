"""The nightly reconcile tells the last tick of a night by the clock: the template's is the same."""

from __future__ import annotations

from datetime import timedelta

from ml_connector.usecases.nightly import LAST_TICK, NIGHT
from sandbox.aws.local import ROOT
from sandbox.aws.template import load


def test_the_last_tick_of_a_night_is_the_one_in_the_template() -> None:
    function = load(ROOT / "template.yaml")["Resources"]["PollFunction"]["Properties"]
    night = function["Events"]["Nightly"]["Properties"]
    first, last = LAST_TICK.hour - NIGHT // timedelta(hours=1), LAST_TICK.hour
    assert night["ScheduleExpression"] == f"cron({LAST_TICK.minute} {first}-{last} * * ? *)"
    assert night["ScheduleExpressionTimezone"] == "UTC"
