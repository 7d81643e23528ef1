"""House rules of what watches: alarms, topics, the dashboard and the saved log queries.

A rule looks at what is deployed and says what breaks it, as in `house_rules`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from ml_connector.observability import METRICS
from sandbox.aws.local import ROOT
from tests.template.house_rules import function_behind

FUNCTION = "AWS::Lambda::Function"
ALARM = "AWS::CloudWatch::Alarm"
DASHBOARD = "AWS::CloudWatch::Dashboard"
QUERY = "AWS::Logs::QueryDefinition"
LOG_GROUP = "AWS::Logs::LogGroup"
TOPIC = "AWS::SNS::Topic"
QUEUE = "AWS::SQS::Queue"

#: What POWERTOOLS_METRICS_NAMESPACE says in the template.
NAMESPACE = "MlConnector"
#: The one dimension, so that stages in one account do not raise each other's alarms.
OURS = {"service": "AWS::StackName"}

WARNING, URGENT = "AlarmTopic", "UrgentTopic"
#: What cannot wait until the morning: somebody is not told, or told twice, or nothing runs.
NEEDS_SOMEBODY_NOW = {
    "AlertsFailed",
    "ApproximateNumberOfMessagesVisible",
    "DuplicatesFound",
    "Invocations",
    "PollsFailed",
    "PollsSucceeded",
    "SendsBlocked",
}
#: What a healthy connector writes all the time: there, silence is the failure.
NEVER_SILENT = {"Invocations", "PollsSucceeded"}
#: What is written once a night even where it is nothing: an alarm counts how often, not how much.
NIGHTLY = {"DocumentsUnexplained"}
#: What of ours is trouble whenever it is counted at all.
TROUBLES = METRICS - {"AlertsDelivered", "AlertsSent", "PollsSucceeded"}

COLUMNS = 24

Found = Iterator[str]

_RUNBOOK = re.compile(r"Runbook: (docs/runbooks/[\w-]+\.md)$")
_SPOKEN_OF = re.compile(r"'([a-z]+_[a-z_]+|polled)'")


# ------------------------------------------------------------------------------------ alarms
def every_function_raises_an_alarm_when_it_fails(deployed: Any) -> Found:
    watched = {
        alarm["Dimensions"][0]["Value"]
        for alarm in deployed.of(ALARM).values()
        if (alarm["Namespace"], alarm["MetricName"]) == ("AWS/Lambda", "Errors")
    }
    yield from set(deployed.of(FUNCTION)) - watched


def every_scheduled_function_raises_an_alarm_when_it_is_not_started(deployed: Any) -> Found:
    watched = {
        alarm["Dimensions"][0]["Value"]
        for alarm in deployed.of(ALARM).values()
        if alarm["MetricName"] == "Invocations"
    }
    schedules = deployed.of("AWS::Scheduler::Schedule").values()
    yield from {function_behind(deployed, one["Target"]["Arn"]) for one in schedules} - watched


def every_alarm_names_a_runbook_that_there_is(deployed: Any) -> Found:
    for name, alarm in deployed.of(ALARM).items():
        description = alarm.get("AlarmDescription", "")
        named = _RUNBOOK.search(description)
        if not named or not (ROOT / named[1]).is_file():
            yield f"{name} names no runbook there is"
        if not 100 <= len(description) <= 1024:
            yield f"{name} does not say what it means, or more than CloudWatch takes"


def every_alarm_goes_where_it_belongs_and_says_when_it_is_over(deployed: Any) -> Found:
    for name, alarm in deployed.of(ALARM).items():
        topic = URGENT if alarm["MetricName"] in NEEDS_SOMEBODY_NOW else WARNING
        if alarm.get("AlarmActions") != [topic] or alarm.get("OKActions") != [topic]:
            yield f"{name} does not reach {topic} alone"


def silence_alarms_where_it_is_the_failure_and_nowhere_else(deployed: Any) -> Found:
    watched = set()
    for name, alarm in deployed.of(ALARM).items():
        counts = alarm["MetricName"] in NIGHTLY and alarm["Statistic"] == "SampleCount"
        never = alarm["MetricName"] in NEVER_SILENT or counts
        if never:
            watched.add(alarm["MetricName"])
        wanted = ("breaching", "LessThanThreshold") if never else ("notBreaching",)
        said = (alarm.get("TreatMissingData"), alarm["ComparisonOperator"])[: len(wanted)]
        if said != wanted:
            yield f"{name}: {said} is not {wanted}"
    for metric in (NEVER_SILENT | NIGHTLY) - watched:
        yield f"no alarm notices the silence of {metric}"


def alarms_on_our_metrics_name_one_that_the_functions_write(deployed: Any) -> Found:
    watched = set()
    for name, alarm in deployed.of(ALARM).items():
        if alarm["Namespace"] != NAMESPACE:
            continue
        watched.add(alarm["MetricName"])
        if alarm["MetricName"] not in METRICS:
            yield f"{name} watches {alarm['MetricName']}, which nobody writes"
        if {one["Name"]: one["Value"] for one in alarm["Dimensions"]} != OURS:
            yield f"{name} watches other dimensions than the functions write"
    for metric in TROUBLES - watched:
        yield f"no alarm watches {metric}"


def an_alarm_looks_back_no_longer_than_cloudwatch_does(deployed: Any) -> Found:
    """A day for periods under an hour, a week for longer ones: the limits of PutMetricAlarm."""
    for name, alarm in deployed.of(ALARM).items():
        looks_back = alarm["Period"] * alarm["EvaluationPeriods"]
        if looks_back > (604_800 if alarm["Period"] >= 3_600 else 86_400):
            yield name


# --------------------------------------------------------------------------------- dashboard
def widgets(deployed: Any) -> list[dict[str, Any]]:
    """The parts of the one dashboard."""
    (dashboard,) = deployed.of(DASHBOARD).values()
    return list(json.loads(dashboard["DashboardBody"])["widgets"])


def series(widget: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Namespace, metric and dimensions of each line in a widget."""
    for namespace, metric, *rest in widget["properties"].get("metrics", ()):
        names = [part for part in rest if isinstance(part, str)]
        yield namespace, metric, dict(zip(names[::2], names[1::2], strict=True))


