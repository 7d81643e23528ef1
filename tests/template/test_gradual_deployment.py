"""A new version is moved in by parts and taken back by an alarm; everything invokes the alias."""

from __future__ import annotations

import copy
import re
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.template.breaking import broken

FUNCTIONS = ("PollFunction", "SendFunction", "StatusCheckFunction")
VERSION = "AWS::Lambda::Version"
GROUP = "AWS::CodeDeploy::DeploymentGroup"
CODEDEPLOY = ("AWS::CodeDeploy::Application", GROUP)

# A parameter's other value, where its default has to become another one of those allowed.
OTHER = {
    "LogLevel": "DEBUG",
    "PythonRuntime": "python3.12",
    "Architecture": "x86_64",
    "Pace": "sandbox",
    "SessionCapSeconds": "60",
    "Timings": '{"grace": 300}',
}

Deploy = Callable[..., Any]


@pytest.fixture(scope="module")
def gradual(raw_template: dict[str, Any], deploy_as: Deploy) -> Any:
    return deploy_as(raw_template, Rollout="gradual")


def versions(deployed: Any) -> dict[str, tuple[str, str]]:
    """What makes CloudFormation publish a version, where it is another than before."""
    return {
        properties["FunctionName"]: (name, properties["Description"])
        for name, properties in deployed.of(VERSION).items()
    }


def names_in(value: Any) -> Iterator[str]:
    """Every name that a value of the template refers to: parameters, conditions, resources."""
    if isinstance(value, list):
        for item in value:
            yield from names_in(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key in ("Ref", "Condition") and isinstance(item, str):
                yield item
            elif key == "Fn::Sub":
                text = item if isinstance(item, str) else item[0]
                yield from re.findall(r"\$\{(\w+)\}", text)
            elif key == "Fn::If":
                yield item[0]
                yield from names_in(item[1:])
            else:
                yield from names_in(item)


def parameters_of_functions(raw: dict[str, Any]) -> set[str]:
    """The parameters that decide something about a function, directly or through a condition."""
    aside = {"VersionDescription", "DeploymentPreference", "Events"}
    places: list[Any] = [
        {k: v for k, v in raw["Globals"]["Function"].items() if k not in aside},
        *(
            {k: v for k, v in raw["Resources"][name]["Properties"].items() if k not in aside}
            for name in FUNCTIONS
        ),
    ]
    found = set(names_in(places))
    found |= {
        name
        for one in found & raw["Conditions"].keys()
        for name in names_in(raw["Conditions"][one])
    }
    return found & raw["Parameters"].keys()


@pytest.mark.parametrize("on_aws", ["true", "false"])
def test_schedules_the_queue_and_asynchronous_rules_are_those_of_the_alias(
    on_aws: str, raw_template: dict[str, Any], deploy_as: Deploy
) -> None:
    deployed = deploy_as(raw_template, OnAws=on_aws)
    aliases = deployed.of("AWS::Lambda::Alias")
    assert {a["FunctionName"]: a["Name"] for a in aliases.values()} == dict.fromkeys(
        FUNCTIONS, "live"
    )
    schedules = deployed.of("AWS::Scheduler::Schedule").values()
    (mapping,) = deployed.of("AWS::Lambda::EventSourceMapping").values()
    invoked = [*(s["Target"]["Arn"] for s in schedules), mapping["FunctionName"]]
    assert {aliases[one]["FunctionName"] for one in invoked} == set(FUNCTIONS)
    configs = deployed.of("AWS::Lambda::EventInvokeConfig").values()
    assert {c["FunctionName"]: c["Qualifier"] for c in configs} == {
        "PollFunction": "live",
        "StatusCheckFunction": "live",
    }


def test_the_functions_that_start_a_poll_start_the_alias_as_they_may(deployed: Any) -> None:
    functions = deployed.of("AWS::Lambda::Function")
    for name, role in (("PollFunction", "PollRole"), ("StatusCheckFunction", "StatusCheckRole")):
        target = functions[name]["Environment"]["Variables"]["POLL_FUNCTION"]
        assert target == f"{functions['PollFunction']['FunctionName']}:live"
        (policy,) = deployed.of("AWS::IAM::Role")[role]["Policies"]
        statements = policy["PolicyDocument"]["Statement"]
        (allowed,) = [s["Resource"] for s in statements if s["Action"] == "lambda:InvokeFunction"]
        assert allowed.endswith(f":function:{target}")


def test_on_aws_each_alias_moves_by_tenths_and_back_when_an_alarm_rings(gradual: Any) -> None:
    groups = gradual.of(GROUP)
    assert set(groups) == {f"{name}DeploymentGroup" for name in FUNCTIONS}
    for name in FUNCTIONS:
        group = groups[f"{name}DeploymentGroup"]
        assert (
            group["DeploymentConfigName"] == "CodeDeployDefault.LambdaLinear10PercentEvery3Minutes"
        )
        assert group["ServiceRoleArn"] == "DeploymentRole.Arn"
        assert group["AlarmConfiguration"]["Enabled"] is True
        assert {alarm["Name"] for alarm in group["AlarmConfiguration"]["Alarms"]} == {
            "PollErrorsAlarm",
            "SendErrorsAlarm",
            "StatusCheckErrorsAlarm",
            "DuplicatesAlarm",
        }
        assert group["AutoRollbackConfiguration"] == {
            "Enabled": True,
            "Events": [
                "DEPLOYMENT_FAILURE",
                "DEPLOYMENT_STOP_ON_ALARM",
                "DEPLOYMENT_STOP_ON_REQUEST",
            ],
        }
        update = gradual.resources[f"{name}Aliaslive"]["UpdatePolicy"]
        assert update["CodeDeployLambdaAliasUpdate"]["DeploymentGroupName"] == {
            "Ref": f"{name}DeploymentGroup"
        }


@pytest.mark.parametrize(
    "parameters",
    [{}, {"OnAws": "false"}, {"OnAws": "false", "Rollout": "gradual"}],
)
def test_locally_and_where_it_is_asked_for_the_alias_moves_at_once(
    parameters: dict[str, str], raw_template: dict[str, Any], deploy_as: Deploy
) -> None:
    deployed = deploy_as(raw_template, **parameters)
    assert not [r for r in deployed.template["Resources"].values() if r["Type"] in CODEDEPLOY]
    assert "DeploymentRole" not in deployed.resources
    for name in FUNCTIONS:
        assert "UpdatePolicy" not in deployed.resources[f"{name}Aliaslive"]


def test_production_moves_gradually(root: Path) -> None:
    settings = tomllib.loads((root / "samconfig.toml").read_text(encoding="utf-8"))
    given = settings["prod"]["deploy"]["parameters"]["parameter_overrides"].split()
    assert "Rollout=gradual" in given


def test_the_alarms_that_stop_a_deployment_end_by_themselves(gradual: Any) -> None:
    (names,) = {
        tuple(alarm["Name"] for alarm in group["AlarmConfiguration"]["Alarms"])
        for group in gradual.of(GROUP).values()
    }
    for name in names:
        # A count of what happened lately; a queue with something in it would ring until emptied.
        alarm = gradual.of("AWS::CloudWatch::Alarm")[name]
        assert alarm["Statistic"] == "Sum"
        assert alarm["TreatMissingData"] == "notBreaching"
        assert alarm["Namespace"] in {"AWS/Lambda", "MlConnector"}


@pytest.mark.parametrize("layer", ["ConnectorLayer", "DependenciesLayer"])
def test_another_layer_is_another_version_of_every_function(
    layer: str, raw_template: dict[str, Any], deploy_as: Deploy
) -> None:
    changed = copy.deepcopy(raw_template)
    # Something of the layer that the transform knows, as the address of its zip file is.
    changed["Resources"][layer]["Properties"]["Description"] = "another one"
    before, after = versions(deploy_as(raw_template)), versions(deploy_as(changed))
    for name in FUNCTIONS:
        assert before[name] != after[name]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("Resources/SendFunction/Properties/Timeout", 29),
        ("Resources/SendFunction/Properties/Handler", "other.handler"),
    ],
)
def test_any_change_of_a_function_is_another_version_of_it_alone(
    path: str, value: object, raw_template: dict[str, Any], deploy_as: Deploy
) -> None:
    before = versions(deploy_as(raw_template))
    after = versions(deploy_as(broken(raw_template, path, value)))
    assert {name for name in FUNCTIONS if before[name] != after[name]} == {"SendFunction"}


