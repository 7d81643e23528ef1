"""The `HistorySource` of one company: workflow steps out of AUDITHISTORY, where it may be read.

The audit history has no RECORDNO to page by and is known to fail at some offsets, so one page is
asked for, the latest steps first; only bills in doubt are asked for, and those are few. Its keys
sometimes carry a suffix, `123--REC`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ml_connector.domain.doubts import HistoryRead, WorkflowStep
from ml_connector.errors import RecordInvalid, SourceProtocolError, SourceRejected

from .catalogue import Catalogue
from .errors import NOT_FOR_US, GatewayRefused
from .filters import And, at_least, equal, one_of
from .functions import Order, Query
from .source import IntacctReader
from .tree import Row
from .values import Context, key, moment, text
from .zone import WIDEST_OFFSET

_REFUSED = "audit history"
_FIELDS = ("OBJECTKEY", "ACCESSTIME", "WORKFLOWACTION")
_SUFFIX = "--REC"
#: Workflow, as a query names it.
_WORKFLOW = "W"


class IntacctHistorySource:
    """A `HistorySource` over one company."""

    def __init__(self, reader: IntacctReader) -> None:
        self._client = reader.client
        self._catalogue: Catalogue = reader.catalogue

    def read_workflow(self, record_numbers: Sequence[str], since: datetime) -> HistoryRead:
        """The workflow steps of these bills at or after `since` (UTC).

        A refusal is no error, nor is a reply that cannot be read: `permitted` is false then. A
        refusal for want of a permission is remembered for a day.
        """
        if self._catalogue.refused(_REFUSED):
            return HistoryRead(permitted=False)
        usage = self._client.usage
        before = usage.transactions
        zone = self._catalogue.zone()
        since = since if zone.verified else since - WIDEST_OFFSET
        keys = [name for number in record_numbers for name in (number, number + _SUFFIX)]
        query = Query(
            "AUDITHISTORY",
            _FIELDS,
            And(
                (
                    equal("OBJECTTYPE", "apbill"),
                    one_of("OBJECTKEY", keys),
                    equal("ACCESSMODE", _WORKFLOW),
                    at_least("ACCESSTIME", zone.to_text(since)),
                )
            ),
            (Order("ACCESSTIME", descending=True),),
        )
        try:
            rows = self._client.call(query).rows
        except (SourceRejected, SourceProtocolError) as error:
            if isinstance(error, GatewayRefused) and error.meaning in NOT_FOR_US:
                self._catalogue.remember_refused(_REFUSED)
            return HistoryRead(permitted=False, transactions=usage.transactions - before)
        context = Context(zone)
        steps = tuple(step for row in rows if (step := _step(row, context)))
        return HistoryRead(steps, transactions=usage.transactions - before)


def _step(row: Row, context: Context) -> WorkflowStep | None:
    try:
        at = moment(row, "ACCESSTIME", context)
        number = key(row, "OBJECTKEY").removesuffix(_SUFFIX)
    except RecordInvalid:
        return None
    action = text(row, "WORKFLOWACTION")
    return WorkflowStep(number, at, action) if at and action else None
