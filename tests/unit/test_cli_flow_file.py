"""Flows as files: the example, everything that is refused, and who is named."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from cli.console.failures import Failure
from cli.files.flow_file import named, numbered, read_flow, unreached
from cli.files.people_file import read_people
from ml_connector.domain.approvers import Approver
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
"""


def person(name: str, phone: str = "+15550100001", *, active: bool = True) -> Approver:
    return Approver(name, name.title(), phone, "salt", active)


def written(folder: Path, text: str, name: str = "flow.yaml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_the_example_is_a_flow_and_names_only_people_of_the_other_example() -> None:
    flow = read_flow(EXAMPLE).flow
    people = read_people(ROOT / "flows" / "approvers.example.csv")
    assert {"ann", "bob", "cho"} == set(named(flow)) <= {row.id for row in people}
    assert len(flow.rules) == 4


def test_a_flow_reads_as_numbered_sentences(tmp_path: Path) -> None:
    assert numbered(read_flow(written(tmp_path, GOOD)).flow) == [
        (
            "1. When a bill is submitted with an amount of at least USD 10,000.00, "
            "text ann and text bob."
        ),
        "The default approver is cho: told in place of anybody who cannot be texted.",
        "The first rule that matches wins. What no rule matches tells nobody.",
    ]


def test_json_says_the_same_under_the_same_digest(tmp_path: Path) -> None:
    read = read_flow(written(tmp_path, GOOD))
    as_json = read_flow(written(tmp_path, canonical(read.body), "flow.json"))
    assert as_json.flow == read.flow
    assert (
        as_json.digest == read.digest == hashlib.sha256(canonical(read.body).encode()).hexdigest()
    )


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("schema: 1", "schema: 2", 1, "schema 2 is not 1"),
        ("zone: America/Chicago", "zone: America/Chikago", 3, "no IANA time zone"),
        ("currency: USD", "currency: usd", 8, "'usd' is not an ISO 4217 code"),
        ("currency: USD", "curency: USD", 8, "unknown key 'curency'"),
        ("at_least: 10000", "at_least: lots", 8, "'lots' is no amount"),
        ("on: [bill.submitted]", "on: [bill.submited]", 7, "unknown event 'bill.submited'"),
        ("notify: [{sms: {to: approver}}, {sms: {to: bob}}]", "notify: []", 10, "tells nobody"),
        ("{sms: {to: bob}}", "{fax: {to: bob}}", 10, "unknown key 'fax'"),
        ("rules:", "rule:", 5, "unknown key 'rule'"),
    ],
)
def test_what_the_functions_would_refuse_is_refused_here_with_its_line(
    tmp_path: Path, old: str, new: str, line: int, words: str
) -> None:
    path = written(tmp_path, GOOD.replace(old, new))
    with pytest.raises(Failure) as caught:
        read_flow(path)
    assert caught.value.line.startswith(f"{path}:{line}:")
    assert words in caught.value.line
    assert "\n" not in caught.value.line


@pytest.mark.parametrize("text", ["", "- 1", "words", "schema: 1", "null"])
def test_what_is_no_flow_at_all_is_refused(tmp_path: Path, text: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(Failure) as caught:
        read_flow(path)
    assert caught.value.line.startswith(f"{path}:1: flow: ")


def test_what_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "flow.yaml"
    path.write_bytes(b"schema: \xff\xfe")
    with pytest.raises(Failure, match="is not UTF-8 text"):
        read_flow(path)


def test_everybody_named_is_looked_for_and_said_why_not(tmp_path: Path) -> None:
    flow = read_flow(written(tmp_path, GOOD)).flow
    people = [person("ann"), person("bob", ""), person("dee")]
    assert [(one.approver, one.unknown) for one in unreached(flow, people)] == [
        ("bob", False),
        ("cho", True),
    ]
    assert str(unreached(flow, people)[0]) == "bob: cannot be texted: no phone number"
    assert unreached(flow, [person("ann"), person("bob"), person("cho")]) == []
