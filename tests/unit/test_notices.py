"""The words of notices about people, whatever the names."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_connector.domain.approvers import Approver
from ml_connector.domain.gsm7 import segments
from ml_connector.domain.messages import reference_in
from ml_connector.domain.notices import opt_out_sms, welcome_sms
from tests.support.properties import unhurried
from tests.support.world import number

ANN = Approver("ann", "Ann Approver", number(1), salt="salt", opted_out=True)
NAMES = st.text(max_size=120)
LANGUAGES = st.sampled_from(["en", "es", "es-MX", "de"])


@unhurried
@given(NAMES, NAMES, LANGUAGES)
def test_whatever_the_names_a_notice_has_two_segments_at_most_and_its_reference(
    company: str, who: str, language: str
) -> None:
    for text in (
        opt_out_sms(company, replace(ANN, name=who), "K7F3", language),
        welcome_sms(company, "K7F3", language),
    ):
        assert segments(text).parts <= 2
        assert reference_in(text) == "K7F3"


@pytest.mark.parametrize("language", ["en", "es"])
def test_the_usual_notice_is_one_cheap_segment(language: str) -> None:
    for text in (
        opt_out_sms("Acme AP", ANN, "K7F3", language),
        welcome_sms("Acme AP", "K7F3", language),
    ):
        assert segments(text) == ("GSM-7", segments(text).units, 1)


def test_a_person_without_a_name_goes_by_their_id() -> None:
    assert "ann gets no more texts" in opt_out_sms("Acme AP", replace(ANN, name=""), "K7F3", "en")


@pytest.mark.parametrize("word", ["Reply STOP", "HELP for help", "Intacct"])
def test_the_welcome_says_what_carriers_ask_for(word: str) -> None:
    assert word in welcome_sms("Acme AP", "K7F3", "en")
