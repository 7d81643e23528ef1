"""One reading for `read_memory`, in a fresh process: `CLIENT URL BILLS`; prints JSON."""

from __future__ import annotations

import importlib
import json
import resource
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from ml_connector.intacct.client import IntacctClient
from ml_connector.intacct.credentials import Credentials
from ml_connector.intacct.memory import MemoryCache, MemorySessionStore
from ml_connector.intacct.records import BILLS
from ml_connector.intacct.source import IntacctReader
from ml_connector.intacct.transport import RequestsTransport

COMPANY = ("sandbox-sender", "sandbox-sender-password", "acme-sandbox", "sandbox-user")
PASSWORD = "sandbox-user-password"  # nosec B105 # noqa: S105 - of the simulated company
FIELDS = [*BILLS.wanted.required, *BILLS.wanted.optional]
PAGE = 2000


class RealClock:
    """The machine's time."""

    def now(self) -> datetime:
        """Aware, UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds."""
        return time.monotonic()


def ours(url: str) -> Iterator[int]:
    """Typed bills, page by page, each page let go before the next; how many each held."""
    client = IntacctClient(
        Credentials(*COMPANY, PASSWORD),
        url,
        "127.0.0.1",
        MemorySessionStore(),
        MemoryCache(),
        http=RequestsTransport(),
        clock=RealClock(),
        sleep=time.sleep,
        random=lambda: 0.5,
    )
    reader = IntacctReader(client, trusted_host="127.0.0.1")
    yield sum(len(batch.records) for batch in islice(reader.read(BILLS, page_size=1), 1))
    for batch in reader.read(BILLS):
        yield len(batch.records)


def sageintacctsdk(url: str) -> Iterator[int]:
    """All rows in one list, as its `get_all` gives them."""
    base = importlib.import_module("sageintacctsdk.apis.api_base")
    bills: Any = base.ApiBase(dimension="APBILL")
    bills.set_sender_id(COMPANY[0])
    bills.set_sender_password(COMPANY[1])
    bills.set_show_private(True)
    # Where it talks to is all that is changed.
    bills._ApiBase__api_url = url
    bills.get_session_id(COMPANY[3], COMPANY[2], PASSWORD)
    yield bills.count(None) and 1
    yield len(bills.get_all(fields=FIELDS))


CLIENTS: dict[str, Callable[[str], Iterator[int]]] = {
    "ml-connector": ours,
    "sageintacctsdk": sageintacctsdk,
}


def peak() -> float:
    """The highest resident memory of this process so far, MiB."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        # Elsewhere than on Linux. There this figure may be inherited, which is why it comes second.
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 / 1024
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


def main() -> None:
    """Read, and print what it took."""
    name, url, wanted = sys.argv[1], sys.argv[2], int(sys.argv[3])
    pages = CLIENTS[name](url)
    next(pages)
    before, began, records = peak(), time.process_time(), 0
    while records < wanted:
        records += next(pages)
    print(
        json.dumps(
            {
                "records": records,
                "above_mib": peak() - before,
                "cpu_seconds": time.process_time() - began,
            }
        )
    )


if __name__ == "__main__":
    main()
