from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from ml_connector.errors import (
    DeliveryBlocked,
    DeliveryError,
    DeliveryNotSent,
    DeliveryOutcomeUnknown,
    DeliveryRejected,
    DeliveryTransient,
)
from ml_connector.twilio.errors import (
    Answer,
    class_names,
    error_of,
    is_success,
    no_answer,
    not_sent,
    unreadable,
)

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)


def error(
    status: int,
    body: object = b"",
    method: str = "POST",
    headers: dict[str, str] | None = None,
) -> DeliveryError:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return error_of(method, Answer(status, headers or {}, raw), now=NOW.timestamp())


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, 21211, DeliveryRejected),
        (400, 21610, DeliveryRejected),
        (400, 21408, DeliveryRejected),
        (400, 39_999, DeliveryRejected),
        (401, 20003, DeliveryBlocked),
        (400, 21606, DeliveryBlocked),
        (400, 21611, DeliveryTransient),
        (400, 30410, DeliveryOutcomeUnknown),
        (429, 20429, DeliveryTransient),
        (500, 20500, DeliveryOutcomeUnknown),
        (503, 21211, DeliveryOutcomeUnknown),
        (302, None, DeliveryOutcomeUnknown),
        (408, None, DeliveryOutcomeUnknown),
        (403, None, DeliveryBlocked),
        (400, None, DeliveryRejected),
    ],
)
def test_a_refused_create(status: int, code: int | None, kind: type[DeliveryError]) -> None:
    made = error(status, {"code": code, "message": "about +15550109876", "status": status})
    assert type(made) is kind
    assert made.provider_code == code
    assert made.http_status == status
    assert str(status) in made.safe_message


@pytest.mark.parametrize(("code", "account"), [(20003, True), (20404, False), (21210, False)])
def test_a_blocked_create_says_whether_the_account_is_what_is_refused(
    code: int, account: bool
) -> None:
    made = error(401, {"code": code})
    assert isinstance(made, DeliveryBlocked)
    assert made.account is account


@pytest.mark.parametrize("status", [302, 408, 500, 502, 503])
def test_a_read_may_be_repeated_where_a_create_may_not(status: int) -> None:
    assert type(error(status, method="GET")) is DeliveryTransient


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (401, 20003, DeliveryBlocked),
        (404, 20404, DeliveryBlocked),
        (400, 30410, DeliveryTransient),
        (429, 20429, DeliveryTransient),
    ],
)
def test_a_refused_read(status: int, code: int, kind: type[DeliveryError]) -> None:
    assert type(error(status, {"code": code}, method="GET")) is kind


def test_the_message_says_what_it_means_and_what_to_do_but_not_what_twilio_said() -> None:
    made = error(400, {"code": 21408, "message": "Permission ... region of +15550109876"})
    assert made.safe_message == (
        "Twilio answered 400, code 21408: SMS to the recipient's country is not enabled; "
        "enable the country in Messaging's geo permissions"
    )


@pytest.mark.parametrize(
    "body",
    [
        {"code": 21211, "message": "m", "more_info": "u", "status": 400},
        {"code": "21211"},
        # RFC 9457, as newer products answer
        {"type": "t", "title": "t", "status": 400, "code": 21211, "detail": "d"},
    ],
)
def test_the_code_is_found_in_either_format(body: object) -> None:
    assert error(400, body).provider_code == 21211


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"\xff\xfe",
        [21211],
        "21211",
        {"code": True},
        {"code": 400},
        {"code": "x"},
        {},
    ],
)
def test_a_body_without_a_code_has_none(body: object) -> None:
    made = error(400, body)
    assert made.provider_code is None
    assert type(made) is DeliveryRejected


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("3", 3.0),
        ("0", 0.0),
        ("1.5", 1.5),
        ("-5", 0.0),
        ("999999", 86_400.0),
        (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90.0),
        (format_datetime(NOW - timedelta(seconds=90), usegmt=True), 0.0),
    ],
)
def test_retry_after_is_kept(header: str, seconds: float) -> None:
    assert error(429, headers={"Retry-After": header}).retry_after == seconds


@pytest.mark.parametrize("header", ["", "soon", "nan", "inf", "1e999", "Mon, 99 Foo 2026"])
def test_a_retry_after_nobody_can_read_gives_way_to_the_tables_hint(header: str) -> None:
    assert error(429, headers={"Retry-After": header}).retry_after == 1
    assert error(400, {"code": 21611}, headers={"Retry-After": header}).retry_after == 300


def test_network_errors_are_named_by_class_and_never_by_text() -> None:
    outer = RuntimeError("url with To=+15550109876")
    outer.__cause__ = ConnectionResetError("to +15550109876")
    assert class_names(outer) == "RuntimeError < ConnectionResetError"
    made = [not_sent(outer), no_answer("POST", outer), no_answer("GET", outer)]
    made += [unreadable("POST", outer), unreadable("GET", outer)]
    assert [type(each) for each in made] == [
        DeliveryNotSent,
        DeliveryOutcomeUnknown,
        DeliveryTransient,
        DeliveryOutcomeUnknown,
        DeliveryTransient,
    ]
    for each in made:
        assert "5550109876" not in str(each)
        assert "ConnectionResetError" in str(each)


def test_naming_ends_for_errors_that_cause_each_other() -> None:
    one, two = ValueError("one"), TypeError("two")
    one.__cause__, two.__cause__ = two, one
    assert class_names(one) == "ValueError < TypeError"


@pytest.mark.parametrize(
    ("status", "success"), [(200, True), (201, True), (299, True), (300, False)]
)
def test_success_is_2xx(status: int, *, success: bool) -> None:
    assert is_success(status) is success
