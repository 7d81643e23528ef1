"""The measurements of `twilio_send`, in a fresh process: `URL ROOTS ROUNDS`; prints JSON.

The send function as it ships handles batches from its queue, with DynamoDB and Secrets Manager of a
local AWS and a server that accepts every text. Between two batches the same server gets texts from
the adapter alone, from one official client that is kept, and from a new official client each.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from app import container, handler  # type: ignore[import-not-found]  # of functions/send
from botocore import xform_name
from twilio.rest import Client  # type: ignore[import-untyped]

from bench.twilio_stand_in import HANG_UP
from ml_connector.aws.queue import message_body
from ml_connector.domain.approvers import Approver
from ml_connector.domain.delivery import SmsRequest
from ml_connector.domain.dispatches import DispatchState, Member
from ml_connector.domain.unit_of_work import Change
from ml_connector.twilio import wire
from ml_connector.twilio.client import TwilioConnection
from ml_connector.twilio.credentials import Sender, TwilioCredentials
from ml_connector.twilio.endpoints import Endpoints
from ml_connector.twilio.http_client import ConnectorHttpClient
from ml_connector.twilio.messages import TwilioMessenger
from ml_connector.usecases.posting import SendOutcome
from ml_connector.usecases.send import send
from tests.support import samples
from tests.support.memory_store import (
    MemoryAlertStore,
    MemoryApproverStore,
    MemoryDocumentStore,
    Tables,
)

ACCOUNT, TOKEN = "AC" + "5a" * 16, "sandbox-auth-token"
OURS, ANN = "+15550100000", "+15550100001"
TEXT = "Acme AP: Baker Steel, USD 12,500.00, bill 4711, due Nov 30. Ref K7F2"
BATCH = 10
#: Seconds in which the end of a connection reaches us.
QUIET = 0.02
#: How often each kind of send is timed for its 95th percentile.
SENDS = 100


class Context:
    """What Lambda gives the handler beside the event."""

    aws_request_id = "bench"
    function_name = "bench"
    memory_limit_in_mb = 256
    invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:bench"

    def get_remaining_time_in_millis(self) -> int:
        """All of its time, whenever it asks."""
        return 30_000


# ------------------------------------------------------------------------------ whole alerts
def alerts(count: int, store: Any = None, approvers: Any = None) -> list[str]:  # noqa: ANN401
    """That many dispatches waiting in a store, DynamoDB's unless given; their ids.

    Each is for somebody else: nobody gets so many texts.
    """
    store, approvers = store or container.alerts, approvers or container.approvers
    made, now = [], datetime.now(UTC)
    for _ in range(count):
        name = uuid.uuid4().hex
        approvers.put(Approver(name, "Ann Approver", ANN, salt="bench"))
        dispatch = samples.dispatch(
            name,
            recipient=name,
            members=(Member(f"c{name}", f"a{name}"),),
            created_at=now,
            due_at=now,
            look_at=now + timedelta(seconds=90),
        )
        case = samples.case(f"c{name}", opened_at=now, expires_at=now + timedelta(days=5))
        alert = samples.alert(f"a{name}", case.id, recipient=name, dispatch=name)
        parts = samples.written(case)
        store.commit(
            Change(uuid.uuid4().hex, dispatches=(dispatch,), alerts=(alert,), cases=(parts,))
        )
        made.append(name)
    return made


def batch(ids: list[str]) -> dict[str, Any]:
    """What the queue hands to the function."""
    shared = {"eventSource": "aws:sqs", "eventSourceARN": "arn:aws:sqs:us-east-1:1:alerts"}
    return {
        "Records": [
            {"messageId": one, "receiptHandle": one, "body": message_body(one), **shared}
            for one in ids
        ]
    }


def handled(ids: list[str]) -> float:
    """CPU seconds per alert of one invocation. Raises SystemExit where one was not sent."""
    event = batch(ids)
    began = time.process_time()
    handler(event, Context())
    took = time.process_time() - began
    states = {dispatch.state for dispatch in container.alerts.dispatches(ids)}
    if states != {DispatchState.SENT}:
        raise SystemExit(f"not all were sent: {states}")
    return took / len(ids)


class InMemory:
    """The same use case with its stores in memory: our own CPU and that of the POST."""

    def __init__(self, messenger: TwilioMessenger, count: int) -> None:
        self._tables = Tables()
        approvers, store = MemoryApproverStore(self._tables), MemoryAlertStore(self._tables)
        self._ids = alerts(count, store, approvers)
        self._ports = replace(
            container.dispatch_ports,
            alerts=store,
            approvers=approvers,
            documents=MemoryDocumentStore(self._tables),
            messenger=messenger,
        )

    def send(self) -> None:
        """Send one. Raises SystemExit where that is not what happened."""
        outcome = send(self._ids.pop(), self._ports, container.until(Context()))
        if outcome is not SendOutcome.SENT:
            raise SystemExit(f"not sent: {outcome}")


# --------------------------------------------------------------------------------- texts alone
class Texts:
    """Ways to send one text to the same server."""

    def __init__(self, url: str, roots: str) -> None:
        self._url = url
        self._later = 0.0
        # A moment may pass for the client without our waiting for it.
        clocks = wire.Clocks(wall=lambda: time.time() + self._later)
        self._connection = TwilioConnection(
            TwilioCredentials(ACCOUNT, ACCOUNT, TOKEN),
            Endpoints(url),
            ConnectorHttpClient(ca_file=roots, clocks=clocks),
        )
        self.messenger = TwilioMessenger(self._connection, Sender(number=OURS))
        self._kept = self._official()

    def _official(self) -> Any:  # noqa: ANN401 - the official classes are untyped
        client = Client(ACCOUNT, TOKEN)
        client.api.base_url = self._url
        return client

    def ours(self, text: str = TEXT) -> None:
        """The adapter, over its kept connection."""
        self.messenger.send_sms(SmsRequest(ANN, text, 14_400), 10.0)

    def kept(self) -> None:
        """The official client with its own HTTP client, kept."""
        self._kept.messages.create(to=ANN, from_=OURS, body=TEXT)

    def new(self) -> None:
        """A new official client, as most examples make it."""
        self._official().messages.create(to=ANN, from_=OURS, body=TEXT)

    def closed_meanwhile(self) -> None:
        """The server closes the connection; then nothing for a while."""
        self.ours(HANG_UP)
        time.sleep(QUIET)

    def forgotten_meanwhile(self) -> None:
        """The function was frozen for longer than a connection is trusted."""
        self.ours()
        self._later += 60.0

    def close(self) -> None:
        """Close what is kept."""
        self._connection.close()


def read(name: str) -> None:
    """One read of DynamoDB with nothing but its client: what any way to read costs."""
    key = {"pk": {"S": f"dispatch#{name}"}, "sk": {"S": "dispatch"}}
    table = container.settings.alerts_table
    if "Item" not in container.connection.client.get_item(TableName=table, Key=key):
        raise SystemExit("the dispatch is not where it is looked for")


class Requests:
    """The requests to DynamoDB that the function makes, as they can be made again."""

    def __init__(self) -> None:
        self._made: list[tuple[str, dict[str, Any]]] = []
        self._bare = container.client("dynamodb")
        events = container.connection.client.meta.events
        events.register("before-parameter-build.dynamodb", self._note)

    def _note(self, params: dict[str, Any], model: Any, **_: object) -> None:  # noqa: ANN401
        self._made.append((xform_name(model.name), params))

    def drain(self) -> list[tuple[str, dict[str, Any]]]:
        """Those since the last time."""
        made, self._made = self._made, []
        return made

    def again(self, made: list[tuple[str, dict[str, Any]]]) -> None:
        """Make them once more with nothing but the client; a transaction written twice counts once,
        by its token.
        """
        for operation, params in made:
            getattr(self._bare, operation)(**params)


def cpu(act: Callable[[], object]) -> float:
    """CPU seconds of one call."""
    began = time.process_time()
    act()
    return time.process_time() - began


def wall(act: Callable[[], object]) -> float:
    """Seconds of one call."""
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def percentile(samples_: list[float]) -> float:
    """The 95th."""
    return statistics.quantiles(samples_, n=20)[-1]


def quiet_spells(texts: Texts) -> dict[str, list[float]]:
    """Milliseconds of a send: warm, and the first after two kinds of quiet spell, in turns."""
    before: dict[str, Callable[[], None]] = {
        "warm": texts.ours,
        "closed": texts.closed_meanwhile,
        "forgotten": texts.forgotten_meanwhile,
        "new client": lambda: None,
    }
    found: dict[str, list[float]] = {name: [] for name in before}
    for _ in range(SENDS):
        for name, prepare in before.items():
            prepare()
            act = texts.new if name == "new client" else texts.ours
            found[name].append(wall(act) * 1000)
    return found


def main() -> None:
    """Measure, and print what it took."""
    url, roots, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3])
    # Both kinds of client trust the stand-in as they would Twilio: among all the usual roots.
    wire.DEFAULT_CA_BUNDLE_PATH = roots  # type: ignore[attr-defined]
    os.environ["REQUESTS_CA_BUNDLE"] = roots
    texts = Texts(url, roots)
    requests, made = Requests(), 0
    samples_: dict[str, list[float]] = {}
    memory = InMemory(texts.messenger, rounds + 1)
    ones, tens = alerts(rounds + 1), alerts(BATCH * (rounds + 1))
    for number in range(rounds + 1):
        one, ten = [ones[number]], tens[BATCH * number : BATCH * (number + 1)]
        requests.drain()
        found = {"a batch of one": handled(one)}
        # The last one asks whether the alert was sent, and is this program's own.
        alone = requests.drain()[:-1]
        found[f"a batch of {BATCH}"] = handled(ten)
        made += len(alone) + len(requests.drain()[:-1])
        found |= {"bare": cpu(partial(requests.again, alone))}
        found |= {"in memory": cpu(memory.send), "one read": cpu(partial(read, one[0]))}
        found |= {"ours": cpu(texts.ours), "kept": cpu(texts.kept), "new": cpu(texts.new)}
        # The first round makes connections, and does not count.
        if number:
            for name, took in found.items():
                samples_.setdefault(name, []).append(took * 1000)
    database = made / ((BATCH + 1) * (rounds + 1))
    spells = quiet_spells(texts)
    texts.close()
    medians = {name: statistics.median(taken) for name, taken in samples_.items()}
    first = {name: [statistics.median(taken), percentile(taken)] for name, taken in spells.items()}
    print()
    print(json.dumps({"cpu_ms": medians, "dynamodb": database, "first_ms": first}))


if __name__ == "__main__":
    main()
