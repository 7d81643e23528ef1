"""Which endpoints a session may lead to."""

from __future__ import annotations

import pytest

from ml_connector.intacct.session import is_trusted


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://api.intacct.com/ia/xml/xmlgw.phtml",
        "https://na12.intacct.com/x",
        "https://intacct.com/",
        "https://API.INTACCT.COM/",
        "https://api.intacct.com:443/",
    ],
)
def test_https_under_intacct_com_is_trusted(endpoint: str) -> None:
    assert is_trusted(endpoint)


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://api.intacct.com/",
        "https://intacct.com.example.com/",
        "https://evilintacct.com/",
        "https://example.com/intacct.com",
        "https://example.com#.intacct.com",
        "https://example.com\\.intacct.com/",
        "https://user@api.intacct.com/",
        "https://api.intacct.com@example.com/",
        "https://api.intacct.com:8443/",
        "https://api.intacct.com:x/",
        "https://[api.intacct.com/",
        "https://127.0.0.1/",
        "ftp://api.intacct.com/",
        "//api.intacct.com/",
        "api.intacct.com",
        "",
    ],
)
def test_everything_else_is_not(endpoint: str) -> None:
    assert not is_trusted(endpoint)


def test_a_configured_host_is_trusted_and_then_only_that() -> None:
    assert is_trusted("http://127.0.0.1:8010/ia", "127.0.0.1")
    assert is_trusted("https://127.0.0.1/ia", "127.0.0.1")
    for other in ("http://127.0.0.2/", "https://api.intacct.com/", "file://127.0.0.1/x"):
        assert not is_trusted(other, "127.0.0.1")
