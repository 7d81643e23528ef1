"""Bills described in files, for `flow test`."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from cli.console.failures import Failure
from cli.flow.bill_file import read_bill
from cli.flow.problems import Wrong
from ml_connector.domain.bills import BillState
from ml_connector.domain.books import LineCoding
from ml_connector.domain.money import Money

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
LEAST = '{"vendor_id": "V-100", "amount": "12500.00", "currency": "USD"'


def written(folder: Path, text: str, name: str = "bill.json") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def wrong(folder: Path, text: str) -> list[str]:
    with pytest.raises(Wrong) as caught:
        read_bill(written(folder, text))
    return [f"{one.line}: {one.path}: {one.found}" for one in caught.value.problems]


def test_a_bill_with_all_there_is_to_say(tmp_path: Path) -> None:
    described = read_bill(
        written(
            tmp_path,
            """{"number": 4711, "record_no": 12, "vendor_id": "V-100", "vendor": "Baker Steel",
            "amount": "12500.10", "currency": "EUR", "due": "2026-12-01", "entity": "100",
            "description": "rent", "state": "partially_approved", "level": 2, "company": "acme",
            "bill_approver": "VIC",
            "lines": [{"department": 300, "class": "C1"}, {"department": "300", "class": "C1"}]}""",
        )
    )
    bill = described.bill
    assert (bill.number, bill.record_no, bill.due) == ("4711", "12", date(2026, 12, 1))
    assert bill.amount == Money(Decimal("12500.10"), "EUR")
    assert described.lines == (LineCoding(department="300", class_id="C1"),)
    assert (described.company, described.bill_approver) == ("acme", "VIC")
    document = described.document("acme", NOW)
    assert (document.state, document.level) == (BillState.PARTIALLY_APPROVED, 2)
    assert (document.id, document.lines, document.entity) == ("bill#12", described.lines, "100")


def test_little_is_enough_and_yaml_will_do(tmp_path: Path) -> None:
    text = "vendor_id: V-100\namount: 12500.10\ncurrency: USD\n"
    document = read_bill(written(tmp_path, text, "bill.yaml")).document("acme", NOW)
    assert document.amount == Money(Decimal("12500.10"), "USD")
    assert (document.state, document.level) == (BillState.SUBMITTED, 0)


def test_everything_wrong_is_said_at_once_with_its_line(tmp_path: Path) -> None:
    found = wrong(
        tmp_path,
        """{"vendorid": "V-100", "vendor": ["x"],
 "amount": "NaN", "currency": "usd", "due": "2026-13-01",
 "level": -1, "state": "paid",
 "lines": [{"departement": "400"}, 7, {"account": [1]}]}""",
    )
    assert sorted(found) == [
        "1: vendor: ['x']",
        "1: vendorid: the key 'vendorid'",
        "2: amount: 'NaN'",
        "2: currency: 'usd'",
        "2: due: '2026-13-01'",
        "3: level: -1",
        "3: state: 'paid'",
        "4: lines[1].departement: the key 'departement'",
        "4: lines[2]: 7",
        "4: lines[3].account: [1]",
    ]


@pytest.mark.parametrize("amount", ["true", '"Infinity"', '"1e30"', "null", '"12,5"', "[]"])
def test_what_is_no_amount_is_refused(tmp_path: Path, amount: str) -> None:
    text = f'{{"vendor_id": "V-1", "currency": "USD", "amount": {amount}}}'
    assert any("amount" in one or "nothing" in one for one in wrong(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[]", "an object that describes one bill"),
        ('{"vendor_id": "V-1"}', "2 things are wrong"),
        (LEAST + ', "lines": {}}', "a list of lines"),
        (LEAST + ', "amount": "1"}', "is there twice"),
        (LEAST, "bill.json"),
    ],
)
def test_what_describes_no_bill_is_refused(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(Failure) as caught:
        read_bill(written(tmp_path, text))
    assert words in caught.value.line


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bill.json"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(Failure, match="is not UTF-8"):
        read_bill(path)
