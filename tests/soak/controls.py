"""Known mistakes of other clients, put into ours: the soak has to notice each of them.

They are parts of the harness that stand in for parts of the connector; nothing that ships can be
switched to them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ml_connector.domain.bills import BillsRead
from ml_connector.intacct.client import IntacctClient, Page
from ml_connector.intacct.functions import Query
from ml_connector.intacct.ports import HttpReply, Transport
from ml_connector.intacct.queries import keyset_start
from ml_connector.settings import Timings
from ml_connector.usecases.ports import BillSource

from .harness import Parts

OVERLAP = timedelta(seconds=Timings().watermark_overlap)


class OffsetClient(IntacctClient):
    """Pages by their distance from the beginning, which moves whenever a row comes or goes."""

    def pages(self, query: Query) -> Iterator[Page]:
        offset, more = 0, True
        while more:
            result = self.call(replace(keyset_start(query), offset=offset))
            offset += len(result.rows)
            more = bool(result.remaining)
            yield Page(result, not more, self.server_time)


@dataclass(frozen=True, slots=True)
class MovedWatermark:
    """Asks for what changed since the watermark moved by so much, and for nothing before."""

    source: BillSource
    moved: timedelta

    def read_waiting_and_changed(self, since: datetime | None) -> BillsRead:
        moved = since + OVERLAP + self.moved if since else None
        return self.source.read_waiting_and_changed(moved)

    def read_by_key(self, record_numbers: Sequence[str]) -> BillsRead:
        return self.source.read_by_key(record_numbers)


@dataclass(frozen=True, slots=True)
class TrustsAbsence:
    """Takes what a page does not show for gone, whole or not, and asks no further."""

    source: BillSource

    def read_waiting_and_changed(self, since: datetime | None) -> BillsRead:
        return replace(self.source.read_waiting_and_changed(since), complete=True)

    def read_by_key(self, record_numbers: Sequence[str]) -> BillsRead:
        del record_numbers
        return BillsRead((), complete=True, transactions=0)


@dataclass(frozen=True, slots=True)
class OneAddress:
    """Sends every request to where the login went."""

    transport: Transport
    endpoint: str

    def post(self, url: str, body: bytes, *, seconds: float, limit: int) -> HttpReply:
        del url
        return self.transport.post(self.endpoint, body, seconds=seconds, limit=limit)


CONTROLS: Mapping[str, Parts] = {
    "offset-paging": Parts(client=OffsetClient),
    "watermark-plus-1s": Parts(source=lambda s: MovedWatermark(s, timedelta(seconds=1))),
    "no-overlap": Parts(source=lambda s: MovedWatermark(s, timedelta(0))),
    "ignored-endpoint": Parts(wire=OneAddress),
    "absence-trusted": Parts(source=TrustsAbsence),
}
