"""Building layers and functions: recipes, the cache, and mutations that do not fit."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from sandbox.aws import build as building
from sandbox.aws.build import Mutation, build
from sandbox.aws.errors import LocalAwsError

RESOURCES = {
    "Layer": {"Type": "AWS::Serverless::LayerVersion", "Properties": {"ContentUri": "layer/"}},
    "Function": {"Type": "AWS::Serverless::Function", "Properties": {"CodeUri": "function/"}},
    "Queue": {"Type": "AWS::SQS::Queue"},
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(building, "CACHE", tmp_path / "cache")
    (tmp_path / "layer").mkdir()
    (tmp_path / "layer" / "text.py").write_text("one = 1\n")
    (tmp_path / "layer" / "Makefile").write_text(
        "build-Layer:\n\tcp text.py $(ARTIFACTS_DIR)/\n\techo $(ML_CONNECTOR_RUNTIME)"
        " > $(ARTIFACTS_DIR)/runtime\n"
    )
    (tmp_path / "function" / "__pycache__").mkdir(parents=True)
    (tmp_path / "function" / "__pycache__" / "app.pyc").write_text("stale")
    (tmp_path / "function" / "app.py").write_text("two = 2\ntwo = 2\n")
    return tmp_path


def contents(archive: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        return {name: opened.read(name).decode() for name in opened.namelist()}


def test_layers_are_what_their_recipe_makes_and_functions_what_is_in_their_folder(
    project: Path,
) -> None:
    built = build(RESOURCES, project)
    assert set(built) == {"Layer", "Function"}
    layer = contents(built["Layer"])
    assert layer["text.py"] == "one = 1\n"
    assert layer["runtime"].startswith("python3.")
    assert list(contents(built["Function"])) == ["app.py"]


def test_an_unchanged_layer_is_not_built_again_and_is_the_same_file(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = build(RESOURCES, project)
    monkeypatch.setattr(building, "_run_recipe", lambda *_: pytest.fail("built again"))
    assert build(RESOURCES, project) == first


def test_a_changed_layer_is_built_again_and_replaces_what_was_kept(project: Path) -> None:
    build(RESOURCES, project)
    (project / "layer" / "text.py").write_text("one = 11\n")
    assert contents(build(RESOURCES, project)["Layer"])["text.py"] == "one = 11\n"
    assert len(list((project / "cache").iterdir())) == 1


def test_a_mutation_is_in_what_is_built_and_neither_in_the_source_nor_in_the_cache(
    project: Path,
) -> None:
    mutation = Mutation("layer/text.py", "1", "100")
    mutated = build(RESOURCES, project, [mutation])
    assert contents(mutated["Layer"])["text.py"] == "one = 100\n"
    assert (project / "layer" / "text.py").read_text() == "one = 1\n"
    assert contents(build(RESOURCES, project)["Layer"])["text.py"] == "one = 1\n"


@pytest.mark.parametrize(
    ("mutation", "said"),
    [
        (Mutation("layer/text.py", "absent", "x"), "occurs 0 times"),
        (Mutation("function/app.py", "two = 2", "x"), "occurs 2 times"),
        (Mutation("layer/nowhere.py", "x", "y"), "no such file"),
        (Mutation("elsewhere/text.py", "x", "y"), "in no function or layer"),
    ],
)
def test_a_mutation_that_does_not_fit_exactly_once_is_refused(
    project: Path, mutation: Mutation, said: str
) -> None:
    with pytest.raises(LocalAwsError, match=said):
        build(RESOURCES, project, [mutation])


def test_a_failing_recipe_says_what_it_said(project: Path) -> None:
    (project / "layer" / "Makefile").write_text("build-Layer:\n\techo no compiler; exit 3\n")
    with pytest.raises(LocalAwsError, match=r"building Layer failed:(.|\n)*no compiler"):
        build(RESOURCES, project)
