"""Reading templates and working out what a value is in one stack."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sandbox.aws.template import Resolver, load

TEMPLATE = """
Mappings: { Pace: { fast: { Seconds: "5" } } }
Conditions:
  IsFast: !Equals [!Ref Pace, fast]
  IsSlow: !Not [!Condition IsFast]
  Both: !And [!Condition IsFast, !Condition IsSlow]
  Either: !Or [!Condition IsFast, !Condition IsSlow]
Values:
  date: 2012-10-17
  ref: !Ref Pace
  attribute: !GetAtt Queue.Arn
  text: !Sub "${Pace}/${Queue.Arn}/${AWS::Region}"
  given: !Sub ["${x}", { x: !Ref Pace }]
  mapped: !FindInMap [Pace, !Ref Pace, Seconds]
  chosen: !If [IsSlow, slow, [!Ref Pace]]
  joined: !Join ["-", [a, !Ref Pace]]
  plain: { a: 1, b: [true] }
"""


@pytest.fixture
def template(tmp_path: Path) -> dict[str, Any]:
    path = tmp_path / "template.yaml"
    path.write_text(TEMPLATE)
    return load(path)


def test_every_value_is_filled_in(template: dict[str, Any]) -> None:
    names = {"Pace": "fast", "AWS::Region": "here"}
    resolver = Resolver(template, names, lambda name, attribute: f"<{name} {attribute}>")
    assert resolver.value(template["Values"]) == {
        "date": "2012-10-17",
        "ref": "fast",
        "attribute": "<Queue Arn>",
        "text": "fast/<Queue Arn>/here",
        "given": "fast",
        "mapped": "5",
        "chosen": ["fast"],
        "joined": "a-fast",
        "plain": {"a": 1, "b": [True]},
    }
    assert {name: resolver.holds(name) for name in template["Conditions"]} == {
        "IsFast": True,
        "IsSlow": False,
        "Both": False,
        "Either": True,
    }


@pytest.mark.parametrize("unknown", [{"Ref": "Nothing"}, {"Fn::ImportValue": "x"}])
def test_what_is_unknown_is_an_error_not_a_guess(
    template: dict[str, Any], unknown: dict[str, str]
) -> None:
    with pytest.raises(KeyError):
        Resolver(template, {}, lambda *_: "").value(unknown)
