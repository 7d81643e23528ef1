"""The layers as they are built: complete, lean, compiled, and refused for the wrong Python."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path
from typing import Any

import boto3
import pytest

from sandbox.aws.build import build
from sandbox.aws.local import RUNTIME

LAYERS = {"ConnectorLayer": "connector", "DependenciesLayer": "dependencies"}
# Bytes unpacked; Lambda allows 250 MB for all layers and the function together.
LARGEST = 40_000_000
REGIONS = ["us-east-1", "eu-central-1", "us-gov-west-1", "cn-north-1"]
SERVICES = ["dynamodb", "lambda", "s3", "secretsmanager", "sns", "sqs"]

# What the functions use of the layer, by the ways in which it could have been cut too much.
USE = """
import importlib.metadata, json, sys, zoneinfo
import boto3, defusedxml.ElementTree, pynamodb.models, requests, twilio.rest
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.utilities import batch, parameters
client = twilio.rest.Client("AC0", "token")
client.messages, client.calls, client.studio.v2.flows, client.verify, client.lookups
client.messaging.v1.services, importlib.metadata.version("twilio")
boto3.resource("dynamodb", region_name="us-east-1")
zoneinfo.reset_tzpath(to=())  # the zones must come with the layer, not with the machine
zoneinfo.ZoneInfo("America/Chicago")
regions, services = json.loads(sys.argv[1])
endpoint = lambda s, region: boto3.client(s, region_name=region).meta.endpoint_url
print(json.dumps({region: {s: endpoint(s, region) for s in services} for region in regions}))
"""


@pytest.fixture(scope="module")
def layers(raw_template: dict[str, Any], root: Path) -> dict[str, zipfile.ZipFile]:
    resources = {name: raw_template["Resources"][name] for name in LAYERS}
    built = build(resources, root)
    return {name: zipfile.ZipFile(io.BytesIO(content)) for name, content in built.items()}


def names(archive: zipfile.ZipFile) -> list[str]:
    return [entry.filename for entry in archive.infolist()]


def test_the_connector_layer_is_the_package_and_nothing_else(
    layers: dict[str, zipfile.ZipFile],
) -> None:
    assert {name.split("/")[1] for name in names(layers["ConnectorLayer"])} == {"ml_connector"}
    assert "python/ml_connector/errors.py" in names(layers["ConnectorLayer"])


@pytest.mark.parametrize("layer", LAYERS)
def test_every_module_has_bytecode_that_is_used_without_looking_at_the_source(
    layer: str, layers: dict[str, zipfile.ZipFile]
) -> None:
    archive = layers[layer]
    compiled = {name for name in names(archive) if name.endswith(".pyc")}
    for name in names(archive):
        if name.endswith(".py"):
            folder, module = name.removesuffix(".py").rsplit("/", 1)
            assert f"{folder}/__pycache__/{module}.{sys.implementation.cache_tag}.pyc" in compiled
    # PEP 552: the second word's lowest bit says checked by hash, the next one says not even that.
    assert {archive.read(name)[4:8] for name in compiled} == {b"\x01\x00\x00\x00"}


def test_nothing_in_the_layers_is_for_one_processor(layers: dict[str, zipfile.ZipFile]) -> None:
    for archive in layers.values():
        assert not [name for name in names(archive) if name.endswith((".so", ".pyd", ".dylib"))]


def test_the_layers_are_lean(layers: dict[str, zipfile.ZipFile]) -> None:
    assert sum(e.file_size for a in layers.values() for e in a.infolist()) < LARGEST
    found = {name.split("/")[1] for name in names(layers["DependenciesLayer"])}
    assert not {"aiohttp", "bin", "pydantic", "phonenumbers", "yaml", "aws_xray_sdk"} & found


def test_all_that_is_used_works_in_an_interpreter_that_has_nothing_else(
    layers: dict[str, zipfile.ZipFile], tmp_path: Path
) -> None:
    layers["DependenciesLayer"].extractall(tmp_path)
    venv.create(tmp_path / "bare", with_pip=False, symlinks=True)
    path = f"import sys; sys.path.insert(0, {str(tmp_path / 'python')!r})"
    done = subprocess.run(
        [
            tmp_path / "bare" / "bin" / "python",
            *("-I", "-W", "error", "-c", f"{path}\n{USE}", json.dumps([REGIONS, SERVICES])),
        ],
        env={"AWS_EC2_METADATA_DISABLED": "true", "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    # Cutting botocore's data down has not moved an endpoint.
    assert json.loads(done.stdout) == {
        region: {s: boto3.client(s, region_name=region).meta.endpoint_url for s in SERVICES}
        for region in REGIONS
    }


@pytest.mark.parametrize(("layer", "folder"), LAYERS.items())
def test_a_build_with_another_python_than_the_runtimes_fails_in_one_line(
    layer: str, folder: str, root: Path, tmp_path: Path
) -> None:
    environment = os.environ | {
        "ARTIFACTS_DIR": str(tmp_path),
        "ML_CONNECTOR_RUNTIME": "python3.99",
    }
    variables = [f"PYTHON={sys.executable}", "ML_CONNECTOR_RUNTIME=python3.99"]
    done = subprocess.run(
        ["make", "-s", f"build-{layer}", *variables],  # noqa: S607
        cwd=root / "layers" / folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    said = done.stderr.splitlines()[0]
    assert said == f"the layer is for python3.99 but {sys.executable} is {RUNTIME}"
    assert list(tmp_path.iterdir()) == []


def test_the_layers_are_built_for_the_templates_runtime(
    root: Path, raw_template: dict[str, Any]
) -> None:
    default = raw_template["Parameters"]["PythonRuntime"]["Default"]
    for folder in LAYERS.values():
        makefile = (root / "layers" / folder / "Makefile").read_text(encoding="utf-8")
        assert f"$(or $(ML_CONNECTOR_RUNTIME),{default})" in makefile
