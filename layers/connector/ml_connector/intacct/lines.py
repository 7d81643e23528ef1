"""How the lines of bills are coded: what rules and cost centres go by.

Offsets and tax entries are left out; they are no lines to a person.
"""

from __future__ import annotations

from collections.abc import Sequence

from ml_connector.domain.books import Codings, LineCoding, LinesRead

from .catalogue import Wanted
from .errors import NOT_FOR_US, GatewayRefused
from .filters import And, equal, one_of
from .queries import KEY
from .records import Kind
from .source import IntacctReader
from .tree import Row
from .values import Context, key, text

#: Bills asked about in one query; the schema takes no more values in one `in`.
BILLS_A_QUERY = 1000

_REFUSED = "lines"


def _coding(row: Row, _context: Context) -> tuple[str, LineCoding]:
    return key(row, "RECORDKEY"), LineCoding(
        account=text(row, "ACCOUNTNO"),
        department=text(row, "DEPARTMENTID"),
        location=text(row, "LOCATIONID"),
        project=text(row, "PROJECTID"),
        class_id=text(row, "CLASSID"),
    )


#: The bill's record number, and the coding.
LINE_CODINGS = Kind(
    Wanted(
        "APBILLITEM",
        (KEY, "RECORDKEY"),
        ("ACCOUNTNO", "DEPARTMENTID", "LOCATIONID", "PROJECTID", "CLASSID"),
    ),
    _coding,
)


def read_lines(
    reader: IntacctReader, record_numbers: Sequence[str], page_size: int | None = None
) -> LinesRead:
    """The codings of these bills: one transaction for each 1,000 bills and 2,000 lines.

    Raises the SourceError family; that the API user may not read lines is no error.
    """
    numbers = list(dict.fromkeys(record_numbers))
    if not numbers:
        return LinesRead()
    if reader.catalogue.refused(_REFUSED):
        return LinesRead(permitted=False)
    usage = reader.client.usage
    before = usage.transactions
    found: dict[str, dict[LineCoding, None]] = {}
    complete, quarantined = True, 0
    try:
        for start in range(0, len(numbers), BILLS_A_QUERY):
            asked = one_of("RECORDKEY", numbers[start : start + BILLS_A_QUERY])
            done = False
            for batch in reader.read(LINE_CODINGS, And((asked, equal("LINEITEM", "T"))), page_size):
                for bill, coding in batch.records:
                    found.setdefault(bill, {})[coding] = None
                quarantined += len(batch.invalid)
                done = batch.complete
            complete = complete and done
    except GatewayRefused as error:
        if error.meaning not in NOT_FOR_US:
            raise
        reader.catalogue.remember_refused(_REFUSED)
        return LinesRead(permitted=False, transactions=usage.transactions - before)
    codings: dict[str, Codings] = {bill: tuple(lines) for bill, lines in found.items()}
    return LinesRead(
        codings,
        complete=complete,
        transactions=usage.transactions - before,
        quarantined=quarantined,
    )
