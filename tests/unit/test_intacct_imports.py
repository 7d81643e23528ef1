"""What a function pays for at its cold start, and what it does not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

CODE = """
import sys
import ml_connector.intacct.{module}
print("\\n".join(sys.modules))
"""


def loaded_by(module: str) -> set[str]:
    layer = Path(__file__).parents[2] / "layers" / "connector"
    done = subprocess.run(
        [sys.executable, "-c", CODE.format(module=module)],
        capture_output=True,
        text=True,
        check=True,
        cwd=layer,
    )
    return set(done.stdout.split())


@pytest.mark.parametrize("module", ["source", "books", "memory", "credentials", "transport"])
def test_nothing_heavy_is_loaded(module: str) -> None:
    heavy = {"yaml", "pydantic", "lxml", "xmltodict", "boto3", "botocore", "twilio", "pynamodb"}
    assert not loaded_by(module) & heavy


def test_only_the_transport_loads_requests_and_only_a_login_loads_defusedxml() -> None:
    loaded = loaded_by("source")
    for name in ("requests", "urllib3", "defusedxml", "xml.etree.ElementTree"):
        assert name not in loaded
    assert "requests" in loaded_by("transport")


def test_a_poll_does_not_load_the_kinds_it_does_not_read() -> None:
    for module in ("source", "books"):
        assert "ml_connector.intacct.entities" not in loaded_by(module)


def test_the_package_needs_nothing_of_ours_but_domain_and_errors() -> None:
    ours = {name for name in loaded_by("source") if name.startswith("ml_connector.")}
    others = {name.split(".")[1] for name in ours} - {"intacct"}
    assert others == {"domain", "errors"}
