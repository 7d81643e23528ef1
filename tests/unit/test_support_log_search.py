"""A search of logs finds a number however it is spelled, and no number in a time of day."""

from __future__ import annotations

import pytest

from tests.support.log_search import of_number, search

NUMBER = "+15550100000"


@pytest.mark.parametrize(
    "line",
    [
        '{"message":"polled","timestamp":"2026-11-23 18:21:25,010+0000","xray_trace_id":"1-6b04"}',
        '{"message":"polled","until":"2026-11-23T18:21:25.010+00:00"}',
        '{"message":"polled","until":"2026-11-23T18:21:25.010000Z"}',
        '{"_aws":{"Timestamp":1795520100000,"CloudWatchMetrics":[]}}',
    ],
)
def test_a_time_of_day_is_no_number(line: str) -> None:
    assert search([line], of_number(NUMBER)).hits == ()


@pytest.mark.parametrize(
    "line",
    [
        '{"timestamp":"2026-11-23 18:21:25,010+0000","message":"told 010-0000"}',
        '{"timestamp":"2026-11-23 18:21:25,010+15550100000"}',
        '{"timestamp":"555 010 0000"}',
        '{"Timestamp":15550100000}',
        "2026-11-23 18:21:25,007+0000 555.010.0000",
    ],
)
def test_a_number_beside_a_time_or_in_its_place_is_found(line: str) -> None:
    assert search([line], of_number(NUMBER)).hits
