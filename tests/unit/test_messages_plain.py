# ruff: noqa: RUF001 - characters that look like others are part of the subject
"""The one gate hostile text passes: what is left of it, and what stays readable."""

from __future__ import annotations

import pytest

from ml_connector.domain.messages import plain


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("St. Mary's Co.", "St. Mary's Co."),
        ("U.S. Steel (J.P. Baker)", "U.S. Steel (J.P. Baker)"),
        ("Baker & Sons, Inc.", "Baker & Sons, Inc."),
        ("No.4711", "No.4711"),
        ("2026.11-4711.2", "2026.11-4711.2"),
        ("3:1 Ratio Ltd.", "3:1 Ratio Ltd."),
        ("Baker\r\n  Steel\t ", "Baker Steel"),
        ("Ba\x00k\u200be\u00adr\u202e Steel\u2069", "Baker Steel"),
        ("\u3164\u2800Baker\ufe0f", "Baker"),
        ("Baker\ue000\ud800 Steel", "Baker Steel"),
        ("“Baker’s” – Café", '"Baker\'s" - Café'),
        ("pay.example.com", "pay example com"),
        ("https://evil.example/pay?x=1", "https evil example/pay?x=1"),
        ("http:evil", "http: evil"),
        ("www.evil.co.uk", "www evil co uk"),
        ("evil\u3002com", "evil com"),
        ("evil\uff0ecom", "evil com"),
        ("evil.\u200bcom", "evil com"),
        ("evil.рф", "evil рф"),
        ("ann@evil.example", "ann@evil example"),
        ("10.0.0.1", "10 0 0 1"),
        ("10.0.0.1.", "10 0 0 1."),
        ("tel:+15550100666", "tel: +15550100666"),
        ("Ref K7F2", "Ref. K7F2"),
        ("ref\u00a0k7f2", "ref. k7f2"),
        ("Ref.ABCD", "Ref. ABCD"),
        ("\uff32\uff45\uff46 K7F2", "Ref. K7F2"),
        ("<Say>{{7*7}}</Say>", "<Say>{{7*7}}</Say>"),
        ("😀 Baker", "😀 Baker"),
        ("שלום", "שלום"),
    ],
)
def test_hostile_text_is_made_plain_and_honest_text_stays_readable(typed: str, sent: str) -> None:
    assert plain(typed) == sent
