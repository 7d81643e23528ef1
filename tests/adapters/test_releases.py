"""A release is made of what was audited and committed, or not at all.

pip-audit and cyclonedx-py are the real ones; the vulnerability service stands on loopback.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import threading
import zipfile
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tools import audit, release
from tools.locks import DEV, LAYER, load_pyproject
from tools.tree import ROOT

NAME = "ml-connector-{}".format(load_pyproject(ROOT)["project"]["version"])


class Service:
    """A vulnerability service as OSV is, which knows what `known` says about a name and version."""

    def __init__(self) -> None:
        self.known: dict[tuple[str, str], list[str]] = {audit.KNOWN: ["CVE-2018-18074"]}
        self.status = 200
        self.asked: list[tuple[str, str]] = []
        self.address = ""

    def answer(self, query: dict[str, Any]) -> dict[str, Any]:
        name, version = query["package"]["name"], query["version"]
        self.asked.append((name, version))
        events = [{"introduced": "0"}, {"fixed": "99.0"}]
        affected = {
            "package": {"name": name, "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": events}],
        }
        ids = self.known.get((name, version), [])
        return {"vulns": [{"id": one, "affected": [affected]} for one in ids]} if ids else {}


@pytest.fixture
def service() -> Iterator[Service]:
    knowing = Service()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            body = json.dumps(knowing.answer(query)).encode()
            self.send_response(knowing.status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        knowing.address = f"http://127.0.0.1:{server.server_address[1]}/v1/query"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield knowing
        server.shutdown()
        thread.join()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A committed project with the layer's lock of this one, and a small one for development."""
    root = tmp_path / "project"
    for name in ("pyproject.toml", "README.md", "LICENSE", LAYER.path):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, root / name)
    (root / DEV.path).parent.mkdir()
    shutil.copy(ROOT / "requirements/uv.txt", root / DEV.path)
    (root / ".gitignore").write_text("build/\n")
    who = ["-c", "user.name=Ann", "-c", "user.email=ann@example.com"]
    for words in (["init", "--quiet"], ["add", "."], [*who, "commit", "--quiet", "-m", "first"]):
        subprocess.run(["git", *words], cwd=root, check=True)  # noqa: S607 - as tools.tree does
    return root


@pytest.fixture
def run(project: Path, service: Service, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """`make release` in that project."""
    monkeypatch.setattr(release, "ROOT", project)
    return lambda address=None: release.main(["--osv-url", address or service.address])


def test_a_release_holds_its_sources_the_list_of_what_ships_and_their_digests(
    run: Callable[..., int], project: Path, service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run() == 0
    layer, dev = (audit.pinned((project / lock.path).read_text()) for lock in (LAYER, DEV))
    assert set(service.asked) == layer | dev | {audit.KNOWN}
    printed = capsys.readouterr().out
    assert f"{LAYER.path}: {len(layer)} pins, no known vulnerability\n" in printed
    made = project / release.FOLDER
    assert sorted(path.name for path in made.iterdir()) == [
        release.SUMS,
        f"{NAME}.cdx.json",
        f"{NAME}.zip",
    ]
    ships = json.loads((made / f"{NAME}.cdx.json").read_text())
    assert (ships["bomFormat"], ships["specVersion"]) == ("CycloneDX", "1.6")
    component = ships["metadata"]["component"]
    assert f"{component['name']}-{component['version']}" == NAME
    assert component["licenses"][0]["license"]["id"] == "MIT"
    assert {(one["name"], one["version"]) for one in ships["components"]} == layer
    with zipfile.ZipFile(made / f"{NAME}.zip") as sources:
        assert f"{NAME}/{LAYER.path}" in sources.namelist()
    for line in (made / release.SUMS).read_text().splitlines():
        digest, name = line.split("  ")
        assert hashlib.sha256((made / name).read_bytes()).hexdigest() == digest
        assert line in printed


def no_release(project: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """The one line that says why there is none."""
    assert not (project / release.FOLDER).exists()
    (line,) = capsys.readouterr().err.splitlines()
    return str(line)


def test_a_vulnerable_pin_is_named_with_what_mends_it(
    run: Callable[..., int], project: Path, service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    pin = next(one for one in audit.pinned((project / LAYER.path).read_text()) if one[0] == "idna")
    service.known[pin] = ["CVE-2026-1"]
    assert run() == 1
    assert no_release(project, capsys) == (
        f"no release: {LAYER.path}: idna {pin[1]} has CVE-2026-1, fixed in 99.0"
    )


def test_a_service_that_knows_nothing_has_audited_nothing(
    run: Callable[..., int], project: Path, service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    service.known.clear()
    assert run() == 1
    assert "knows nothing against requests 2.19.1" in no_release(project, capsys)
    assert service.asked == [audit.KNOWN]


def test_a_service_that_cannot_be_reached_has_audited_nothing(
    run: Callable[..., int], project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("http://127.0.0.1:9/v1/query") == 1
    assert "the vulnerability service gave no answer" in no_release(project, capsys)


def test_a_service_that_fails_has_audited_nothing(
    run: Callable[..., int], project: Path, service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    service.status = 503
    assert run() == 1
    assert "the vulnerability service gave no answer" in no_release(project, capsys)


def test_what_is_not_committed_is_not_released(
    run: Callable[..., int], project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "README.md").write_text("# Something else\n")
    assert run() == 1
    assert "1 files differ from the last commit, README.md for one" in no_release(project, capsys)


def test_a_list_of_what_ships_that_lacks_a_pin_is_refused(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(release, "pinned", lambda _: {("colourful", "1.0")})
    with pytest.raises(release.ReleaseError, match=r"lacks \[\('colourful', '1\.0'\)\]"):
        release.list_what_ships(project, tmp_path / "list.json")
