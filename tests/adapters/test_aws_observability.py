from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_connector import observability
from ml_connector.observability import METRICS, FunctionTelemetry, mask_numbers
from tests.support.properties import unhurried

NUMBER = "+15550100123"


class Watched:
    """Telemetry, and the lines and metrics it writes."""

    def __init__(self, capture: pytest.CaptureFixture[str]) -> None:
        self._capture = capture

    @cached_property
    def telemetry(self) -> FunctionTelemetry:
        # Made by the test itself: what it writes to is decided now.
        return FunctionTelemetry()

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text().splitlines()]

    def text(self) -> str:
        return self._capture.readouterr().out


@pytest.fixture
def watched(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Watched]:
    # Powertools keeps one logger per service for the life of the process.
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", f"test-{uuid.uuid4()}")
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "MlConnector")
    monkeypatch.setenv("POWERTOOLS_LOG_LEVEL", "INFO")
    watched = Watched(capsys)
    yield watched
    # Counts are kept per process: none may be left for the next test.
    watched.telemetry.flush()


# ---------------------------------------------------------------------------------- lines
def test_a_line_is_json_with_a_name_and_its_fields(watched: Watched) -> None:
    watched.telemetry.begin("request-1")
    watched.telemetry.event("polled", company="acme", bills=3, errorno=None)
    (line,) = watched.lines()
    assert (line["level"], line["message"]) == ("INFO", "polled")
    assert (line["company"], line["bills"], line["request_id"]) == ("acme", 3, "request-1")
    assert "errorno" not in line
    assert str(line["location"]).startswith("test_a_line_is_json")


def test_levels_tell_what_an_operator_has_to_do(watched: Watched) -> None:
    watched.telemetry.event("one")
    watched.telemetry.warning("two")
    watched.telemetry.error("three")
    assert [line["level"] for line in watched.lines()] == ["INFO", "WARNING", "ERROR"]


@pytest.mark.parametrize("level", ["event", "warning", "error"])
@pytest.mark.parametrize(
    "text",
    [
        NUMBER,
        f"to {NUMBER} refused",
        f"whatsapp:{NUMBER}",
        "?To=%2B15550100123&x=1",
        f"{NUMBER},{NUMBER}",
        f"é{NUMBER}\n",
    ],
)
def test_numbers_are_masked_in_every_field_and_in_the_message(
    watched: Watched, level: str, text: str
) -> None:
    say = getattr(watched.telemetry, level)
    say(f"failed {text}", reason=text, dispatch="d1")
    shown = watched.text()
    assert "5550100123" not in shown
    assert "+xxxxxxx0123" in shown
    assert json.loads(shown)["dispatch"] == "d1"


@unhurried
@given(st.from_regex(r"\+[1-9][0-9]{6,14}", fullmatch=True), st.text("ab ,:;=()/", max_size=3))
def test_any_e164_number_keeps_its_last_four_digits_alone(number: str, around: str) -> None:
    masked = mask_numbers(f"{around}{number}{around}")
    assert number not in masked
    assert number[-4:] in masked
    assert re.sub(r"[^0-9]", "", masked) == number[-4:]


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-22 23:05:29,123+0000",
        "2026-11-22T23:05:29+00:00",
        "SM0123456789abcdef0123456789abcdef",
        "USD 12,500.00",
        "request 8f14e45f-ceea-467f-a9f0-0123456789ab",
        "1+234",
        "+123456",
    ],
)
def test_what_is_no_number_stays_readable(text: str) -> None:
    assert mask_numbers(text) == text


# -------------------------------------------------------------------------------- metrics
def test_metrics_are_written_in_embedded_metric_format(watched: Watched) -> None:
    watched.telemetry.count("AlertsSent")
    watched.telemetry.count("AlertsSent", 2)
    watched.telemetry.count("PollsSucceeded")
    watched.telemetry.flush()
    (line,) = watched.lines()
    (described,) = line["_aws"]["CloudWatchMetrics"]
    assert described["Namespace"] == "MlConnector"
    assert described["Metrics"] == [
        {"Name": "AlertsSent", "Unit": "Count"},
        {"Name": "PollsSucceeded", "Unit": "Count"},
    ]
    assert described["Dimensions"] == [["service"]]
    assert line["AlertsSent"] == [1.0, 2.0]


def test_nothing_is_written_when_nothing_was_counted(watched: Watched) -> None:
    watched.telemetry.flush()
    assert watched.text() == ""


def test_what_was_flushed_is_not_written_again(watched: Watched) -> None:
    watched.telemetry.count("AlertsSent")
    watched.telemetry.flush()
    watched.text()
    watched.telemetry.count("PollsFailed")
    watched.telemetry.flush()
    (line,) = watched.lines()
    assert [metric["Name"] for metric in line["_aws"]["CloudWatchMetrics"][0]["Metrics"]] == [
        "PollsFailed"
    ]


def test_more_counts_than_one_line_can_hold_are_all_written(watched: Watched) -> None:
    for _ in range(250):
        watched.telemetry.count("AlertsSent")
    watched.telemetry.flush()
    assert sum(len(line["AlertsSent"]) for line in watched.lines()) == 250


def test_every_metric_there_is_fits_one_line_of_at_most_ten_names(watched: Watched) -> None:
    for metric in sorted(METRICS):
        watched.telemetry.count(metric)
    watched.telemetry.flush()
    (line,) = watched.lines()
    names = [metric["Name"] for metric in line["_aws"]["CloudWatchMetrics"][0]["Metrics"]]
    assert names == sorted(METRICS)
    assert len(names) <= 10


def test_an_unknown_metric_is_refused(watched: Watched) -> None:
    with pytest.raises(KeyError, match="AlertsImagined"):
        watched.telemetry.count("AlertsImagined")
    watched.telemetry.flush()
    assert watched.text() == ""


def test_every_metric_is_counted_somewhere_and_none_is_counted_that_is_not_listed() -> None:
    package = Path(observability.__file__).parent
    code = "\n".join(path.read_text() for path in package.rglob("*.py"))
    counted = set(re.findall(r'\.count\(\s*"(\w+)"', code))
    counted |= set(re.findall(r'\.count\(\s*"(\w+)" if \w+ else "\w+"', code))
    counted |= set(re.findall(r'\.count\(\s*"\w+" if \w+ else "(\w+)"', code))
    assert counted == METRICS
