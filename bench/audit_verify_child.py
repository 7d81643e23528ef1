"""One pass over the audit table for `audit_verify`, in a fresh process: `verify` or `read`."""

from __future__ import annotations

import io
import json
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stdout

import boto3

from bench.read_memory_child import peak
from cli.main import app

SEGMENTS = 4


def verify() -> tuple[int, int]:
    """The command, as it is typed; entries and chains it speaks of. Ends this where it fails."""
    said = io.StringIO()
    sys.argv[1:] = ["audit", "verify", "--json"]
    with redirect_stdout(said):
        try:
            app()
        except SystemExit as end:
            if end.code:
                sys.exit(f"status {end.code}: {said.getvalue()}")
    document = json.loads(said.getvalue())
    return document["entries"], document["chains"]


def read() -> tuple[int, int]:
    """Every item of the table by as many threads, and nothing done with it."""
    client = boto3.client("dynamodb")

    def segment(number: int) -> int:
        pages = client.get_paginator("scan").paginate(
            TableName=os.environ["TABLE"], Segment=number, TotalSegments=SEGMENTS
        )
        return sum(len(page["Items"]) for page in pages)

    with ThreadPoolExecutor(SEGMENTS) as pool:
        return sum(pool.map(segment, range(SEGMENTS))), 0


def main() -> None:
    """Do it, and print what it took."""
    began, cpu = time.monotonic(), time.process_time()
    entries, chains = {"verify": verify, "read": read}[sys.argv[1]]()
    print(
        json.dumps(
            {
                "entries": entries,
                "chains": chains,
                "seconds": time.monotonic() - began,
                "cpu_seconds": time.process_time() - cpu,
                "peak_mib": peak(),
            }
        )
    )


if __name__ == "__main__":
    main()
