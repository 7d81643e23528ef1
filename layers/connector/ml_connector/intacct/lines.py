"""The lines of bills, with the dimensions they are charged to: what routing by them will need.

Offsets and tax entries are left out; they are no lines to a person.
"""

from __future__ import annotations

from collections.abc import Sequence

from .entities import BillLine
from .filters import And, equal, one_of
from .kinds import BILL_LINES
from .source import IntacctReader


def lines_of(
    reader: IntacctReader, bill_numbers: Sequence[str], page_size: int | None = None
) -> dict[str, list[BillLine]]:
    """The lines of each of these bills, by the bill's record number and in their order.

    One transaction per 2,000 lines; a line that cannot be read is left out. A bill without lines
    is not in the answer. Raises the SourceError family.
    """
    found: dict[str, list[BillLine]] = {}
    if not bill_numbers:
        return found
    where = And((one_of("RECORDKEY", bill_numbers), equal("LINEITEM", "T")))
    for batch in reader.read(BILL_LINES, where, page_size):
        for line in batch.records:
            found.setdefault(line.bill_record_no, []).append(line)
    return found
