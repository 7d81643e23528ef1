from __future__ import annotations

import json
from dataclasses import fields
from datetime import timedelta

import pytest

from ml_connector.errors import ConfigurationError
from ml_connector.settings import DEFAULT_INTACCT_ENDPOINT, Settings, Timings, read_settings

TABLES = ("SESSIONS", "DOCUMENTS", "ALERTS", "FLOWS", "APPROVERS", "AUDIT")
ENVIRONMENT = {
    "STAGE": "test",
    **{f"{name}_TABLE": f"the {name.lower()} table" for name in TABLES},
}


def settings(**variables: str) -> Settings:
    return read_settings(ENVIRONMENT | variables)


def timings(**overrides: object) -> Timings:
    return settings(TIMINGS=json.dumps(overrides)).timings


def test_what_the_template_leaves_out_has_a_default() -> None:
    plain = settings()
    assert plain.intacct_endpoint == DEFAULT_INTACCT_ENDPOINT
    assert plain.intacct_trusted_host == ""
    assert plain.twilio_base_url == ""
    assert plain.session_cap == timedelta(minutes=50)
    assert (plain.function_timeout, plain.send_timeout) == (30.0, 30.0)
    assert plain.timings == Timings()


def test_every_variable_is_read_under_its_own_name() -> None:
    full = settings(
        ALERTS_QUEUE_URL="https://queue",
        INTACCT_SECRET="i",
        TWILIO_SECRET="t",
        INTACCT_ENDPOINT="https://gateway",
        INTACCT_TRUSTED_HOST="127.0.0.1",
        TWILIO_BASE_URL="http://127.0.0.1:1",
        SESSION_CAP_SECONDS="60",
        FUNCTION_TIMEOUT_SECONDS="120",
        SEND_TIMEOUT_SECONDS="45.5",
        POLL_FUNCTION="stack-poll:live",
    )
    assert full.audit_table == "the audit table"
    assert (full.queue_url, full.intacct_secret, full.twilio_secret) == ("https://queue", "i", "t")
    assert (full.intacct_endpoint, full.intacct_trusted_host) == ("https://gateway", "127.0.0.1")
    assert full.twilio_base_url == "http://127.0.0.1:1"
    assert (full.session_cap, full.function_timeout) == (timedelta(minutes=1), 120.0)
    assert (full.send_timeout, full.poll_function) == (45.5, "stack-poll:live")


@pytest.mark.parametrize("name", sorted(ENVIRONMENT))
@pytest.mark.parametrize("value", [None, ""])
def test_a_missing_variable_is_named(name: str, value: str | None) -> None:
    broken = {k: v for k, v in ENVIRONMENT.items() if k != name}
    if value is not None:
        broken[name] = value
    with pytest.raises(ConfigurationError, match=f"^{name} is not set"):
        read_settings(broken)


@pytest.mark.parametrize(
    "name", ["SESSION_CAP_SECONDS", "FUNCTION_TIMEOUT_SECONDS", "SEND_TIMEOUT_SECONDS"]
)
@pytest.mark.parametrize("value", ["0", "-1", "soon", "nan", "inf", "-inf"])
def test_a_length_that_is_none_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^{name} must be a number of seconds above 0"):
        settings(**{name: value})


# -------------------------------------------------------------------------------- timings
def test_the_defaults_keep_every_promise_with_the_timeouts_of_the_template() -> None:
    Timings().check(30.0)


def test_single_times_can_be_overridden() -> None:
    shortened = timings(ring_again=60, grace=200.5)
    assert (shortened.ring_again, shortened.grace) == (60.0, 200.5)
    assert shortened.retry_base == Timings().retry_base


@pytest.mark.parametrize("text", ["{", "[]", "7", '["grace"]', "null", "true"])
def test_timings_that_are_no_object_are_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match=r"^TIMINGS"):
        settings(TIMINGS=text)


def test_an_unknown_time_is_refused_by_name() -> None:
    with pytest.raises(ConfigurationError, match="TIMINGS: 'coffee_break'"):
        timings(coffee_break=900)


@pytest.mark.parametrize("value", [True, "60", None, [1]])
def test_a_time_is_a_number_and_nothing_that_looks_like_one(value: object) -> None:
    with pytest.raises(ConfigurationError, match="TIMINGS: ring_again"):
        timings(ring_again=value)


@pytest.mark.parametrize("name", [entry.name for entry in fields(Timings)])
@pytest.mark.parametrize("value", [0, -1, float("nan"), float("inf")])
def test_no_time_is_zero_negative_or_endless(name: str, value: float) -> None:
    with pytest.raises(ConfigurationError, match=f"TIMINGS: {name}"):
        timings(**{name: value})


@pytest.mark.parametrize(
    ("overrides", "complaint"),
    [
        ({"twilio_timeout": 25}, "twilio_timeout \\+ time_reserve"),
        ({"time_reserve": 20}, "twilio_timeout \\+ time_reserve"),
        ({"empty_list_gap": 181}, "empty_list_gap must not be longer than grace"),
        ({"grace": 59}, "empty_list_gap must not be longer than grace"),
        ({"soft_timeout": 90_000}, "soft_timeout must not be longer than receipt_patience"),
        ({"retry_base": 4_000}, "retry_base must not be longer than retry_cap"),
        ({"blocked_pause": 3_601}, "blocked_pause must not be longer than blocked_patience"),
        ({"validity": 4}, "validity must lie between 5 and 36000"),
        ({"validity": 36_001}, "validity must lie between 5 and 36000"),
    ],
)
def test_a_table_that_breaks_a_promise_is_refused_with_the_promise(
    overrides: dict[str, float], complaint: str
) -> None:
    with pytest.raises(ConfigurationError, match=complaint):
        timings(**overrides)


def test_a_shorter_send_function_needs_a_shorter_request() -> None:
    with pytest.raises(ConfigurationError, match="under the send timeout, 15 s"):
        settings(SEND_TIMEOUT_SECONDS="15")
    assert settings(SEND_TIMEOUT_SECONDS="15.1").send_timeout == 15.1


def test_a_claim_is_nobodys_only_after_its_function_is_over() -> None:
    assert Timings(claim_margin=15).longest_send(30.0) == 45.0
