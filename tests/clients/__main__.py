"""Other people's Intacct clients against the simulator, over HTTPS, as they are published.

    python -m tests.clients [NAME ...]

Each runs in an environment of its own and believes it talks to Intacct: only the name's address and
one trusted certificate are ours. It logs in, lists vendors, reads bills page by page and meets two
errors. The last line counts; the status is 1 where a client failed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sandbox.certificate import make
from sandbox.intacct import COMPANY_ID, SENDER_ID, SENDER_PASSWORD, USER_ID, USER_PASSWORD
from tools import npm
from tools.environment import ENVIRONMENTS, SetupError, run_quietly
from tools.tree import ROOT

from .judge import Expected, faults, read_books
from .simulator import HOST, Simulator, running

DRIVERS = Path(__file__).parent / "drivers"
SECONDS = 120


@dataclass(frozen=True, slots=True)
class Client:
    """One client: how to run its driver, and what it has to see."""

    command: Callable[[], list[str]]
    expected: Expected
    needs_node: bool = False


def _python(name: str) -> Callable[[], list[str]]:
    python = ROOT / ENVIRONMENTS[f"client-{name}"].folder / "bin" / "python"
    return lambda: [str(python), "-B", str(DRIVERS / f"drive_{name}.py")]


CLIENTS: Mapping[str, Client] = {
    "sageintacctsdk": Client(
        _python("sageintacctsdk"),
        Expected({"unknown field": "WrongParamsError", "wrong password": "InvalidTokenError"}),
    ),
    # It has one error for all.
    "pyintacct": Client(
        _python("pyintacct"),
        Expected(
            {"unknown field": "IntacctException", "wrong password": "IntacctException"},
            private=False,
        ),
    ),
    "intacct-sdk-js": Client(
        lambda: ["node", str(DRIVERS / "drive_intacct_sdk.cjs")],
        Expected({"unknown field": "ResultException", "wrong password": "ResponseException"}),
        needs_node=True,
    ),
}


def environment(simulator: Simulator, authority: Path, report: Path) -> dict[str, str]:
    """All a client gets of the machine: no proxy, no other credentials, no other authority."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "LANG": "C.UTF-8",
        "REQUESTS_CA_BUNDLE": str(authority),
        "NODE_EXTRA_CA_CERTS": str(authority),
        "SANDBOX_CLIENT": str(ROOT / npm.FOLDER),
        "SANDBOX_PORT": str(simulator.port),
        "SANDBOX_REPORT": str(report),
        "SANDBOX_SENDER_ID": SENDER_ID,
        "SANDBOX_SENDER_PASSWORD": SENDER_PASSWORD,
        "SANDBOX_COMPANY_ID": COMPANY_ID,
        "SANDBOX_USER_ID": USER_ID,
        "SANDBOX_USER_PASSWORD": USER_PASSWORD,
    }


def run(client: Client, variables: Mapping[str, str]) -> list[str]:
    """Run a driver, its output to ours; what went wrong, a line each."""
    try:
        done = subprocess.run(
            client.command(),
            env=dict(variables),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return [f"it did not end within {SECONDS} s"]
    print(done.stdout, end="")
    if done.returncode:
        return [f"it ended with status {done.returncode}", *done.stderr.splitlines()[-15:]]
    return []


def one(name: str, simulator: Simulator, folder: Path) -> bool:
    """Run one client and judge it; says how it went."""
    client, report = CLIENTS[name], folder / f"{name}.json"
    began = time.monotonic()
    try:
        if client.needs_node:
            npm.prepare(ROOT, run_quietly)
        simulator.admin.reset_tally()
        found = run(client, environment(simulator, folder / "authority.pem", report))
    except (SetupError, OSError) as error:
        found = str(error).splitlines()
    if not found:
        books = read_books(simulator.admin)
        found = faults(json.loads(report.read_text()), client.expected, books, simulator.admin)
        pages = [c for c in simulator.admin.calls() if c["object"] == "APBILL" and c["rows"]]
        print(f"  the simulator served it {len(pages)} pages of bills")
    print("".join(f"  {line}\n" for line in found), end="")
    print(f"{'FAILED' if found else 'passed'}  {name}  {time.monotonic() - began:.1f} s\n")
    return not found


def main(names: list[str]) -> int:
    """Run the named clients, or all of them."""
    unknown = [name for name in names if name not in CLIENTS]
    if unknown:
        print(f"no such client: {', '.join(unknown)}; there are: {', '.join(CLIENTS)}")
        return 2
    chosen = names or list(CLIENTS)
    if not npm.is_installed() and os.environ.get("CI") != "true":
        skipped = [name for name in chosen if CLIENTS[name].needs_node]
        print("".join(f"skipped {name}: Node and npm are not installed\n" for name in skipped))
        chosen = [name for name in chosen if name not in skipped]
    with tempfile.TemporaryDirectory(prefix="ml-connector-clients-") as made:
        folder = Path(made)
        with running(make(folder, HOST)) as simulator:
            passed = sum([one(name, simulator, folder) for name in chosen])
    print(f"clients={len(chosen)} passed={passed}")
    return 0 if passed == len(chosen) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
