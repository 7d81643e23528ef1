"""One local AWS with the small application of `app/` deployed, shared by the tests here."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.aws.local import LocalAws
from sandbox.aws.stack import Stack, deploy

APP = Path(__file__).parent / "app"


@pytest.fixture(scope="session")
def fixture_template() -> Path:
    return APP / "template.yaml"


@pytest.fixture(scope="session")
def fixture_stack(fixture_template: Path) -> Iterator[Stack]:
    # Something of the user's that no function may see.
    os.environ["LOCAL_AWS_CANARY"] = os.environ["AWS_PROFILE"] = "somebody"
    try:
        with LocalAws() as aws:
            del os.environ["AWS_PROFILE"]
            yield deploy(aws, fixture_template, name="fixture")
    finally:
        del os.environ["LOCAL_AWS_CANARY"]


@pytest.fixture
def probe(fixture_stack: Stack) -> Callable[..., Any]:
    """Invoke the probe function and return what it returned, or its error."""

    def invoke(do: str, stack: Stack = fixture_stack, **event: Any) -> Any:
        reply = stack.aws.client("lambda").invoke(
            FunctionName=stack.outputs["ProbeName"], Payload=json.dumps({"do": do, **event})
        )
        return json.loads(reply["Payload"].read())

    return invoke
