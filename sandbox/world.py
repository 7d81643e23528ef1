"""The whole local world: both simulators, the deployed template, a company, its people, a flow.

    with LocalWorld() as world:
        bill = world.submit("V-100", "12500.00", "INV-4711")
        world.phone("ann").expect_sms("Baker Steel", "USD 12,500.00")

The way of every alert is the real one: schedule, function as a process of its own, queue, tables.
Only time is shorter, and only by settings.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, date, datetime
from types import TracebackType
from typing import Any, Self

from ml_connector.domain.approvers import Approver
from ml_connector.domain.audit import AuditEntry
from ml_connector.domain.cases import Case
from ml_connector.domain.dispatches import Dispatch
from ml_connector.settings import read_settings
from ml_connector.store.alerts import DynamoAlertStore
from ml_connector.store.approvers import DynamoApproverStore
from ml_connector.store.audit import DynamoAuditTrail
from ml_connector.store.connection import bind
from ml_connector.store.documents import DynamoDocumentStore
from ml_connector.store.flows import DynamoFlowStore
from ml_connector.store.models import CaseItem, DispatchItem
from ml_connector.store.tables import tables
from ml_connector.twilio.client import TwilioConnection
from ml_connector.twilio.credentials import TwilioCredentials
from ml_connector.twilio.endpoints import Endpoints
from sandbox.aws import wait
from sandbox.aws.local import ROOT, LocalAws
from sandbox.aws.schedules import Schedules
from sandbox.aws.stack import Stack, deploy
from sandbox.connection import connect
from sandbox.intacct.client import AdminClient, Record
from sandbox.intacct.server import IntacctSimulator
from sandbox.intacct.world import SENDER_ID, SENDER_PASSWORD, USER_ID, USER_PASSWORD
from sandbox.twilio.admin import PhoneHandle, TwilioAdmin
from sandbox.twilio.settings import DEFAULT_ACCOUNT_SID, DEFAULT_AUTH_TOKEN
from sandbox.twilio.simulator import TwilioSimulator

COMPANY = "acme"
ZONE = "America/Chicago"
INTACCT_COMPANY = "acme-sandbox"
SENDER = "+15550100000"

#: One minute of the schedules, in real seconds.
MINUTE_SECONDS = 2.0

#: The protocol's table of times, shortened so that a story fits a coffee break. The order of
#: everything, and what must be longer than what, is as it is in the defaults.
TIMINGS: Mapping[str, float] = {
    "poll_scale": 0.001,
    "twilio_timeout": 3.0,
    "intacct_timeout": 10.0,
    "claim_to_post": 2.0,
    "time_reserve": 1.0,
    "claim_margin": 1.0,
    "grace": 6.0,
    "empty_list_gap": 3.0,
    "ring_again": 6.0,
    "status_interval": 1.0,
    "reply_interval": 1.0,
    "price_wait": 3.0,
    "retry_base": 4.0,
    "retry_cap": 40.0,
    "give_back_wait": 1.0,
    "hint_scale": 0.001,
    "blocked_pause": 6.0,
    "between_calls": 3.0,
    "call_busy_wait": 2.0,
    "call_patience": 60.0,
    "step_freshness": 4.0,
    "step_wait": 8.0,
    # A story about one bill is not to wait for the one before it.
    "bundle_window": 0.5,
}

#: How the phones' calls go, in real seconds: nobody waits a minute for a phone to ring out.
CALL_TIMINGS: Mapping[str, float] = {"no_answer": 3.0, "gather": 2.0}


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of the sandbox's company; most of them take texts only."""

    id: str
    name: str
    phone: str
    approves: str
    channels: tuple[str, ...] = ("sms",)
    manager: str = ""


_BOTH = ("sms", "voice")

#: Each band of amounts has its own approver, so that a story can choose whose phone will buzz.
PEOPLE = (
    Person("ann", "Ann Approver", "+15550100001", "USD 10,000 to 25,000"),
    Person("bob", "Bob Approver", "+15550100002", "USD 5,000 to 10,000"),
    Person("cho", "Cho Controller", "+15550100003", "USD 2,500 to 5,000"),
    Person("dee", "Dee Deputy", "+15550100004", "USD 1,000 to 2,500"),
    Person("eli", "Eli Evening", "+15550100005", "everything else"),
    Person("fay", "Fay Finance", "+15550100006", "USD 25,000 and more", _BOTH, "gil"),
    Person("gil", "Gil General", "+15550100007", "what nobody confirms", _BOTH),
    Person("hal", "Hal Hurry", "+15550100008", "what is due within two days", _BOTH, "gil"),
)

