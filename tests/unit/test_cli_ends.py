"""How commands end: status, one line, one JSON document, and nothing of what was secret."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
import typer
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    NoRegionError,
    ParamValidationError,
    ProfileNotFound,
)
from typer.testing import CliRunner, Result

from cli import main
from cli.console.failures import TRACEBACK_VARIABLE, Failure, Misused, explained
from cli.main import app
from ml_connector.errors import ConfigurationError, SourceAuthError, StoreRefused

HIDDEN = "hunter2"


def refusal(code: str, message: str = "said so") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "PutSecretValue")


@pytest.mark.parametrize(
    ("error", "status", "code", "words"),
    [
        (Failure("no stack"), 1, "failed", "no stack"),
        (Misused("which one?"), 2, "usage", "which one?"),
        (ConfigurationError("a rule is wrong"), 1, "configuration", "a rule is wrong"),
        (SourceAuthError("refused"), 1, "source_auth", "refused"),
        (refusal("AccessDenied"), 1, "aws", "use a role that may do this"),
        (StoreRefused("no", resource="table/audit"), 1, "store_refused", "OperatorPolicyArn"),
        (StoreRefused("no", resource="table/flows"), 1, "store_refused", "RuleEditorPolicyArn"),
        (refusal("ExpiredToken"), 1, "aws", "sign in to AWS again"),
        (refusal("Odd", "two\nlines"), 1, "aws", "AWS PutSecretValue: two lines (Odd)"),
        (NoCredentialsError(), 1, "aws_credentials", "no credentials were found"),
        (NoRegionError(), 1, "aws_region", "--region"),
        (ProfileNotFound(profile="x"), 1, "aws_profile", "--profile"),
        (EndpointConnectionError(endpoint_url="u"), 1, "aws_unreachable", "does not answer"),
        (ConnectTimeoutError(endpoint_url="u"), 1, "aws_unreachable", "does not answer"),
        (ParamValidationError(report=HIDDEN), 1, "aws", "could not be made"),
        (FileNotFoundError(2, "No such file", "f.yaml"), 1, "file", "f.yaml: No such file"),
        (OSError(28, "No space left on device"), 1, "output", "could not be written: No space"),
        (ValueError(HIDDEN), 1, "unexpected", "unexpected ValueError"),
    ],
)
def test_every_error_is_one_line_that_holds_no_secret(
    error: Exception, status: int, code: str, words: str
) -> None:
    why = explained(error)
    assert (why.status, why.code) == (status, code)
    assert words in why.line
    assert "\n" not in why.line
    assert HIDDEN not in why.line


def run(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


@pytest.fixture
def raising(monkeypatch: pytest.MonkeyPatch) -> Callable[[BaseException], None]:
    """Make `flow explain` end with an error."""

    def arrange(error: BaseException) -> None:
        def fail(*_: object) -> None:
            raise error

        monkeypatch.setattr("cli.commands.flow.read_flow", fail)

    return arrange


def test_an_error_nobody_expected_shows_its_place_and_nothing_it_held(
    raising: Callable[[BaseException], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    raising(ValueError(HIDDEN))
    result = run("flow", "explain", "f.yaml")
    assert result.exit_code == 1
    assert result.stderr.startswith("error: unexpected ValueError at flow.py:")
    assert len(result.stderr.splitlines()) == 1
    assert HIDDEN not in result.output
    monkeypatch.setenv(TRACEBACK_VARIABLE, "1")
    assert "Traceback" in run("flow", "explain", "f.yaml").stderr


def test_json_of_a_failure_is_one_document(raising: Callable[[BaseException], None]) -> None:
    raising(Failure("wrong", ["line 2: this", "line 3: that"]))
    result = run("flow", "explain", "f.yaml", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout) == {
        "ok": False,
        "error": {
            "code": "failed",
            "message": "wrong",
            "details": ["line 2: this", "line 3: that"],
        },
    }
    assert result.stderr == "error: wrong\n  line 2: this\n  line 3: that\n"


@pytest.mark.parametrize("error", [KeyboardInterrupt(), typer.Abort()])
def test_ctrl_c_ends_with_130_and_a_word(
    raising: Callable[[BaseException], None], error: BaseException
) -> None:
    raising(error)
    result = run("flow", "explain", "f.yaml")
    assert (result.exit_code, result.stderr) == (130, "error: interrupted\n")


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("nothing",), "No such command 'nothing'"),
        (("flow", "validat"), "Did you mean 'validate'? See ml-connector flow --help"),
        (("status", "--nope"), "No such option: --nope. See ml-connector status --help"),
        (("flow",), "ml-connector flow what? See ml-connector flow --help"),
        (("flow", "validate"), "Missing argument 'file'"),
        (("secrets", "set", "bank"), "'bank' is not one of"),
    ],
)
def test_misuse_ends_with_2_and_one_line(words: tuple[str, ...], complaint: str) -> None:
    result = run(*words)
    assert result.exit_code == 2
    assert complaint in result.stderr
    assert len(result.stderr.splitlines()) == 1
    document = json.loads(run(*words, "--json").stdout)
    assert document["error"]["code"] == "usage"


def test_hostile_text_in_an_error_does_not_reach_the_terminal(
    raising: Callable[[BaseException], None],
) -> None:
    raising(Failure("vendor \x1b[2J\x07[bold]x", ["row \x9b1m"]))
    result = run("flow", "explain", "f.yaml")
    assert result.stderr == "error: vendor  [2J [bold]x\n  row  1m\n"


def commands() -> list[str]:
    """Every command there is, as one types it."""
    found = []
    group = typer.main.get_command(app)
    for name, command in group.commands.items():  # type: ignore[attr-defined]
        nested = getattr(command, "commands", {})
        found += [f"{name} {sub}" for sub in nested] or [name]
    return found


def test_help_groups_commands_by_who_uses_them() -> None:
    text = run("--help").stdout
    headings = ["Set up", "Rules", "People", "On call"]
    places = [text.index(f" {heading} ") for heading in headings]
    assert places == sorted(places)
    assert run().stdout == text
    assert run().exit_code == 0
    assert set(main.ORDER) == {command.split()[0] for command in commands()}
    assert len(main.ORDER) <= 20


def with_a_reason() -> list[str]:
    """Every command that takes --reason."""
    return [
        command for command in commands() if "--reason" in run(*command.split(), "--help").stdout
    ]


def test_no_command_takes_a_reason_that_holds_a_phone_number() -> None:
    found = with_a_reason()
    assert {"alerts cancel", "approvers import", "approvers away", "flow push", "go-live"} <= {
        *found
    }
    for command in found:
        result = run(*command.split(), "--reason", "Ann said so, +1 555 010-0001")
        assert (result.exit_code, len(result.stderr.splitlines())) == (2, 1), command
        assert "looks like a phone number: 7 digits or more" in result.stderr
        assert "0001" not in result.output


@pytest.mark.parametrize("command", commands())
def test_every_command_has_help_and_json_and_none_takes_a_password(command: str) -> None:
    text = run(*command.split(), "--help").stdout
    assert "--json" in text
    assert "password" not in text.split("Options")[1].lower()
    assert "token" not in text.split("Options")[1].lower()
