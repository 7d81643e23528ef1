"""The template through the real SAM CLI: validated, built, and deployed to the local AWS."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from sandbox.aws.local import ROOT, RUNTIME, LocalAws
from sandbox.aws.stack import Stack

pytestmark = [pytest.mark.deployed, pytest.mark.sam]

SECONDS = 120


@pytest.fixture(scope="session")
def sam() -> Path:
    """The SAM CLI in an environment of its own, made where it is missing."""
    prepare = [sys.executable, "-m", "tools.environment", "sam"]
    subprocess.run(prepare, cwd=ROOT, check=True)
    return ROOT / ".local" / "sam" / "bin" / "sam"


def local_overrides() -> list[str]:
    """The parameters of samconfig's local environment, and the Python at hand."""
    settings = tomllib.loads((ROOT / "samconfig.toml").read_text(encoding="utf-8"))
    given = settings["local"]["deploy"]["parameters"]["parameter_overrides"]
    return [*given.split(), f"PythonRuntime={RUNTIME}"]


def test_the_template_is_validated_built_and_deployed(sam: Path, tmp_path: Path) -> None:
    # The builder looks for the runtime's own command: let it find the Python at hand.
    path = tmp_path / "bin"
    path.mkdir()
    python = path / RUNTIME
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o700)
    built = tmp_path / "build"

    with LocalAws() as aws:
        environment = aws.environment() | {
            "PATH": f"{path}{os.pathsep}{os.environ['PATH']}",
            "ML_CONNECTOR_RUNTIME": RUNTIME,
            "SAM_CLI_TELEMETRY": "0",
            "__SAM_CLI_APP_DIR": str(tmp_path / "sam"),
            # Seconds between two looks at the stack; five by default.
            "SAM_CLI_POLL_DELAY": "0.5",
        }

        def run(*arguments: str) -> str:
            done = subprocess.run(
                [
                    sam,
                    *arguments,
                    "--config-file",
                    ROOT / "samconfig.toml",
                    "--config-env",
                    "local",
                ],
                cwd=ROOT,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=SECONDS,
                check=False,
            )
            assert done.returncode == 0, done.stdout
            return done.stdout

        overrides = ["--parameter-overrides", *local_overrides()]
        assert "is a valid SAM Template" in run("validate", "--lint")
        run("build", "--build-dir", str(built), *overrides)
        run("deploy", "--template-file", str(built / "template.yaml"), *overrides)

        stack = Stack(aws, "ml-connector-local")
        client = aws.client("lambda")
        for name in ("PollFunctionName", "SendFunctionName", "StatusCheckFunctionName"):
            found = client.get_function_configuration(FunctionName=stack.outputs[name])
            assert found["Runtime"] == RUNTIME
            assert [layer["Arn"].split(":")[6] for layer in found["Layers"]] == [
                "ml-connector-local-connector",
                "ml-connector-local-dependencies",
            ]

    for module in (
        "ConnectorLayer/python/ml_connector/errors.py",
        "DependenciesLayer/python/six.py",
    ):
        source = built / module
        assert source.exists()
        assert Path(importlib.util.cache_from_source(str(source))).exists()
