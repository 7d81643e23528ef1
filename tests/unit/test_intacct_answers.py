from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_connector.errors import (
    SourceAuthError,
    SourceError,
    SourceProtocolError,
    SourceRateLimited,
    SourceRejected,
    SourceUnavailable,
)
from ml_connector.intacct.answers import interpret, retry_after
from ml_connector.intacct.errors import GatewayRefused, SessionDead
from ml_connector.intacct.ports import HttpReply
from ml_connector.intacct.reply import Reply
from tests.unit.intacct_stage import control_failed, http

NOW = datetime(2026, 8, 21, 12, 0, tzinfo=UTC)
PAGE = "<!DOCTYPE html><html><body>Service unavailable</body></html>"
CLOUDFLARE = '<html><div class="cf-error-details">Error</div></html>'
GOOD = (
    "<response><control><status>success</status><controlid>c-1</controlid></control><operation>"
    "<authentication><status>success</status></authentication>"
    "<result><status>success</status><data/></result></operation></response>"
)
JSON = '{{"ia::result": {{"ia::error": {{"code": "x", "errorId": "{}"}}}}}}'


def ask(answer: HttpReply, *, session_used: bool = True) -> Reply:
    return interpret(answer, now=NOW, session_used=session_used, control_id="c-1")


def test_a_good_reply_is_released() -> None:
    assert len(ask(http(GOOD)).results) == 1


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (http(PAGE), SourceUnavailable),
        (http(PAGE, 500), SourceUnavailable),
        (http(PAGE, 502), SourceUnavailable),
        (http(PAGE, 503), SourceUnavailable),
        (http(PAGE, 504), SourceUnavailable),
        (http("", 503), SourceUnavailable),
        (http(""), SourceUnavailable),
        (http(CLOUDFLARE, 520), SourceUnavailable),
        (http(CLOUDFLARE, 403), SourceUnavailable),
        (http(PAGE, 408), SourceUnavailable),
        (http(PAGE, 429), SourceRateLimited),
        (http("Too many", 429), SourceRateLimited),
        (http(PAGE, 404), SourceRejected),
        (http(PAGE, 403), SourceRejected),
        (http("", 302, location="https://example.com/"), SourceProtocolError),
        (http('[{"RECORDNO": "1"}]'), SourceProtocolError),
        (http('"RECORDNO","STATE"\n"1","Paid"\n'), SourceProtocolError),
        (http(JSON.format("GW-0010"), 429), SourceRateLimited),
        (http(JSON.format("GW-0001"), 500), SourceUnavailable),
        (http(JSON.format("GW-0011"), 400), GatewayRefused),
        (http(GOOD[:-30]), SourceUnavailable),
        (http(GOOD.replace("</result>", "</rezult>"), 200), SourceProtocolError),
        (http("<response>", 503), SourceUnavailable),
        (http("<rss/>", 500), SourceUnavailable),
        (http("<rss/>", 404), SourceRejected),
        (http(GOOD, 500), SourceUnavailable),
        (http("<response/>"), SourceUnavailable),
    ],
)
def test_what_comes_instead_of_a_reply(answer: HttpReply, kind: type[SourceError]) -> None:
    with pytest.raises(SourceError) as caught:
        ask(answer)
    assert type(caught.value) is kind


def test_http_4xx_with_xml_is_an_ordinary_answer() -> None:
    with pytest.raises(GatewayRefused) as caught:
        ask(control_failed("GW-0011", "Invalid Request", 400))
    assert caught.value.errorno == "GW-0011"
    with pytest.raises(SourceAuthError):
        ask(control_failed("XMLGW_JPP0002", "Sign-in information", 400), session_used=False)


def test_xml_with_a_server_error_means_what_the_xml_says() -> None:
    with pytest.raises(SourceUnavailable) as caught:
        ask(control_failed("GW-0001", "Unable to process request", 500))
    assert caught.value.errorno == "GW-0001"


def test_a_dead_session_is_told_apart_from_a_refused_login() -> None:
    body = (
        "<response><control><status>success</status></control><operation><authentication><status>"
        "failure</status><userid></userid><companyid></companyid></authentication><errormessage>"
        "<error><errorno>XL03000006</errorno><description2>Invalid session q.</description2>"
        "</error></errormessage></operation></response>"
    )
    with pytest.raises(SessionDead):
        ask(http(body))
    with pytest.raises(SourceAuthError) as caught:
        ask(http(body), session_used=False)
    assert not isinstance(caught.value, SessionDead)


def test_the_answer_to_another_request_is_not_taken_for_ours() -> None:
    with pytest.raises(SourceUnavailable, match="another request"):
        ask(http(GOOD.replace("c-1", "c-2")))
    assert ask(http(GOOD.replace("<controlid>c-1</controlid>", ""))).control_id == ""


def test_rate_limits_carry_the_wait_asked_for() -> None:
    for answer in (
        http(PAGE, 429, retry_after="7"),
        control_failed("GW-0010", "API rate limit exceeded", 429, retry_after="7"),
        control_failed("GW-0010", "API rate limit exceeded", 200, retry_after="7"),
        http(JSON.format("GW-0010"), 429, retry_after="7"),
    ):
        with pytest.raises(SourceRateLimited) as caught:
            ask(answer)
        assert caught.value.retry_after == 7.0


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("0", 0.0),
        (" 12 ", 12.0),
        ("Fri, 21 Aug 2026 12:00:30 GMT", 30.0),
        ("Fri, 21 Aug 2026 11:00:00 GMT", 0.0),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("999999", None),
        ("9" * 500, None),
        ("\u0665", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(header: str, seconds: float | None) -> None:
    assert retry_after(header, NOW) == seconds


@given(st.text(max_size=40))
def test_retry_after_is_read_from_any_text(header: str) -> None:
    found = retry_after(header, NOW)
    assert found is None or 0 <= found <= 3600


@given(st.binary(max_size=200), st.integers(100, 599))
def test_any_answer_is_a_reply_or_one_of_our_errors(body: bytes, status: int) -> None:
    try:
        assert isinstance(ask(HttpReply(status, {}, body)), Reply)
    except SourceError as error:
        assert error.safe_message  # noqa: PT017 - both ways are fine, and nothing else is
