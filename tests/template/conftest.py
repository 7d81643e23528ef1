"""The template as CloudFormation sees it: transformed by SAM, its values filled in.

`Ref X` becomes `X` and `GetAtt X.Arn` becomes `X.Arn`, so that a rule can say which resource a
value points to.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

from sandbox.aws.build import SOURCES
from sandbox.aws.local import ROOT
from sandbox.aws.template import Resolver, load

Properties = dict[str, Any]


class Region:
    """All the SAM translator wants of a boto3 session."""

    region_name = "us-east-1"


class _Names(dict[str, str]):
    """Every name that is not a parameter stands for itself."""

    def __missing__(self, name: str) -> str:
        return name


class Deployed:
    """What one template deploys with one set of parameters."""

    def __init__(self, raw: dict[str, Any], **parameters: str) -> None:
        self.raw = raw
        template = copy.deepcopy(raw)
        for resource in template["Resources"].values():
            if resource["Type"] in SOURCES:
                resource["Properties"][SOURCES[resource["Type"]]] = "s3://bucket/key"
        defaults = {name: str(p["Default"]) for name, p in template["Parameters"].items()}
        self.parameters = defaults | parameters
        translator = Translator({}, Parser(), boto_session=Region())
        self.template = translator.translate(template, dict(self.parameters))
        self._resolver = Resolver(
            self.template, _Names(self.parameters), lambda name, attribute: f"{name}.{attribute}"
        )

    def of(self, kind: str) -> dict[str, Properties]:
        """Properties of every resource of a type that is deployed, by logical id."""
        return {name: r["Properties"] for name, r in self.resources.items() if r["Type"] == kind}

    @property
    def resources(self) -> dict[str, dict[str, Any]]:
        """Every resource whose condition holds, its properties filled in, by logical id."""
        return {
            name: {**resource, "Properties": self._resolver.value(resource.get("Properties", {}))}
            for name, resource in self.template["Resources"].items()
            if "Condition" not in resource or self._resolver.holds(resource["Condition"])
        }


@pytest.fixture(scope="session")
def raw_template() -> dict[str, Any]:
    """template.yaml as it is written. Not to be changed: copy it."""
    return load(ROOT / "template.yaml")


@pytest.fixture(scope="session")
def deployed(raw_template: dict[str, Any]) -> Deployed:
    """The template with its defaults: what a plain `sam deploy` makes."""
    return Deployed(raw_template, AlarmEmail="ops@example.com")


@pytest.fixture(scope="session")
def deploy_as() -> Callable[..., Deployed]:
    """Deploy a template, changed or not, with parameters."""
    return Deployed


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's folder."""
    return ROOT
