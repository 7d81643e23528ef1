"""Flows as files: the example, what is published, and who is named."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from cli.console.failures import Failure
from cli.files.flow_file import numbered, read_flow
from cli.files.people_file import read_people
from cli.files.places import load
from cli.people_flow import mentions
from ml_connector.domain.audit import canonical
from tools.tree import ROOT

EXAMPLE = ROOT / "flows" / "flow.example.yaml"
GOOD = """\
schema: 1
companies:
  acme: {name: Acme AP, zone: America/Chicago}
default_approver: cho
rules:
  - name: large
    on: [bill.submitted]
    when: {amount: {at_least: 10000, currency: USD}}
    approver: ann
    notify: [{sms: {to: approver}}, {sms: {to: bob}}]
  - name: everything else
    on: bill.submitted
    notify: [{sms: {to: approver}}]
"""


def written(folder: Path, text: str, name: str = "flow.yaml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_the_example_is_a_flow_and_names_only_people_of_the_other_example() -> None:
    people = [row.id for row in read_people(ROOT / "flows" / "approvers.example.csv")]
    read = read_flow(EXAMPLE, people, "approvers.example.csv")
    assert {"ann", "bob", "cho"} == {one.who for one in mentions(read.body)} <= set(people)
    assert [company.key for company in read.flow.companies] == ["acme", "acme-mx"]
    assert read.warnings == ()


def test_the_rules_of_the_matrix_stand_between_exceptions_and_everything_else() -> None:
    names = [rule.name for rule in read_flow(EXAMPLE).flow.rules]
    matrix = [number for number, name in enumerate(names) if name.startswith("matrix: ")]
    assert matrix == list(range(matrix[0], matrix[-1] + 1))
    assert names[matrix[0] - 1] == "large payments that came back"
    assert names[matrix[-1] + 1] == "Intacct cannot be read"


def test_a_flow_reads_as_numbered_sentences(tmp_path: Path) -> None:
    assert numbered(read_flow(written(tmp_path, GOOD)).flow) == [
        (
            "1. When a bill is submitted with an amount of at least USD 10,000.00, "
            "text ann and text bob."
        ),
        "2. When a bill is submitted, text the approver.",
        ("The default approver is cho: told in place of anybody who cannot be found or reached."),
        "The first rule that matches wins. What no rule matches tells nobody.",
    ]


def test_json_says_the_same_under_the_same_digest(tmp_path: Path) -> None:
    read = read_flow(written(tmp_path, GOOD))
    same = json.dumps(load(GOOD, "flow.yaml").body, indent="\t")
    as_json = read_flow(written(tmp_path, same, "flow.json"))
    assert as_json.flow == read.flow
    assert (
        as_json.digest == read.digest == hashlib.sha256(canonical(read.body).encode()).hexdigest()
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("[bill.submitted]", "bill.submitted"),
        ("at_least: 10000", "at_least: 10000.00"),
        ("at_least: 10000", 'at_least: "10000"'),
        ("name: Acme AP", 'name: "Acme AP"'),
        ("default_approver: cho", "# a remark\ndefault_approver: 'cho'"),
        ("{sms: {to: bob}}", "{sms: {to: bob, after: 0s, detail: full, urgent: false}}"),
        ("approver: ann", "approver: ann\n    reply_confirms: false"),
    ],
)
def test_the_digest_is_the_same_for_the_same_meaning(tmp_path: Path, old: str, new: str) -> None:
    digest = read_flow(written(tmp_path, GOOD)).digest
    assert old in GOOD
    assert read_flow(written(tmp_path, GOOD.replace(old, new))).digest == digest


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("at_least: 10000", "at_least: 10001"),
        ("currency: USD", "currency: EUR"),
        ("to: bob", "to: cho"),
        ("America/Chicago", "America/Denver"),
        ("{sms: {to: bob}}", "{sms: {to: bob, after: 1s}}"),
        ("zone: America/Chicago", "zone: America/Chicago, calendar: {close: {last: 3}}"),
    ],
)
def test_the_digest_is_another_for_another_meaning(tmp_path: Path, old: str, new: str) -> None:
    digest = read_flow(written(tmp_path, GOOD)).digest
    assert old in GOOD
    assert read_flow(written(tmp_path, GOOD.replace(old, new))).digest != digest


def test_what_is_published_has_seconds_exact_amounts_and_every_default(tmp_path: Path) -> None:
    rules = """
