"""The checks with bandit and checkov notice what is bad, wave nothing through, and stay offline."""

from __future__ import annotations

import copy
import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from sandbox.aws.template import load
from tools import check_bandit, check_checkov
from tools.tree import ROOT

SHELL = "import subprocess\n\n\ndef run(what):\n    subprocess.run(what, shell=True){}\n"

Template = dict[str, Any]


# ------------------------------------------------------------------------------------ bandit
def code(folder: Path, text: str) -> Path:
    (folder / "some.py").write_text(text)
    return folder


def test_code_without_a_finding_passes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check_bandit.main([str(code(tmp_path, "ANSWER = 42\n"))]) == 0
    assert capsys.readouterr().out == ""


def test_a_command_for_a_shell_is_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check_bandit.main([str(code(tmp_path, SHELL.format("")))]) == 1
    printed = capsys.readouterr().out
    assert "B602:subprocess_popen_with_shell_equals_true" in printed
    assert "some.py:5" in printed


def test_an_exception_with_its_id_and_a_reason_passes(tmp_path: Path) -> None:
    assert check_bandit.main([str(code(tmp_path, SHELL.format("  # nosec B602 # a test")))]) == 0


@pytest.mark.parametrize(
    "comment",
    [
        "# nosec",
        "# nosec B602",
        "#nosec: B602 # a test",
        "# nosec # a test",
        "# noqa: S602 # nosec",
    ],
)
def test_an_exception_without_an_id_or_a_reason_is_refused(
    tmp_path: Path, comment: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check_bandit.main([str(code(tmp_path, SHELL.format(f"  {comment}")))]) == 1
    assert "some.py:5: nosec wants the test's id and a reason" in capsys.readouterr().out


def test_a_folder_without_code_is_no_success(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check_bandit.main([str(tmp_path)]) == 1
    assert "there is no code in it" in capsys.readouterr().out


# ----------------------------------------------------------------------------------- checkov
def written(folder: Path, template: Template) -> Path:
    path = folder / "template.json"
    path.write_text(json.dumps(template))
    return path


@pytest.fixture(scope="module")
def template() -> Template:
    return load(ROOT / "template.yaml")


def test_what_is_public_or_unencrypted_in_a_copy_of_the_template_is_found(
    template: Template, tmp_path: Path
) -> None:
    worse = copy.deepcopy(template)
    bucket = worse["Resources"]["RootsBucket"]
    bucket["Properties"]["AccessControl"] = "PublicRead"
    del bucket["Metadata"]["checkov"]["skip"][0]["comment"]
    del worse["Resources"]["AlertsQueue"]["Properties"]["KmsMasterKeyId"]
    found = list(check_checkov.problems(check_checkov.look(written(tmp_path, worse))))
    assert any("S3::Bucket.RootsBucket: CKV_AWS_20 " in line for line in found)
    assert any("SQS::Queue.AlertsQueue: CKV_AWS_27 " in line for line in found)
    assert "AWS::S3::Bucket.RootsBucket: CKV_AWS_18 is skipped without a reason" in found
    assert len(found) == 3


@pytest.mark.parametrize("text", ["Resources: {}\n", "Resources: [\n"])
def test_a_template_that_checkov_cannot_see_anything_in_is_no_success(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "template.yaml"
    path.write_text(text)
    assert check_checkov.main([str(path)]) == 1
    assert capsys.readouterr().out == "checkov found nothing to look at\n"


@contextmanager
def way_out() -> Iterator[tuple[str, socket.socket]]:
    """A proxy's address on loopback, and what hears whoever would go through it."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}", listening


def called(listening: socket.socket) -> bool:
    try:
        listening.accept()[0].close()
    except BlockingIOError:
        return False
    return True


SMALL = {"Resources": {"Queue": {"Type": "AWS::SQS::Queue", "Properties": {}}}}


@pytest.mark.parametrize("offline", [True, False])
def test_checkov_asks_nobody_and_would_if_it_were_not_told_to_stay_offline(
    offline: bool, tmp_path: Path
) -> None:
    with way_out() as (proxy, listening):
        through = {"HTTPS_PROXY": proxy, "HTTP_PROXY": proxy, "HOME": str(tmp_path)}
        told = check_checkov.OFFLINE if offline else {}
        check_checkov.look(written(tmp_path, SMALL), {**told, **through})
        assert called(listening) is not offline
