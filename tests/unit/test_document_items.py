"""What is remembered of bills and payments, to items and back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from ml_connector.domain.books import LineCoding
from ml_connector.domain.documents import CompanyState
from ml_connector.domain.payments import payment_first_seen
from ml_connector.store.company_items import company_item, company_of
from ml_connector.store.document_items import (
    document_item,
    document_of,
    payment_item,
    payment_of,
)
from tests.support.bills import COMPANY, MORNING, a_document
from tests.support.paying import a_payment

CODED = replace(
    a_document(),
    entity="E100",
    description="Rent of November",
    lines=(
        LineCoding("6000", "100", "L110", "P-1", "C1"),
        LineCoding(department="200", class_id="C2"),
    ),
    digest="k2f7",
    url="https://www.intacct.com/ia/acct/ur.phtml?.r=x",
    absent_since=MORNING,
    said_gone=True,
)


def test_what_routing_goes_by_comes_back_as_it_was() -> None:
    assert document_of(document_item(CODED, CODED.head, CODED.write_id)) == CODED


def test_an_item_written_before_there_were_lines_is_a_document_without_them() -> None:
    plain = a_document()
    item = document_item(plain, plain.head, plain.write_id)
    assert (item.lines, item.entity, item.description, item.digest) == (None, None, None, None)
    assert (item.url, item.absent_since, item.said_gone) == (None, None, None)
    assert document_of(item) == plain


def test_a_payment_keeps_its_entity_and_its_link() -> None:
    seen = replace(a_payment("1"), entity_id="E200", url="https://www.intacct.com/1")
    document = payment_first_seen(COMPANY, seen, MORNING)
    assert (document.entity, document.url) == ("E200", "https://www.intacct.com/1")
    assert payment_of(payment_item(document, document.head, "")) == document


def test_a_company_remembers_since_when_lines_have_been_failing() -> None:
    state = CompanyState(COMPANY, fence=3, lines_failing_since=MORNING)
    assert company_of(company_item(state)) == state
    assert company_of(company_item(CompanyState(COMPANY))) == CompanyState(COMPANY)


@pytest.mark.parametrize("minutes", [0, 330, -420])
def test_a_company_remembers_in_which_zone_its_stamps_were_read(minutes: int) -> None:
    state = CompanyState(COMPANY, utc_offset=timedelta(minutes=minutes))
    assert company_of(company_item(state)) == state