rules:
  - name: large
    on: [bill.partially_approved, bill.submitted]
    companies: acme
    when:
      amount: {between: [10000.5, 50000], currency: USD}
      vendor: {ids: 100, name: "Baker*"}
      department: [310, 300]
      class: A
      due_within: 2d
    approver: ann
    notify:
      - voice: {to: approver, confirm: true}
      - sms: {to: manager, after: 10m, unless: confirmed}
      - sms: {to: ap_lead, after: 2h, repeat: 1d, at_most: 3, urgent: true, detail: amount_only}
  - {name: rest, on: bill.submitted, notify: [{sms: {to: approver}}]}
"""
    text = GOOD[: GOOD.index("rules:")] + "ap_lead: bob" + rules
    body = read_flow(written(tmp_path, text)).body
    assert body["rules"][0] == {
        "name": "large",
        "on": ["bill.submitted", "bill.partially_approved"],
        "companies": ["acme"],
        "when": {
            "amount": {"at_least": "10000.50", "under": "50000", "currency": "USD"},
            "vendor": {"ids": ["100"], "name": "Baker*"},
            "department": ["300", "310"],
            "class": ["A"],
            "lines": "any",
            "due_within_days": 2,
        },
        "approver": "ann",
        "reply_confirms": False,
        "notify": [
            {
                "voice": {
                    "to": "approver",
                    "after": 0,
                    "attempts": 3,
                    "confirm": True,
                    "urgent": False,
                    "detail": "full",
                }
            },
            {
                "sms": {
                    "to": "manager",
                    "after": 600,
                    "unless": "confirmed",
                    "urgent": False,
                    "detail": "full",
                    "link": False,
                }
            },
            {
                "sms": {
                    "to": "ap_lead",
                    "after": 7200,
                    "repeat": 86400,
                    "at_most": 3,
                    "until": "handled",
                    "urgent": True,
                    "detail": "amount_only",
                    "link": False,
                }
            },
        ],
    }
    assert body["companies"]["acme"]["replies"] is True
    assert body["companies"]["acme"]["calendar"] == {
        "working": {"days": ["mon", "tue", "wed", "thu", "fri"], "from": "07:00", "to": "19:00"},
        "close": {"last": 2, "first": 5},
        "intervals": {"working": 120, "close": 60, "otherwise": 900},
        "holidays": [],
        "maintenance": [],
    }


def test_a_calendar_is_published_with_its_times_in_utc(tmp_path: Path) -> None:
    calendar = """zone: America/Chicago, calendar: {working: {days: [sat, mon], to: 12:30},
    intervals: {otherwise: 1h}, holidays: 2026-12-25,
    maintenance: [{from: 2026-12-05T22:00:00-06:00, to: 2026-12-06T04:00:00Z}]}"""
    text = GOOD.replace("zone: America/Chicago", calendar.replace("04:00:00Z", "05:00:00Z"))
    read = read_flow(written(tmp_path, text))
    published = read.body["companies"]["acme"]["calendar"]
    assert published["working"] == {"days": ["mon", "sat"], "from": "07:00", "to": "12:30"}
    assert published["intervals"] == {"working": 120, "close": 60, "otherwise": 3600}
    assert published["holidays"] == ["2026-12-25"]
    assert published["maintenance"] == [
        {"from": "2026-12-06T04:00:00+00:00", "to": "2026-12-06T05:00:00+00:00"}
    ]
    assert read.companies[0].startswith("Acme AP (acme), times in America/Chicago: looked at ")
    for words in (
        "every 2 minutes Mon, Sat 07:00-12:30",
        "every 1 minute on the last 2 and first 5 business days of a month",
        "every 1 hour otherwise",
        "holidays 2026-12-25",
        "maintenance from 2026-12-06 04:00 to 2026-12-06 05:00 UTC",
    ):
        assert words in read.companies[0]


def test_what_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "flow.yaml"
    path.write_bytes(b"schema: \xff\xfe")
    with pytest.raises(Failure, match="is not UTF-8 text"):
        read_flow(path)


def test_a_file_that_is_not_there_is_named_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "flow.yaml"
    with pytest.raises(Failure) as caught:
        read_flow(path)
    assert caught.value.line.startswith(f"{path}: there is no such file; ")
    assert "ml-connector init" in caught.value.line
