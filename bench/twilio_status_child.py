"""One measurement for `twilio_status`, in a fresh process: `KIND COUNT URL MOST_RUNS`; prints JSON.

The status check that ships, with the real adapters, looks after the texts or calls of a simulated
account until it knows what became of each. The store is in memory, and the clock is moved by hand:
one minute a run. A read each, through the same client, is what it is compared with.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import requests

from ml_connector.domain.approvers import Approver
from ml_connector.domain.delivery import CallStatus, MessageStatus, ProviderCall
from ml_connector.domain.dispatches import Dispatch, DispatchState, Member
from ml_connector.domain.unit_of_work import Change, SidRecord
from ml_connector.settings import Timings
from ml_connector.twilio.client import TwilioConnection
from ml_connector.twilio.credentials import Sender, TwilioCredentials
from ml_connector.twilio.endpoints import Endpoints
from ml_connector.twilio.http_client import ConnectorHttpClient
from ml_connector.twilio.messages import TwilioMessenger
from ml_connector.twilio.studio import StudioCaller
from ml_connector.usecases.check_status import check_status
from ml_connector.usecases.steps import DispatchPorts
from tests.support import samples
from tests.support.clock import HandClock
from tests.support.doorbell import Queue
from tests.support.memory_store import (
    MemoryAlertStore,
    MemoryApproverStore,
    MemoryDocumentStore,
    Tables,
)
from tests.support.telemetry import RecordingTelemetry

if TYPE_CHECKING:
    from twilio.http.response import Response  # type: ignore[import-untyped]

ACCOUNT, TOKEN = "AC" + "5a" * 16, "sandbox-auth-token"
OURS = "+15550100000"
#: A status check's time, seconds: the function's timeout in the template.
TIMEOUT = 60.0
INTERVAL = timedelta(minutes=1)
#: Seconds, longer than anything here takes.
LONG = 1_000_000.0
#: As many single reads are measured, at most; each of them costs the same.
SINGLE_READS = 100


class CountingHttp(ConnectorHttpClient):
    """The client that ships, counting what it is asked: lists of ours, replies, single reads."""

    def __init__(self) -> None:
        super().__init__(tls=False)
        self.asked: Counter[str] = Counter()

    def request(self, method: str, uri: str, *args: Any, **kwargs: Any) -> Response:  # noqa: ANN401
        """As the client does."""
        self.asked[kind_of(uri, kwargs.get("params") or {})] += 1
        return super().request(method, uri, *args, **kwargs)


def kind_of(uri: str, params: dict[str, object]) -> str:
    """What is asked: a list, the list of replies (by the number they went to), or one thing."""
    parts = urlsplit(uri)
    if not parts.path.endswith(("/Messages.json", "/Executions")):
        return "single"
    return "replies" if "To" in params or "To" in parse_qs(parts.query) else "list"


class Heard:
    """A caller, and the ids of the calls it has told about."""

    def __init__(self, caller: StudioCaller, sids: set[str]) -> None:
        self._caller, self._sids = caller, sids

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever else a caller does
        return getattr(self._caller, name)

    def with_sender(self, _: str) -> Heard:
        """Nobody changes the sender here."""
        return self

    def list_started_since(self, since: datetime) -> Iterator[ProviderCall]:
        """As the caller does."""
        for call in self._caller.list_started_since(since):
            self._sids.add(call.sid)
            yield call

    def outcome(self, sid: str) -> ProviderCall | None:
        """As the caller does."""
        self._sids.add(sid)
        return self._caller.outcome(sid)


def sent(kind: str, place: int, made: dict[str, str]) -> Dispatch:
    """The dispatch behind a text or call of the account, as send recorded it."""
    voice = kind != "texts"
    at = datetime.fromisoformat(made["at"])
    return samples.dispatch(
        f"d{place}",
        channel="voice" if voice else "sms",
        confirm=voice,
        language="en-US" if voice else "",
        members=(Member(f"c{place}", f"a{place}"),),
        state=DispatchState.SENT,
        created_at=at,
        due_at=at,
        claimed_at=at,
        sent_at=at,
        look_at=at + INTERVAL,
        to=made["recipient"],
        sid=made["sid"],
        provider_status=CallStatus.ACTIVE if voice else MessageStatus.QUEUED,
    )


def stored(kind: str, accepted: list[dict[str, str]]) -> Tables:
    """A store that holds all of them, each with a case of its own."""
    tables = Tables()
    store = MemoryAlertStore(tables)
    for place, made in enumerate(accepted):
        dispatch = sent(kind, place, made)
        far = dispatch.created_at + timedelta(days=5)
        case = samples.case(f"c{place}", opened_at=dispatch.created_at, expires_at=far)
        alert = samples.alert(
            f"a{place}", f"c{place}", dispatch=dispatch.id, channel=dispatch.channel
        )
        store.commit(
            Change(
                f"w{place}",
                dispatches=(dispatch,),
                alerts=(alert,),
                cases=(samples.written(case),),
                sids=(SidRecord(dispatch.sid, dispatch.id),),
            )
        )
    return tables


def connected(url: str, http: CountingHttp) -> TwilioConnection:
    """The account, as the functions reach it."""
    return TwilioConnection(TwilioCredentials(ACCOUNT, ACCOUNT, TOKEN), Endpoints(url), http)


class Check:
    """Status checks of one account, one a minute, and what is known of its texts or calls."""

    def __init__(self, kind: str, url: str, flow: str, accepted: list[dict[str, str]]) -> None:
        self.http, self._tables = CountingHttp(), stored(kind, accepted)
        self._connection = connected(url, self.http)
        self._kind, self._told, self._known = kind, set[str](), set[str]()
        sender = Sender(number=OURS, voice_from=OURS, voice_flow=flow)
        messenger = TwilioMessenger(self._connection, sender)
        dispatches = self._tables.dispatches.values()
        self._clock = HandClock(max(x.look_at for x in dispatches if x.look_at))
        approvers = MemoryApproverStore(self._tables)
        approvers.put(Approver("ann", "Ann Approver", OURS, salt="bench"))
        self._ports = DispatchPorts(
            alerts=MemoryAlertStore(self._tables),
            approvers=approvers,
            documents=MemoryDocumentStore(self._tables),
            messenger=messenger,
            caller=Heard(StudioCaller(self._connection, sender), self._told),
            doorbell=Queue(self._clock),
            clock=self._clock,
            telemetry=RecordingTelemetry(),
            # Calls may go on for as long as looking at all of them takes.
            timings=Timings(call_patience=LONG) if kind == "active" else Timings(),
            send_timeout=30.0,
            ask_for_poll=lambda _: None,
            inbox=messenger.inbox,
        )
        # What loads when it is first used is part of the cold start, and not counted here.
        self._connection.warm_up()
        self._connection.flow(flow)

    @property
    def known(self) -> int:
        """How many were settled; of calls that go on: how many were looked at and told about."""
        if self._kind == "active":
            return len(self._known)
        return sum(dispatch.state.settled for dispatch in self._tables.dispatches.values())

    def run(self) -> float:
        """One status check; CPU seconds. Raises SystemExit where anything went wrong."""
        self._told.clear()
        versions = {x.sid: x.version for x in self._tables.dispatches.values()}
        began = time.process_time()
        report = check_status(self._ports, self._clock.ahead(TIMEOUT))
        took = time.process_time() - began
        if report.trouble:
            raise SystemExit(f"a status check had trouble: {report.trouble}")
        looked_at = {
            x.sid for x in self._tables.dispatches.values() if x.version != versions[x.sid]
        }
        self._known |= self._told & looked_at
        self._clock.forward(seconds=INTERVAL.total_seconds())
        return took

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def until_all_known(
    kind: str, url: str, flow: str, accepted: list[dict[str, str]], most_runs: int
) -> dict[str, Any]:
    """Check until all are known, or `most_runs` times; what that took."""
    check = Check(kind, url, flow, accepted)
    runs, cpu = 0, 0.0
    while runs < most_runs and check.known < len(accepted):
        cpu += check.run()
        runs += 1
    check.close()
    return {"runs": runs, "known": check.known, "cpu_ms": cpu * 1000, **check.http.asked}


def read_each(kind: str, url: str, flow: str, accepted: list[dict[str, str]]) -> dict[str, Any]:
    """What a client does that reads each by itself; the rest is as many of the same."""
    http = CountingHttp()
    connection = connected(url, http)
    connection.warm_up()
    sender = Sender(number=OURS, voice_from=OURS, voice_flow=flow)
    caller, messenger = StudioCaller(connection, sender), TwilioMessenger(connection, sender)
    read = messenger.fetch if kind == "texts" else caller.outcome
    sids = [made["sid"] for made in accepted[:SINGLE_READS]]
    read(sids[0])
    http.asked.clear()
    before = time.process_time()
    for sid in sids:
        read(sid)
    cpu = time.process_time() - before
    connection.close()
    share = len(accepted) / len(sids)
    return {"requests": round(http.asked.total() * share), "cpu_ms": cpu * 1000 * share}


def main() -> None:
    """Measure, and print what it took."""
    kind, count, url, most_runs = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
    session = requests.Session()
    session.trust_env = False
    accepted = session.get(f"{url}/_sandbox/accepted", timeout=60).json()["accepted"]
    flows = session.get(f"{url}/v2/Flows", auth=(ACCOUNT, TOKEN), timeout=60).json()["flows"]
    session.close()
    if len(accepted) != count:
        raise SystemExit(f"the account holds {len(accepted)} where {count} were to be")
    flow = flows[0]["sid"] if flows else "FW" + "0" * 32
    each = read_each(kind, url, flow, accepted)
    ours = until_all_known(kind, url, flow, accepted, most_runs)
    print(json.dumps({"ours": ours, "each": each}))


if __name__ == "__main__":
    main()