#: The plan for large bills: called and confirmed, or else texted, or else the manager is called.
#: Whole seconds where a company would write minutes.
_CALLED: tuple[dict[str, Any], ...] = (
    {"voice": {"to": "approver", "confirm": True, "attempts": 2}},
    {"sms": {"to": "approver", "after": 14, "unless": "confirmed"}},
    {"voice": {"to": "manager", "after": 4, "unless": "confirmed", "confirm": True}},
)

_BANDS = (
    ("ann", 10_000, 25_000),
    ("bob", 5_000, 10_000),
    ("cho", 2_500, 5_000),
    ("dee", 1_000, 2_500),
)


def flow(zone: str = ZONE) -> dict[str, Any]:
    """The sandbox's published flow: what is urgent or large is called, the rest goes by amount."""
    rules: list[dict[str, Any]] = [
        {
            "name": "due soon",
            "on": ["bill.submitted"],
            "when": {"due_within_days": 2},
            "approver": "hal",
            "notify": [{"voice": {"to": "approver", "confirm": True}}],
        },
        {
            "name": "large bills are called",
            "on": ["bill.submitted"],
            "when": {"amount": {"currency": "USD", "at_least": "25000"}},
            "approver": "fay",
            "notify": list(_CALLED),
        },
    ]
    for approver, low, high in _BANDS:
        band = {"currency": "USD", "at_least": str(low)} | ({"under": str(high)} if high else {})
        rules.append(
            {
                "name": f"bills for {approver}",
                "on": ["bill.submitted"],
                "when": {"amount": band},
                "approver": approver,
                "notify": [{"sms": {"to": "approver"}}],
            }
        )
    rules.append(
        {
            "name": "everything else",
            "on": ["bill.submitted", "bill.partially_approved"],
            "approver": "eli",
            "notify": [{"sms": {"to": "approver"}}],
        }
    )
    return {
        "schema": 1,
        "companies": {COMPANY: {"name": "Acme AP", "zone": zone}},
        "rules": rules,
        "default_approver": "eli",
    }