def test_every_parameter_that_reaches_a_function_makes_a_version(
    raw_template: dict[str, Any], deploy_as: Deploy
) -> None:
    reaching = parameters_of_functions(raw_template)
    assert {"Timings", "LogLevel", "Pace", "Stage", "PythonRuntime"} <= reaching
    before = versions(deploy_as(raw_template))
    for name in sorted(reaching):
        after = versions(deploy_as(raw_template, **{name: OTHER.get(name, "another")}))
        assert not [one for one in FUNCTIONS if before[one] == after[one]], name


def test_a_parameter_of_something_else_makes_none(
    raw_template: dict[str, Any], deploy_as: Deploy
) -> None:
    # Publishing what has not changed is an error of AWS's.
    after = versions(deploy_as(raw_template, LogRetentionDays="30", RootsLock="COMPLIANCE"))
    assert versions(deploy_as(raw_template)) == after


def test_a_version_that_is_not_described_by_a_parameter_is_noticed(
    raw_template: dict[str, Any], deploy_as: Deploy
) -> None:
    path = "Resources/SendFunction/Properties/VersionDescription"
    template = broken(raw_template, path, {"Fn::Sub": "${Stage}"})
    with pytest.raises(AssertionError):
        test_every_parameter_that_reaches_a_function_makes_a_version(template, deploy_as)


def test_the_description_of_a_version_is_as_short_as_lambda_wants_it(
    raw_template: dict[str, Any], deploy_as: Deploy
) -> None:
    longest = {"Stage": "a" * 16, "LogLevel": "ERROR", "SessionCapSeconds": "86400"}
    for _, description in versions(deploy_as(raw_template, **longest, Timings="t" * 100)).values():
        assert len(description) <= 256


def test_versions_are_kept_to_go_back_to(raw_template: dict[str, Any], deploy_as: Deploy) -> None:
    kept = {
        resource["DeletionPolicy"]
        for resource in deploy_as(raw_template).resources.values()
        if resource["Type"] == VERSION
    }
    assert kept == {"Retain"}
