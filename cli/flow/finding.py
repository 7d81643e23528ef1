"""The bill somebody wants to try a flow on: remembered by the poll, or read from Intacct."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from cli.alerts.finding import Finder
from cli.console.failures import Ambiguous, Failure, Misused
from cli.deployment import Deployment
from ml_connector.domain.bills import Bill
from ml_connector.domain.documents import Document, as_shown, bill_document_id, first_seen
from ml_connector.errors import SourceError
from ml_connector.intacct.client import IntacctClient
from ml_connector.intacct.filters import equal
from ml_connector.intacct.lines import read_lines
from ml_connector.intacct.queries import KEY
from ml_connector.intacct.records import BILLS
from ml_connector.intacct.source import IntacctReader

#: The most API transactions one bill may cost: its row, its lines, master data.
TRANSACTIONS = 30


def remembered_bill(deployment: Deployment, number: str, company: str = "") -> Document:
    """A bill by its number, record number or id. Raises Failure, Misused."""
    try:
        found = Finder(deployment, company).find(number).document
    except Failure as error:
        raise type(error)(f"{error.line}; --live asks Intacct for it", error.details) from error
    if not isinstance(found, Document):
        raise Misused(f"{number!r} is no bill; flows are tried on bills")
    return found


def live_bill(
    deployment: Deployment, client: IntacctClient, company: str, number: str, now: datetime
) -> Document:
    """A bill by its number, else by its record number, as Intacct shows it now.

    Its round and what else only polls know is as remembered. Raises Failure, the SourceError
    family.
    """
    reader = IntacctReader(client, trusted_host=deployment.parameter("IntacctTrustedHost"))
    bills = _read(reader, "RECORDID", number)
    if not bills and number.isdecimal():
        bills = _read(reader, KEY, number)
    if not bills:
        raise Failure(f"Intacct shows no bill {number!r} to the API user of {company}")
    if len(bills) > 1:
        raise Ambiguous(
            f"{number!r} is the number of {len(bills)} bills; name one by its record number",
            [
                f"{one.record_no}  {one.vendor_name}  {one.amount}  {one.state_text}"
                for one in bills
            ],
        )
    (bill,) = bills
    name = bill_document_id(bill.record_no)
    known = deployment.documents.documents(company, [name]).get(name)
    document = as_shown(known, bill, now) if known else first_seen(company, bill, now)
    try:
        lines = read_lines(reader, [bill.record_no]).codings.get(bill.record_no, ())
    except SourceError:
        lines = document.lines
    return replace(document, lines=lines)


def _read(reader: IntacctReader, field: str, value: str) -> list[Bill]:
    batches = reader.read(BILLS, equal(field, value))
    return [bill for batch in batches for bill in batch.records]
