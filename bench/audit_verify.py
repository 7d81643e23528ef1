"""Time and memory of `ml-connector audit verify` over 100,000 entries, on the local AWS.

The trail is that of one bill from its submission to its approval, once for each of many bills, with
their heads and a daily root. Each verification is the command itself in a process of its own;
beside it stands what reading the same table costs without looking at an entry.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from bench.layers import ROOT
from bench.parser import variables
from bench.report import keep, table, verdict
from ml_connector.aws.clock import SystemClock
from ml_connector.aws.roots import S3RootShelf
from ml_connector.domain.audit import AuditEntry, ChainHead, entry_after
from ml_connector.domain.documents import bill_document_id
from ml_connector.store.audit_items import audit_item
from ml_connector.store.case_items import case_item
from ml_connector.store.document_items import item_of
from ml_connector.store.heads import DynamoHeads
from ml_connector.store.models import AuditItem, CaseItem, DocumentItem
from ml_connector.usecases.rooting import RootPorts, keep_root
from sandbox.world import COMPANY, LocalWorld
from tests.adapters.cli_audit import two_bills
from tests.support.telemetry import RecordingTelemetry

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from bench.layers import Interpreter
    from tests.support.memory_store import Tables

SIZES = (10_000, 100_000)
#: Verifying may take this much longer than reading alone does.
TARGET = 2.0
#: No tick of any schedule within a benchmark.
_NEVER = 86_400.0
_WHOLE, _BARE = "audit verify", "reading alone"


@dataclass(frozen=True, slots=True)
class Seen:
    """One process: over how many entries and chains, how long, and at most how much memory."""

    name: str
    entries: int
    chains: int
    seconds: float
    cpu: float
    peak: float


class _Trail:
    """Fills the tables bill by bill, until there are as many entries as are wanted."""

    def __init__(self) -> None:
        tables: Tables = two_bills().tables
        (self._case,) = (one for one in tables.cases.values() if one.document == "bill#4711")
        self._document = tables.documents[COMPANY, "bill#4711"]
        self._chains = tables.chains
        self.entries = 0
        self._bills = 0

    def grow_to(self, wanted: int) -> None:
        """Write whole bills until at least `wanted` entries are stored."""
        with (
            AuditItem.batch_write() as audit,
            CaseItem.batch_write() as cases,
            DocumentItem.batch_write() as documents,
        ):
            while self.entries < wanted:
                self._bills += 1
                record = str(1_000_000 + self._bills)
                name = bill_document_id(record)
                document = replace(self._document, id=name, record_no=record)
                case = replace(self._case, id=f"bench{record}", document=document.id)
                heads = {}
                for old, new in ((self._case, case), (self._document, document)):
                    for entry in _again(self._chains[old.chain], new.chain):
                        audit.save(audit_item(entry))
                        heads[new.chain] = entry.head
                        self.entries += 1
                cases.save(case_item(case, heads[case.chain], "bench"))
                documents.save(item_of(document, heads[document.chain], "bench"))


def _again(entries: Iterable[AuditEntry], chain: str) -> Iterator[AuditEntry]:
    head = ChainHead()
    for entry in entries:
        made = entry_after(head, chain, entry.at, entry.kind, entry.data)
        head = made.head
        yield made


def _root(world: LocalWorld) -> None:
    ports = RootPorts(
        DynamoHeads(),
        S3RootShelf(world.aws.client("s3"), world.stack.outputs["RootsBucketName"]),
        SystemClock(),
        RecordingTelemetry(),
    )
    while not keep_root(ports, datetime.now(UTC) + timedelta(minutes=2)):
        pass


def _seen(executable: str, name: str, world: LocalWorld) -> Seen:
    settings = {"ML_CONNECTOR_STAGE": "local", "TABLE": world.stack.outputs["AuditTableName"]}
    done = subprocess.run(
        [executable, "-m", "bench.audit_verify_child", "verify" if name == _WHOLE else "read"],
        cwd=ROOT,
        env={**os.environ, **variables(), **world.aws.environment(), **settings},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{name} failed:\n{done.stdout}{done.stderr}")
    said: Mapping[str, float] = json.loads(done.stdout.splitlines()[-1])
    return Seen(
        name,
        int(said["entries"]),
        int(said["chains"]),
        said["seconds"],
        said["cpu_seconds"],
        said["peak_mib"],
    )


def run(_python: Interpreter, _rounds: int) -> None:
    """Fill, verify, print the table and keep the figures. The command runs on this Python."""
    found: list[Seen] = []
    with LocalWorld(minute_seconds=_NEVER) as world:
        trail = _Trail()
        for size in SIZES:
            trail.grow_to(size)
            _root(world)
            found += [_seen(sys.executable, name, world) for name in (_BARE, _WHOLE)]
            if found[-1].entries < trail.entries:
                raise SystemExit(f"{found[-1].entries} of {trail.entries} entries were verified")
    bare, whole = found[-2:]
    times = whole.seconds / bare.seconds
    met = times <= TARGET
    number = sys.version.split()[0]
    print(f"`ml-connector audit verify` on the local AWS, Python {number}")
    heads = ["what", "entries", "chains", "s", "CPU s", "peak MiB", "target", ""]
    rows = []
    for one in found:
        last = one is whole
        figures = [f"{one.entries:,}", f"{one.chains:,}", f"{one.seconds:.1f}", f"{one.cpu:.1f}"]
        target = f"{times:.2f} ≤ {TARGET} of reading" if last else ""
        rows.append([one.name, *figures, f"{one.peak:.0f}", target, verdict(met if last else None)])
    print(table(heads, rows))
    keep(
        "audit_verify",
        number,
        {
            "readings": [
                {
                    "what": one.name,
                    "entries": one.entries,
                    "chains": one.chains,
                    "seconds": round(one.seconds, 2),
                    "cpu_seconds": round(one.cpu, 2),
                    "peak_mib": round(one.peak, 1),
                }
                for one in found
            ],
            "times_reading": round(times, 2),
            "target": TARGET,
            "met": met,
        },
    )
