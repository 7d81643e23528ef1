"""Master data for trying a flow: as the functions last read it, or read anew from Intacct.

The functions keep what they read for a day and longer. Looking at their copies costs no API
transaction, and nothing is written where they would find it.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from cli.deployment import Deployment
from cli.gateway import BudgetSpent, connect
from ml_connector.aws.clock import SystemClock
from ml_connector.domain.books import Books, BooksRead
from ml_connector.domain.conditions import DIMENSIONS, lines_of, value_of
from ml_connector.domain.documents import AnyDocument
from ml_connector.domain.flows import Flow
from ml_connector.errors import ConfigurationError
from ml_connector.intacct.books import IntacctBooksSource
from ml_connector.intacct.client import IntacctClient
from ml_connector.intacct.credentials import Credentials, credentials_of
from ml_connector.intacct.memory import MemoryCache, MemorySessionStore
from ml_connector.intacct.ports import HttpReply
from ml_connector.intacct.source import IntacctReader
from ml_connector.settings import DEFAULT_INTACCT_ENDPOINT
from ml_connector.store.sessions import DynamoCache


@dataclass(frozen=True, slots=True)
class BooksAtHand:
    """Books, and what is missing from them, in sentences."""

    books: Books
    notes: tuple[str, ...] = ()


def credentials_for(deployment: Deployment, company: str) -> Credentials | None:
    """The company's credentials; None where none are stored."""
    secret = deployment.secret("IntacctSecretId")
    stored = secret.get("companies")
    if not isinstance(stored, dict) or company not in stored:
        return None
    return credentials_of(secret, company)


def open_gateway(deployment: Deployment, credentials: Credentials, most: int) -> IntacctClient:
    """A way into the company's Intacct, for so many API transactions at most."""
    return connect(
        credentials,
        deployment.parameter("IntacctEndpoint"),
        deployment.parameter("IntacctTrustedHost"),
        most=most,
    )


def remembered_books(
    deployment: Deployment, company: str, flows: Iterable[Flow], documents: Sequence[AnyDocument]
) -> BooksAtHand:
    """The books as the functions last read them. Intacct is not asked."""
    credentials = credentials_for(deployment, company)
    if credentials is None:
        return BooksAtHand(Books(), (f"{company}: no credentials are stored, so no books are",))
    deployment.documents  # noqa: B018 - binds the tables
    host = deployment.parameter("IntacctTrustedHost")
    try:
        client = IntacctClient(
            credentials,
            deployment.parameter("IntacctEndpoint") or DEFAULT_INTACCT_ENDPOINT,
            host,
            MemorySessionStore(),
            _Copies(),
            http=_Shut(),
            clock=SystemClock(),
            sleep=time.sleep,
            random=random.random,
        )
    except ConfigurationError as error:
        return BooksAtHand(Books(), (error.safe_message,))
    return _at_hand(IntacctBooksSource(IntacctReader(client)), flows, documents, "were never read")


def books_of(
    client: IntacctClient, flows: Iterable[Flow], documents: Sequence[AnyDocument]
) -> BooksAtHand:
    """The books, asked of Intacct."""
    source = IntacctBooksSource(IntacctReader(client))
    return _at_hand(source, flows, documents, "could not be read")


def _at_hand(
    source: IntacctBooksSource,
    flows: Iterable[Flow],
    documents: Sequence[AnyDocument],
    trouble: str,
) -> BooksAtHand:
    dimensions = asked_for(flows) & {name for one in documents for name in _used(one)}
    vendors = {one.vendor_id for one in documents if one.vendor_id}
    read = source.read_books(dimensions, vendors)
    return BooksAtHand(read.books, tuple(_notes(read, trouble)))


def asked_for(flows: Iterable[Flow]) -> set[str]:
    """The dimensions whose hierarchy may decide something: departments are cost centres too."""
    asked = {"department"}
    for flow in flows:
        for rule in flow.rules:
            asked.update(name for name, _ in rule.when.dimensions)
            if rule.when.entities:
                asked.add("entity")
    return asked


def _used(document: AnyDocument) -> set[str]:
    used = {name for line in lines_of(document) for name in DIMENSIONS if value_of(line, name)}
    return used | {"entity"} if document.entity else used


def _notes(read: BooksRead, trouble: str) -> Iterable[str]:
    missing = [name for name in read.failed if name not in read.kept]
    if missing:
        yield f"{', '.join(missing)}: {trouble}, so what depends on them is not known here"
    if read.refused:
        yield f"{', '.join(read.refused)}: the API user may not read them"


class _Copies:
    """A Cache that reads the functions' copies and keeps what is put into it to itself."""

    def __init__(self) -> None:
        self._stored = DynamoCache()
        self._own = MemoryCache()

    def get(self, key: str, *, now: datetime) -> str | None:
        """See `Cache.get`."""
        return self._own.get(key, now=now) or self._stored.get(key, now=now)

    def put(self, key: str, text: str, *, until: datetime) -> None:
        """See `Cache.put`."""
        self._own.put(key, text, until=until)


class _Shut:
    """A Transport that lets nothing through."""

    def post(self, url: str, body: bytes, *, seconds: float, limit: int) -> HttpReply:
        """See `Transport.post`; raises BudgetSpent."""
        del url, body, seconds, limit
        raise BudgetSpent("only what was read before is looked at")
