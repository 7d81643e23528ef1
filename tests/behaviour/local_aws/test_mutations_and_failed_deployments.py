"""Negative controls: code changed in the deployed copy only; deployments that fail."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sandbox.aws.errors import LocalAwsError
from sandbox.aws.stack import Stack, deploy

pytestmark = pytest.mark.deployed

LAYER = "layers/greeting/greeting/__init__.py"


def test_a_mutation_changes_what_is_deployed_and_not_the_source(
    fixture_stack: Stack, fixture_template: Path, probe: Callable[..., Any]
) -> None:
    source = fixture_template.parent / LAYER
    before = source.read_text()
    change = (LAYER, "{word}, world", "{word} to nobody")

    mutated = deploy(fixture_stack.aws, fixture_template, name="mutated", mutations=[change])

    assert probe("look", stack=mutated, modules=[])["greeting"] == "hello to nobody"
    assert probe("look", modules=[])["greeting"] == "hello, world"
    assert source.read_text() == before


def test_a_failed_deployment_names_the_resource_and_the_reason(
    fixture_stack: Stack, tmp_path: Path
) -> None:
    template = tmp_path / "template.yaml"
    template.write_text("""
Resources:
  Settings:
    Type: AWS::Lambda::EventInvokeConfig
    Properties: { FunctionName: nobody, Qualifier: $LATEST }
""")
    with pytest.raises(LocalAwsError, match=r"Settings: .*not found: nobody"):
        deploy(fixture_stack.aws, template, name="broken")