class LocalWorld:
    """Everything, started in order and ended in reverse; a context manager.

    `mutations` change the built copy of the code (see `sandbox.aws.build.Mutation`), `people` and
    `secrets` say what is stored before the first poll: all for showing that a missing piece is
    noticed. Where the world is `secured`, its AWS enforces IAM and speaks TLS, and each function
    may do what its role allows; elsewhere everybody may do everything. `zone` is the company's.
    """

    def __init__(
        self,
        *,
        mutations: Iterable[tuple[str, str, str]] = (),
        people: Iterable[Person] = PEOPLE,
        timings: Mapping[str, float] | None = None,
        minute_seconds: float = MINUTE_SECONDS,
        secured: bool = False,
        zone: str = ZONE,
    ) -> None:
        self._mutations = list(mutations)
        self._people = tuple(people)
        self._timings = {**TIMINGS, **(timings or {})}
        self._minute = minute_seconds
        self._secured = secured
        self._zone = zone
        self._running = ExitStack()

    # ---------------------------------------------------------------------- start and stop
    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self._running.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._running.close()

    def _start(self) -> None:
        self._intacct_server = self._running.enter_context(IntacctSimulator())
        self._twilio_server = self._running.enter_context(TwilioSimulator())
        self.aws = self._running.enter_context(LocalAws(secured=self._secured))
        self.stack = self._deploy()
        self.rebind()
        self._store_secrets()
        self._publish()
        for person in PEOPLE:
            self.twilio.phone(person.phone, name=person.name)
        self.twilio.settings(timings=dict(CALL_TIMINGS))
        self.schedules = self._running.enter_context(Schedules(self.stack, self._minute))

    def _deploy(self) -> Stack:
        parameters = {
            "Timings": json.dumps(self._timings),
            "IntacctEndpoint": self._intacct_server.url,
            "IntacctTrustedHost": "127.0.0.1",
            "TwilioBaseUrl": self._twilio_server.url,
        }
        return deploy(self.aws, ROOT / "template.yaml", parameters, mutations=self._mutations)

    def rebind(self) -> None:
        """Point the models of this process at this world, again if others have had them since."""
        connection = connect(self.aws)
        settings = read_settings(self._environment())
        bind(connection, tables(settings))
        self.timings = settings.timings
        self.alerts = DynamoAlertStore(connection)
        self.documents = DynamoDocumentStore()
        self.approvers = DynamoApproverStore()
        self.flows = DynamoFlowStore()
        self.audit = DynamoAuditTrail()

    def _environment(self) -> dict[str, str]:
        outputs = self.stack.outputs
        names = ("Sessions", "Documents", "Alerts", "Flows", "Approvers", "Audit")
        return {
            "STAGE": "local",
            "TIMINGS": json.dumps(self._timings),
            "SEND_TIMEOUT_SECONDS": "6",
            **{f"{name.upper()}_TABLE": outputs[f"{name}TableName"] for name in names},
        }

    def _store_secrets(self) -> None:
        outputs, secrets = self.stack.outputs, self.aws.client("secretsmanager")
        intacct = {
            "sender_id": SENDER_ID,
            "sender_password": SENDER_PASSWORD,
            "companies": {
                COMPANY: {
                    "company_id": INTACCT_COMPANY,
                    "user_id": USER_ID,
                    "user_password": USER_PASSWORD,
                }
            },
        }
        twilio = {
            "account_sid": DEFAULT_ACCOUNT_SID,
            "auth_token": DEFAULT_AUTH_TOKEN,
            "from": self.sender,
            "voice_flow": self._publish_voice(),
        }
        for name, body in (("Intacct", intacct), ("Twilio", twilio)):
            secrets.put_secret_value(
                SecretId=outputs[f"{name}SecretId"], SecretString=json.dumps(body)
            )

    def _publish_voice(self) -> str:
        """The Studio flow of the repository, published at the simulator; its SID."""
        connection = TwilioConnection(
            TwilioCredentials(DEFAULT_ACCOUNT_SID, DEFAULT_ACCOUNT_SID, DEFAULT_AUTH_TOKEN),
            Endpoints(base_url=self._twilio_server.url),
        )
        definition = json.loads((ROOT / "flows" / "voice.json").read_text())
        published = connection.product("studio").v2.flows.create(
            friendly_name="ml-connector local", status="published", definition=definition
        )
        connection.close()
        return str(published.sid)

    def _publish(self) -> None:
        for person in self._people:
            salt = hashlib.sha256(f"sandbox {person.id}".encode()).hexdigest()[:32]
            self.approvers.put(
                Approver(
                    person.id,
                    person.name,
                    person.phone,
                    salt,
                    channels=person.channels,
                    manager=person.manager,
                )
            )
        self.flows.publish(
            flow(self._zone), now=datetime.now(UTC), by="sandbox", reason="the sandbox's flow"
        )

    # ------------------------------------------------------------------------------ people
    @property
    def sender(self) -> str:
        """The number the sandbox's texts come from."""
        return str(self.twilio.settings()["numbers"][0])

    @property
    def twilio(self) -> TwilioAdmin:
        """The phones."""
        return self._twilio_server.admin

    @property
    def intacct(self) -> AdminClient:
        """The ledger."""
        return self._intacct_server.admin

    def phone(self, person: str) -> PhoneHandle:
        """The phone of one of the sandbox's people."""
        found = next(entry for entry in PEOPLE if entry.id == person)
        return self.twilio.phone(found.phone)

    @property
    def addresses(self) -> dict[str, str]:
        """Where everything can be looked at."""
        return {
            "phones": self._twilio_server.url,
            "Twilio": self._twilio_server.url,
            "Intacct": self._intacct_server.url,
            "AWS": self.aws.endpoint,
        }

    # ------------------------------------------------------------------------------ ledger
    def submit(self, vendor: str, amount: str, number: str, due: date | None = None) -> Record:
        """A new bill, waiting for approval."""
        return self.intacct.create_bill(vendor, amount, number=number, due=due, submit=True)

    def await_first_poll(self, within: float = 60.0) -> None:
        """Until what was there before has been recorded: only then is a new bill an event."""
        wait.until(
            lambda: self.documents.state(COMPANY).baseline_done,
            "the first complete poll of Intacct",
            timeout=within,
        )

    # ------------------------------------------------------------------------------ tables
    def cases(self, record: Record) -> list[Case]:
        """The cases of a bill, oldest first."""
        document = f"bill#{record.recordno}"
        found = [str(row.id) for row in CaseItem.scan(CaseItem.document == document)]
        files = [file for file in map(self.alerts.case_file, found) if file]
        return sorted((file.case for file in files), key=lambda case: case.opened_at)

    def dispatches(self, record: Record) -> list[Dispatch]:
        """The dispatches made for a bill, in the order they were made."""
        cases = {case.id for case in self.cases(record)}
        ids = [str(row.id) for row in DispatchItem.scan(DispatchItem.pk.startswith("dispatch#"))]
        found = self.alerts.dispatches(ids)
        mine = [d for d in found if any(member.case_id in cases for member in d.members)]
        return sorted(mine, key=lambda dispatch: (dispatch.created_at, dispatch.sequence))

    def audit_entries(self, record: Record) -> list[AuditEntry]:
        """The audit trail of a bill's cases, in order."""
        return [entry for case in self.cases(record) for entry in self.audit.chain(case.chain)]

    def audit_kinds(self, record: Record) -> list[str]:
        """What it says, in one word each."""
        return [entry.kind for entry in self.audit_entries(record)]
