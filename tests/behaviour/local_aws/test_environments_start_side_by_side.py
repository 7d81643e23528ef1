"""Cold starts at the same time: one that fails is one failure, and no folder stays behind."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest

from sandbox.aws import wait
from sandbox.aws.local import LocalAws
from sandbox.aws.stack import Stack, deploy

pytestmark = pytest.mark.deployed

LAYER = "layers/greeting/greeting/__init__.py"
AT_ONCE = 6


def folders(aws: LocalAws, function: str) -> set[Path]:
    """Where execution environments of a function are, or were, unpacked."""
    temp = Path(psutil.Process(aws.pid).environ()["TMPDIR"])
    return set(temp.glob(f"ministack-lambda-{function}-*"))


def invoke(stack: Stack) -> dict[str, Any]:
    reply: dict[str, Any] = stack.aws.client("lambda").invoke(
        FunctionName=stack.outputs["ProbeName"], Payload=json.dumps({"do": "look", "modules": []})
    )
    return {"failed": "FunctionError" in reply, "said": json.loads(reply["Payload"].read())}


def starting(fixture_template: Path, aws: LocalAws, name: str, words: str) -> Stack:
    """A stack whose environments do this when they start, before anything else."""
    source = (fixture_template.parent / LAYER).read_text(encoding="utf-8")
    first = source.splitlines()[0]
    return deploy(aws, fixture_template, name=name, mutations=[(LAYER, first, f"{first}\n{words}")])


def at_once(stack: Stack) -> list[dict[str, Any]]:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(lambda _: invoke(stack), range(AT_ONCE)))


def test_one_that_fails_to_start_takes_no_other_with_it(
    fixture_stack: Stack, fixture_template: Path, tmp_path: Path
) -> None:
    marker = tmp_path / "somebody was first"
    words = f"""
import pathlib
import time
try:
    pathlib.Path({str(marker)!r}).mkdir()
except FileExistsError:
    time.sleep(1.0)
else:
    time.sleep(0.3)  # until the others are starting, too
    raise RuntimeError("the first one fails")
"""
    stack = starting(fixture_template, fixture_stack.aws, "first-fails", words)

    answers = at_once(stack)

    failed = [answer["said"]["errorMessage"] for answer in answers if answer["failed"]]
    assert len(failed) == 1, failed
    assert "the first one fails" in failed[0]
    assert not invoke(stack)["failed"]
    assert 0 < len(folders(stack.aws, stack.outputs["ProbeName"])) <= AT_ONCE


def test_those_replaced_while_they_start_leave_no_folder(
    fixture_stack: Stack, fixture_template: Path
) -> None:
    words = "PADDING = " + repr("x" * (8 << 20))
    stack = starting(fixture_template, fixture_stack.aws, "replaced", words)
    aws, function = stack.aws, stack.outputs["ProbeName"]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        running = [pool.submit(invoke, stack) for _ in range(3 * AT_ONCE)]
        for timeout in range(10, 30):
            aws.client("lambda").update_function_configuration(
                FunctionName=function, Timeout=timeout
            )
        for each in running:
            each.result()

    assert not invoke(stack)["failed"]
    wait.until(
        lambda: len(folders(aws, function)) <= len(stack.worker_pids("Probe")),
        "the folders to be gone",
        timeout=10.0,
    )
