"""Building what a template deploys: its layers by their own recipes, its functions as they are.

The same Makefiles that `sam build` runs, with the Python at hand as the runtime. A layer is built
once per content: the result is kept under .local/build, named by a hash of everything it is made
of. Zip files are reproducible, so that an unchanged layer is an unchanged resource.
"""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from sandbox.aws.errors import LocalAwsError
from sandbox.aws.local import ROOT, RUNTIME, fast_folder

CACHE = ROOT / ".local" / "build"
_LAYER = "AWS::Serverless::LayerVersion"
_FUNCTION = "AWS::Serverless::Function"
# The property that names the folder of each.
SOURCES = {_LAYER: "ContentUri", _FUNCTION: "CodeUri"}
# The oldest time a zip file can express, so that the same content is the same file.
_NO_TIME = (1980, 1, 1, 0, 0, 0)


class Mutation(NamedTuple):
    """One change to a source file, made in the copy that is built and nowhere else.

    `path` is relative to the template's folder (`functions/send/app.py`); `old` must occur in that
    file exactly once. For negative controls: a protection is taken out of the deployed code, and a
    test shows that its absence is noticed, with no switch in the code that ships.
    """

    path: str
    old: str
    new: str


def build(
    resources: Mapping[str, Any], folder: Path, mutations: Iterable[Mutation] = ()
) -> dict[str, bytes]:
    """A zip file for every function and layer in `resources`, by logical id.

    `resources` is the template's section, `folder` where its relative paths begin.
    Raises LocalAwsError where a recipe fails or a mutation does not fit.
    """
    waiting = list(mutations)
    built = {}
    for logical_id, resource in resources.items():
        if resource["Type"] not in SOURCES:
            continue
        source = folder / resource["Properties"][SOURCES[resource["Type"]]]
        ours = [m for m in waiting if (folder / m.path).resolve().is_relative_to(source.resolve())]
        waiting = [m for m in waiting if m not in ours]
        if resource["Type"] == _LAYER:
            built[logical_id] = _layer(logical_id, source, folder, ours)
        else:
            with _copied(source, folder, ours) as copy:
                built[logical_id] = _zipped(copy)
    if waiting:
        raise LocalAwsError(f"{waiting[0].path} is in no function or layer of the template")
    return built


def _layer(logical_id: str, source: Path, folder: Path, mutations: list[Mutation]) -> bytes:
    with _copied(source, folder, mutations) as copy:
        if mutations:
            return _run_recipe(logical_id, copy)
        prefix = f"{logical_id}-{RUNTIME}-"
        kept = CACHE / f"{prefix}{_fingerprint(copy)}.zip"
        with suppress(FileNotFoundError):
            return kept.read_bytes()
        content = _run_recipe(logical_id, copy)
        CACHE.mkdir(parents=True, exist_ok=True)
        for stale in CACHE.glob(f"{prefix}*.zip"):
            stale.unlink(missing_ok=True)
        # Written aside and moved into place: another start may be looking for it right now.
        with tempfile.NamedTemporaryFile(dir=CACHE, delete=False) as part:
            part.write(content)
        Path(part.name).replace(kept)
        return content


def _run_recipe(logical_id: str, folder: Path) -> bytes:
    """What `make build-<logical id>` in `folder` makes, as a zip file."""
    with tempfile.TemporaryDirectory(prefix="ml-connector-build-", dir=fast_folder()) as artifacts:
        # Without what an outer make would tell an inner one.
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))}
        environment |= {"ARTIFACTS_DIR": artifacts, "ML_CONNECTOR_RUNTIME": RUNTIME}
        command = ["make", "-C", str(folder), f"build-{logical_id}", f"PYTHON={sys.executable}"]
        try:
            done = subprocess.run(
                command, env=environment, capture_output=True, text=True, check=False
            )
        except FileNotFoundError:
            raise LocalAwsError("`make` is not installed; the layers are built with it") from None
        if done.returncode != 0:
            output = "\n".join((done.stdout + done.stderr).strip().splitlines()[-10:])
            raise LocalAwsError(f"building {logical_id} failed:\n{output}")
        return _zipped(Path(artifacts))


@contextmanager
def _copied(source: Path, root: Path, mutations: list[Mutation]) -> Iterator[Path]:
    """A temporary copy of a source folder, without bytecode, with mutations made."""
    with tempfile.TemporaryDirectory(prefix="ml-connector-source-") as folder:
        copy = Path(folder) / "source"
        shutil.copytree(source, copy, ignore=shutil.ignore_patterns("__pycache__"))
        for mutation in mutations:
            inside = (root / mutation.path).resolve().relative_to(source.resolve())
            _mutate(copy / inside, mutation)
        yield copy


def _mutate(file: Path, mutation: Mutation) -> None:
    if not file.is_file():
        raise LocalAwsError(f"mutation of {mutation.path}: there is no such file")
    text = file.read_text(encoding="utf-8")
    found = text.count(mutation.old)
    if found != 1:
        raise LocalAwsError(
            f"mutation of {mutation.path}: {mutation.old!r} occurs {found} times, not once"
        )
    file.write_text(text.replace(mutation.old, mutation.new), encoding="utf-8")


def _files(folder: Path) -> Iterator[tuple[str, bytes]]:
    for file in sorted(folder.rglob("*")):
        if file.is_file():
            yield file.relative_to(folder).as_posix(), file.read_bytes()


def _fingerprint(folder: Path) -> str:
    digest = hashlib.sha256(sys.version.encode())
    for name, content in _files(folder):
        digest.update(f"\0{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()[:20]


def _zipped(folder: Path) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, content in _files(folder):
            entry = zipfile.ZipInfo(name, _NO_TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content)
    return buffer.getvalue()
