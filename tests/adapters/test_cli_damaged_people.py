"""Rows of people that nobody can read, as the commands name them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.adapters.cli_deployment import PEOPLE, Stack, deployed


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    with deployed(monkeypatch) as made:
        yield made


@pytest.fixture
def people(tmp_path: Path, stack: Stack) -> Path:
    """The file of everybody, who are imported."""
    path = tmp_path / "approvers.csv"
    path.write_text(PEOPLE)
    stack.json("approvers", "import", str(path), "--yes")
    return path


def spoil(stack: Stack, **attributes: dict[str, Any]) -> None:
    table = stack.outputs["ApproversTableName"]
    client = boto3.client("dynamodb")
    item = client.get_item(TableName=table, Key={"pk": {"S": "bob"}})["Item"]
    client.put_item(TableName=table, Item={**item, **attributes})


@pytest.mark.parametrize(
    ("attribute", "content"),
    [
        ("quiet_hours", {"S": "8pm to 8am"}),
        ("away_until", {"S": "12/24/2026"}),
        ("active", {"S": "yes"}),
        ("name", {"NULL": True}),
    ],
)
@pytest.mark.usefixtures("people")
def test_status_and_export_name_the_attribute_and_not_what_stands_in_it(
    stack: Stack, attribute: str, content: dict[str, Any]
) -> None:
    spoil(stack, **{attribute: content})
    (line,) = (one for one in stack.json("status")["look_at"] if "approver bob" in one)
    assert f"{attribute} is not what it has to be" in line
    assert not any(str(value) in line for value in content.values())
    exported = stack.json("approvers", "export")
    assert exported["unreadable"] == ["bob"]
    assert "bob" not in [person["id"] for person in exported["people"]]
    assert "approver bob" in stack.run("approvers", "export").stderr.replace("\n", " ")


def test_where_several_attributes_are_damaged_the_row_is_named_all_the_same(
    stack: Stack, people: Path
) -> None:
    assert people.exists()
    spoil(stack, quiet_hours={"S": "never"}, away_until={"S": "soon"})
    (line,) = (one for one in stack.json("status")["look_at"] if "approver bob" in one)
    assert "the row cannot be read. Nobody is told under this id" in line


def test_an_import_does_not_write_over_a_row_it_cannot_read(stack: Stack, people: Path) -> None:
    spoil(stack, away_until={"S": "12/24/2026"})
    result = stack.run("approvers", "import", str(people), "--yes")
    assert result.exit_code == 1
    assert "these rows cannot be read; nothing was imported" in result.stderr
    assert "away_until is not what it has to be" in result.stderr.replace("\n", " ")


def test_where_all_rows_can_be_read_nothing_is_said(stack: Stack, people: Path) -> None:
    assert people.exists()
    assert stack.json("approvers", "export")["unreadable"] == []
    assert not [one for one in stack.json("status")["look_at"] if "approver" in one]
