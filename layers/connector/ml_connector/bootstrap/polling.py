"""Wiring for the function that talks to Intacct: poll."""

from __future__ import annotations

import hashlib
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ml_connector.aws.invoke import PollInvoker
from ml_connector.aws.queue import SqsDoorbell
from ml_connector.aws.secrets import Secrets
from ml_connector.domain.frozen import frozen
from ml_connector.errors import ConfigurationError, SecretUnavailable
from ml_connector.intacct.books import IntacctBooksSource
from ml_connector.intacct.client import ClientOptions, IntacctClient
from ml_connector.intacct.credentials import Credentials, credentials_of
from ml_connector.intacct.history import IntacctHistorySource
from ml_connector.intacct.payments import IntacctPaymentSource
from ml_connector.intacct.source import IntacctBillSource, IntacctReader
from ml_connector.intacct.transport import RequestsTransport
from ml_connector.settings import Settings
from ml_connector.store.sessions import DynamoCache, DynamoSessionStore
from ml_connector.usecases.ports import (
    BillSource,
    BooksSource,
    HistorySource,
    PaymentSource,
    PollPorts,
)

from .container import Container

if TYPE_CHECKING:
    from ml_connector.usecases.nightly import NightPorts
    from ml_connector.usecases.summaries import SummaryPorts

#: What is kept of the function's time for writing down what was read, seconds.
WRITING_RESERVE = 20.0


class PollContainer(Container):
    """What the poll needs."""

    @cached_property
    def secrets(self) -> Secrets:
        """Credentials."""
        return Secrets(self.client("secretsmanager"))

    @cached_property
    def doorbell(self) -> SqsDoorbell:
        """The alerts queue."""
        return SqsDoorbell(self.client("sqs"), self.settings.queue_url)

    @cached_property
    def invoker(self) -> PollInvoker:
        """One invocation of this function per company."""
        return PollInvoker(self.client("lambda"), self.settings.poll_function)

    @cached_property
    def companies(self) -> IntacctCompanies:
        """The companies' ways into Intacct."""
        self.connection.client  # noqa: B018 - binds the models of the session store
        return IntacctCompanies(self.settings, self.secrets, self._reading_time_left, self.clock)

    @cached_property
    def poll_ports(self) -> PollPorts:
        """The ports of the use case."""
        return PollPorts(
            companies=self.companies,
            documents=self.documents,
            alerts=self.alerts,
            flows=self.flows,
            approvers=self.approvers,
            doorbell=self.doorbell,
            clock=self.clock,
            telemetry=self.telemetry,
            timings=self.settings.timings,
            payments=self.companies.payments,
            history=self.companies.history,
            books=self.companies.books,
            trail=self.trail,
        )

    @cached_property
    def night_ports(self) -> NightPorts:
        """The ports of the nightly reconcile; what only that needs is loaded for it alone."""
        from ml_connector.store.evidence import DynamoEvidence  # noqa: PLC0415 - see above
        from ml_connector.usecases.nightly import NightPorts  # noqa: PLC0415 - see above

        return NightPorts(self.poll_ports, DynamoEvidence())

    @cached_property
    def summary_ports(self) -> SummaryPorts:
        """The ports of the Monday summary, as those of the night."""
        from ml_connector.aws.topic import SnsTopic  # noqa: PLC0415 - see above
        from ml_connector.usecases.summaries import SummaryPorts  # noqa: PLC0415 - see above

        topic = SnsTopic(self.client_that_never_repeats("sns"), self.settings.summary_topic)
        return SummaryPorts(self.poll_ports, topic)

    def _reading_time_left(self) -> float:
        """Reads of Intacct end early enough for what was read to be written down."""
        return self.time_left(min(WRITING_RESERVE, self.settings.function_timeout / 4))


@frozen
class _Sources:
    """What is read of one company, over one client."""

    version: str
    bills: IntacctBillSource
    payments: IntacctPaymentSource
    history: IntacctHistorySource
    books: IntacctBooksSource


class IntacctCompanies:
    """The Companies port: a gateway client per company, kept while its secret stays the same."""

    def __init__(
        self,
        settings: Settings,
        secrets: Secrets,
        time_left: Callable[[], float],
        clock: Any,  # noqa: ANN401 - the Clock port
    ) -> None:
        self._settings = settings
        self._secrets = secrets
        self._time_left = time_left
        self._clock = clock
        self._known: dict[str, _Sources] = {}

    def source(self, company: str) -> BillSource | None:
        """The company's gateway, or None where no credentials are stored for it.

        Raises ConfigurationError naming what is wrong with the stored ones.
        """
        found = self._sources(company)
        return found.bills if found else None

    def payments(self, company: str) -> PaymentSource | None:
        """The way to the company's payments; as `source`."""
        found = self._sources(company)
        return found.payments if found else None

    def history(self, company: str) -> HistorySource | None:
        """The way to the company's audit history; as `source`."""
        found = self._sources(company)
        return found.history if found else None

    def books(self, company: str) -> BooksSource | None:
        """The way to the company's lines and master data; as `source`."""
        found = self._sources(company)
        return found.books if found else None

    def _sources(self, company: str) -> _Sources | None:
        secret = self._secrets.read(self._settings.intacct_secret)
        entries = secret.get("companies")
        if not isinstance(entries, Mapping) or company not in entries:
            return None
        version = _version(secret)
        known = self._known.get(company)
        if known and known.version == version:
            return known
        self._known[company] = found = self._connect(secret, company, version)
        return found

    def _renewed(self, company: str) -> Credentials | None:
        """The credentials as they are stored now; None where that cannot be said."""
        try:
            secret = self._secrets.read(self._settings.intacct_secret, fresh=True)
            return credentials_of(secret, company, _version(secret))
        except (ConfigurationError, SecretUnavailable):
            return None

    def _connect(self, secret: Mapping[str, object], company: str, version: str) -> _Sources:
        settings, longest = self._settings, self._settings.timings.intacct_timeout
        options = ClientOptions()
        client = IntacctClient(
            credentials_of(secret, company, version),
            settings.intacct_endpoint,
            settings.intacct_trusted_host,
            DynamoSessionStore(),
            DynamoCache(),
            http=RequestsTransport(read_seconds=longest),
            clock=self._clock,
            sleep=time.sleep,
            random=random.random,
            options=replace(
                options,
                request_seconds=longest,
                login_seconds=min(options.login_seconds, longest),
                session_cap=settings.session_cap,
            ),
            time_left=self._time_left,
            renewed=lambda: self._renewed(company),
        )
        reader = IntacctReader(client, trusted_host=settings.intacct_trusted_host)
        return _Sources(
            version,
            IntacctBillSource(reader),
            IntacctPaymentSource(reader),
            IntacctHistorySource(reader),
            IntacctBooksSource(reader),
        )


def _version(secret: Mapping[str, object]) -> str:
    """A text that changes when the secret does, and tells nothing of it."""
    return hashlib.sha256(repr(sorted(secret.items())).encode()).hexdigest()
