"""Our HTTP client for tests of it: made to measure, closed at the end, one request away."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ml_connector.twilio.http_client import ConnectorHttpClient

PATH = "/2010-04-01/Accounts/AC1/Messages.json"
SHORT = 0.4
"""Seconds a test waits where it waits for a time-out; none depends on finishing early."""
LONG = 20.0
#: What must not turn up in a log.
NUMBER, TEXT, SECRET = "+15550109876", "Baker", "t0ken"

Make = Callable[..., ConnectorHttpClient]


@contextmanager
def clients() -> Iterator[Make]:
    """Makes clients without TLS and with all the time there is, unless told otherwise."""
    made: list[ConnectorHttpClient] = []

    def client(**options: Any) -> ConnectorHttpClient:
        made.append(ConnectorHttpClient(**{"tls": False, "default_budget": LONG, **options}))
        return made[-1]

    try:
        yield client
    finally:
        for each in made:
            each.close()


def post(client: ConnectorHttpClient, url: str, budget: float = LONG) -> Any:
    """One create."""
    with client.within(budget):
        return client.request(
            "POST", url + PATH, data={"To": NUMBER, "Body": TEXT}, auth=("AC1", SECRET)
        )


def get(client: ConnectorHttpClient, url: str, budget: float | None = None) -> Any:
    """One read; without a budget the client's own ReadPolicy bounds it."""
    return client.request(
        "GET", url + PATH, params={"To": NUMBER}, auth=("AC1", SECRET), timeout=budget
    )