def the_dashboard_shows_every_metric_of_ours_and_none_that_nobody_writes(deployed: Any) -> Found:
    shown = set()
    for widget in widgets(deployed):
        for namespace, metric, dimensions in series(widget):
            if namespace != NAMESPACE:
                continue
            shown.add(metric)
            if dimensions != OURS:
                yield f"{metric}: other dimensions than the functions write"
    yield from METRICS ^ shown


def the_dashboard_shows_every_function_and_every_queue(deployed: Any) -> Found:
    lines = [line for widget in widgets(deployed) for line in series(widget)]
    of_functions = {
        (m, d.get("FunctionName")) for namespace, m, d in lines if "Lambda" in namespace
    }
    for function in deployed.of(FUNCTION):
        for metric in ("Errors", "Throttles", "Duration"):
            if (metric, function) not in of_functions:
                yield f"{metric} of {function}"
    deep = {d["QueueName"] for _, m, d in lines if m == "ApproximateNumberOfMessagesVisible"}
    yield from {f"{queue}.QueueName" for queue in deployed.of(QUEUE)} - deep
    if not any(metric == "ApproximateAgeOfOldestMessage" for _, metric, _ in lines):
        yield "how old the oldest message is"


def the_dashboard_lists_every_alarm_the_urgent_ones_first(deployed: Any) -> Found:
    (listed,) = [w["properties"]["alarms"] for w in widgets(deployed) if w["type"] == "alarm"]
    alarms = {f"{name}.Arn": alarm for name, alarm in deployed.of(ALARM).items()}
    yield from alarms.keys() ^ set(listed)
    urgent = [alarms[arn]["AlarmActions"] == [URGENT] for arn in listed if arn in alarms]
    if urgent != sorted(urgent, reverse=True):
        yield "a warning stands before something urgent"


