"""The JSON Schema for editors: current, and of one mind with the checks about what is there."""

from __future__ import annotations

import json

import jsonschema
import pytest

from cli.files.places import load
from cli.flow.schema import text
from tools.tree import ROOT

FILE = ROOT / "flows" / "flow.schema.json"
SCHEMA = json.loads(FILE.read_text())
CHECK = jsonschema.Draft202012Validator(SCHEMA)
HEAD = "schema: 1\ncompanies: {acme: {name: A, zone: UTC}}\n"


def test_the_file_is_what_the_models_say_now() -> None:
    said = "out of date: python -m cli.flow.schema > flows/flow.schema.json"
    assert FILE.read_text() == text(), said
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_the_example_fits_it_and_names_it() -> None:
    example = (ROOT / "flows" / "flow.example.yaml").read_text()
    CHECK.validate(load(example, "flow.yaml").body)
    assert example.startswith(f"# yaml-language-server: $schema={FILE.name}\n")


@pytest.mark.parametrize(
    "rule",
    [
        "{name: a, on: bill.submitted, notify: [{sms: {to: ann}}]}",
        "{name: a, on: [bill.changed], when: {account: 6100}, notify: [{sms: {to: approver}}]}",
    ],
)
def test_single_values_may_stand_for_lists(rule: str) -> None:
    assert CHECK.is_valid(load(f"{HEAD}rules: [{rule}]", "flow.yaml").body)


@pytest.mark.parametrize(
    "rule",
    [
        "{name: a, on: bill.submited, notify: [{sms: {to: ann}}]}",
        "{name: a, on: bill.submitted, notify: []}",
        "{name: a, on: bill.submitted, notify: [{fax: {to: ann}}]}",
        "{name: a, on: bill.submitted, notify: [{sms: {to: ann}, voice: {to: ann}}]}",
        "{name: a, on: bill.submitted, notify: [{sms: {to: ann, confirm: true}}]}",
        "{name: a, on: bill.submitted, notify: [{sms: {to: ann, after: 10}}]}",
        "{name: a, on: bill.submitted, when: , notify: [{sms: {to: ann}}]}",
        "{name: a, on: bill.submitted, when: {amount: {at_least: 1}}, notify: [{sms: {to: ann}}]}",
        "{name: a, notify: [{sms: {to: ann}}]}",
    ],
)
def test_an_editor_marks_what_the_checks_refuse(rule: str) -> None:
    assert not CHECK.is_valid(load(f"{HEAD}rules: [{rule}]", "flow.yaml").body)


def test_a_flow_without_rules_and_without_a_matrix_is_marked() -> None:
    assert not CHECK.is_valid(load(HEAD, "flow.yaml").body)
    assert CHECK.is_valid(load(f"{HEAD}matrix: matrix.csv", "flow.yaml").body)