def business_stands_above_health_and_health_above_the_functions(deployed: Any) -> Found:
    top: dict[str, list[int]] = {"business": [], "health": [], "functions": []}
    for widget in widgets(deployed):
        for namespace, metric, _ in series(widget):
            if namespace == "AWS/Lambda":
                top["functions"].append(widget["y"])
            elif namespace == NAMESPACE and metric[:6] == "Alerts":
                top["business"].append(widget["y"])
            else:
                top["health"].append(widget["y"])
    if not max(top["business"]) < min(top["health"]) <= max(top["health"]) < min(top["functions"]):
        yield str(top)


def parts_of_the_dashboard_neither_overlap_nor_leave_it(deployed: Any) -> Found:
    taken: set[tuple[int, int]] = set()
    for widget in widgets(deployed):
        x, y = widget["x"], widget["y"]
        cells = {(x + n, y + m) for n in range(widget["width"]) for m in range(widget["height"])}
        if cells & taken or x + widget["width"] > COLUMNS:
            yield f"at {x}, {y}"
        taken |= cells


# ----------------------------------------------------------------------------------- queries
def queries(deployed: Any) -> Iterator[tuple[str, str, list[str]]]:
    """Name, text and log groups of every query, saved or in the dashboard."""
    for name, saved in deployed.of(QUERY).items():
        yield name, saved["QueryString"], saved["LogGroupNames"]
    for widget in widgets(deployed):
        if widget["type"] == "log":
            text = widget["properties"]["query"]
            yield widget["properties"]["title"], text, re.findall(r"SOURCE '(\w+)'", text)


def queries_look_for_lines_that_the_functions_write(deployed: Any) -> Found:
    places = [*(ROOT / "layers" / "connector").rglob("*.py"), *(ROOT / "functions").rglob("*.py")]
    written = set(re.findall(r'"([a-z_]+)"', "".join(path.read_text("utf-8") for path in places)))
    for name, text, _ in queries(deployed):
        for spoken_of in _SPOKEN_OF.findall(text):
            if spoken_of not in written:
                yield f"{name}: nobody writes {spoken_of}"


def queries_look_into_logs_that_there_are(deployed: Any) -> Found:
    for name, _, groups in queries(deployed):
        if not groups or not set(groups) <= set(deployed.of(LOG_GROUP)):
            yield f"{name}: {groups}"


def four_questions_are_saved_as_queries(deployed: Any) -> Found:
    asked = {query["Name"].partition("/")[2] for query in deployed.of(QUERY).values()}
    yield from {
        "the story of one alert",
        "failures by reason",
        "slow polls",
        "blocked sends",
    } - asked


RULES: list[Callable[[Any], Found]] = [
    every_function_raises_an_alarm_when_it_fails,
    every_scheduled_function_raises_an_alarm_when_it_is_not_started,
    every_alarm_names_a_runbook_that_there_is,
    every_alarm_goes_where_it_belongs_and_says_when_it_is_over,
    silence_alarms_where_it_is_the_failure_and_nowhere_else,
    alarms_on_our_metrics_name_one_that_the_functions_write,
    an_alarm_looks_back_no_longer_than_cloudwatch_does,
    the_dashboard_shows_every_metric_of_ours_and_none_that_nobody_writes,
    the_dashboard_shows_every_function_and_every_queue,
    the_dashboard_lists_every_alarm_the_urgent_ones_first,
    business_stands_above_health_and_health_above_the_functions,
    parts_of_the_dashboard_neither_overlap_nor_leave_it,
    queries_look_for_lines_that_the_functions_write,
    queries_look_into_logs_that_there_are,
    four_questions_are_saved_as_queries,
]
