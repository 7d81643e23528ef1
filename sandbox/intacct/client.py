"""A client for the simulator's admin API, over HTTP or in process, for demos and tests.

It never talks to the gateway, and it is never part of what is deployed.
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from urllib.parse import urlencode, urlsplit

Json = dict[str, object]
Transport = Callable[[str, str, dict[str, str], bytes], tuple[int, object]]
"""Method, path after /_sandbox/, query, body: status and JSON."""


class AdminError(Exception):
    """The admin API refused; `status` is 400, 404 or 409."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"{status}: {text}")
        self.status = status


@dataclass(frozen=True, slots=True)
class Record:
    """A record as the admin API shows it: fields that are set, times ISO and UTC."""

    recordno: int
    fields: dict[str, str | int]
    visible: bool = True
    """False while a late commit is waiting."""

    def __getitem__(self, name: str) -> str:
        """A field as text; empty when null."""
        return str(self.fields.get(name, ""))

    @property
    def state(self) -> str:
        """STATE."""
        return self["STATE"]


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One committed change."""

    seq: int
    at: str
    kind: str
    object: str
    recordno: int
    by: str
    made_at: str
    before: dict[str, str | int] | None
    after: dict[str, str | int] | None


@dataclass(frozen=True, slots=True)
class Options:
    """How an operation is done: who, its stamp, and when it becomes visible."""

    by: str | None = None
    stamp: str | None = None
    """`now`, `keep`, `null`, or an ISO instant."""
    visible_after_seconds: float | None = None

    def as_json(self) -> Json:
        """What the admin API takes."""
        pairs = {
            "by": self.by,
            "stamp": self.stamp,
            "visible_after_seconds": self.visible_after_seconds,
        }
        return {name: value for name, value in pairs.items() if value is not None}


USUAL = Options()


class HttpTransport:
    """One connection per call to a simulator on loopback."""

    def __init__(self, base_url: str, timeout: float = 30) -> None:
        parts = urlsplit(base_url)
        self._host, self._port = parts.hostname or "127.0.0.1", parts.port or 80
        self._timeout = timeout

    def __call__(
        self, method: str, path: str, query: dict[str, str], body: bytes
    ) -> tuple[int, object]:
        """Status and JSON. Raises OSError."""
        connection = http.client.HTTPConnection(self._host, self._port, timeout=self._timeout)
        try:
            target = f"/_sandbox/{path}" + (f"?{urlencode(query)}" if query else "")
            connection.request(method, target, body, {"content-type": "application/json"})
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        finally:
            connection.close()


class AdminClient:
    """Everything the admin API does, for one company. All methods raise AdminError."""

    def __init__(self, transport: Transport, company: str = "acme-sandbox") -> None:
        self._transport = transport
        self.company = company

    @classmethod
    def at(cls, base_url: str, company: str = "acme-sandbox") -> AdminClient:
        """A client for `http://127.0.0.1:PORT`; a path after it is ignored."""
        return cls(HttpTransport(base_url), company)

    def for_company(self, company: str) -> AdminClient:
        """The same simulator, another company."""
        return AdminClient(self._transport, company)

    def call(
        self,
        method: str,
        path: str,
        body: Json | None = None,
        query: Mapping[str, str | int] | None = None,
    ) -> Json:
        """Any operation by its path after /_sandbox/."""
        asked = {"company": self.company}
        asked |= {name: str(value) for name, value in (query or {}).items()}
        status, answer = self._transport(method, path, asked, json.dumps(body or {}).encode())
        if not isinstance(answer, dict):
            raise AdminError(status, "the answer is not a JSON object")
        if status != 200:  # noqa: PLR2004 - the API's only success
            raise AdminError(status, str(answer.get("error", "")))
        return answer

    # ---------------------------------------------------------------------------------- bills
    def create_bill(
        self,
        vendor: str,
        amount: Decimal | str,
        *,
        currency: str = "USD",
        number: str | None = None,
        due: date | None = None,
        submit: bool = False,
        how: Options = USUAL,
        **more: object,
    ) -> Record:
        """A new bill, Draft or submitted. `more`: description, entity, state, lines, fields ..."""
        body: Json = {"vendor": vendor, "amount": str(amount), "currency": currency, **more}
        if number is not None:
            body["number"] = number
        if due is not None:
            body["due"] = due.isoformat()
        return _record(self.call("POST", "bills", {**body, "submit": submit, **how.as_json()}))

    def create_bills(
        self, count: int, vendor: str, amount: Decimal | str, **more: object
    ) -> list[int]:
        """Many bills alike, at one instant when the clock stands still; their record numbers."""
        body: Json = {"count": count, "vendor": vendor, "amount": str(amount), **more}
        found = self.call("POST", "bills/bulk", body)["recordnos"]
        return [int(str(number)) for number in found] if isinstance(found, list) else []

    def bill(self, recordno: int) -> Record:
        """One bill."""
        return _record(self.call("GET", f"bills/{recordno}"))

    def bills(self, **equal: str | int) -> list[Record]:
        """Bills whose fields equal these: `bills(STATE="Submitted")`."""
        return self.records("APBILL", **equal)

    def _bill(self, recordno: int, operation: str, how: Options, **more: object) -> Record:
        body = {**more, **how.as_json()}
        return _record(self.call("POST", f"bills/{recordno}/{operation}", body))

    def submit(self, recordno: int, how: Options = USUAL) -> Record:
        """Draft or Declined to Submitted."""
        return self._bill(recordno, "submit", how)

    def partially_approve(self, recordno: int, how: Options = USUAL) -> Record:
        """One level approves, another has to."""
        return self._bill(recordno, "partially-approve", how)

    def approve(self, recordno: int, how: Options = USUAL) -> Record:
        """The last approval: Posted."""
        return self._bill(recordno, "approve", how)

    def decline(self, recordno: int, how: Options = USUAL) -> Record:
        """An approver says no: Declined."""
        return self._bill(recordno, "decline", how)

    def recall(self, recordno: int, how: Options = USUAL) -> Record:
        """The submitter takes it back: Draft."""
        return self._bill(recordno, "recall", how)

    def set_state(self, recordno: int, state: str, how: Options = USUAL) -> Record:
        """Any state at once."""
        return self._bill(recordno, "state", how, state=state)

    def recreate(self, recordno: int, how: Options = USUAL, **more: object) -> Record:
        """Delete it if it is there, and make it again under a new number."""
        return self._bill(recordno, "recreate", how, **more)

    def edit_bill(self, recordno: int, how: Options = USUAL, **changes: object) -> Record:
        """Change vendor, amount, currency, due, description, hold, or raw fields."""
        return _record(self.call("PATCH", f"bills/{recordno}", {**changes, **how.as_json()}))

    def delete_bill(self, recordno: int, how: Options = USUAL) -> None:
        """Delete it with its lines."""
        self.call("DELETE", f"bills/{recordno}", how.as_json())

    # ------------------------------------------------------------------------------- payments
    def create_payment(
        self, bills: Iterable[int | Json], how: Options = USUAL, **more: object
    ) -> Record:
        """A payment of bills. `more`: state, method, bank, document, date, fields."""
        return _record(
            self.call("POST", "payments", {"bills": list(bills), **more, **how.as_json()})
        )

    def payment(
        self, recordno: int, operation: str, how: Options = USUAL, **more: object
    ) -> Record:
        """confirm, clear, unclear, void or decline."""
        body = {**more, **how.as_json()}
        return _record(self.call("POST", f"payments/{recordno}/{operation}", body))

    # ------------------------------------------------------------------------------ any object
    def records(self, name: str, **equal: str | int) -> list[Record]:
        """Records of any object whose fields equal these; at most 1,000 (`limit`)."""
        return [
            _record(entry)
            for entry in _entries(self.call("GET", f"records/{name}", query=equal), "records")
        ]

    def create_record(self, name: str, fields: Json, how: Options = USUAL) -> Record:
        """A record of any object from raw fields."""
        return _record(self.call("POST", f"records/{name}", {"fields": fields, **how.as_json()}))

    def edit_record(self, name: str, recordno: int, fields: Json, how: Options = USUAL) -> Record:
        """Raw fields of any record; null empties one."""
        body = {"fields": fields, **how.as_json()}
        return _record(self.call("PATCH", f"records/{name}/{recordno}", body))

    def create_vendor(self, vendor: str, name: str, **fields: object) -> Record:
        """A vendor."""
        return _record(self.call("POST", "vendors", {"id": vendor, "name": name, "fields": fields}))

    # -------------------------------------------------------------------------------- gateway
    def fault(self, kind: str, *, count: int | None = 1, **more: object) -> int:
        """Order a fault; its id. `more`: skip, match, delay_seconds."""
        answer = self.call("POST", "faults", {"kind": kind, "count": count, **more})
        return int(str(answer["id"]))

    def fired(self, fault: int) -> int:
        """How often a fault fired."""
        listed = _entries(self.call("GET", "faults"), "faults")
        return sum(int(str(entry["fired"])) for entry in listed if entry["id"] == fault)

    def release(self) -> None:
        """Let slow replies go."""
        self.call("POST", "faults/release")

    def clear_faults(self) -> None:
        """Forget all faults."""
        self.call("DELETE", "faults")

    def sessions(self) -> int:
        """How many sessions are alive."""
        return int(str(self.call("GET", "sessions")["count"]))

    def kill_sessions(self) -> int:
        """End all sessions; how many there were."""
        return int(str(self.call("DELETE", "sessions")["killed"]))

    def tally(self) -> dict[str, int]:
        """Counters: logins, queries, transactions, max_in_flight and others."""
        counts = self.call("GET", "tally")
        return {name: value for name, value in counts.items() if isinstance(value, int)}

    def reset_tally(self) -> None:
        """Count from zero."""
        self.call("DELETE", "tally")

    def calls(self) -> list[Json]:
        """The last functions that ran: at, function, object, rows, error, transactions."""
        return _entries(self.call("GET", "calls"), "calls")

    def settings(self, **changes: object) -> Json:
        """Change settings and show all of them."""
        return self.call("PATCH", "settings", changes) if changes else self.call("GET", "settings")

    def events(self, after: int = 0, limit: int = 1000) -> list[LogEntry]:
        """Committed changes after a sequence number, oldest first."""
        answer = self.call("GET", "events", query={"after": after, "limit": limit})
        return [_log_entry(entry) for entry in _entries(answer, "events")]

    # ---------------------------------------------------------------------------------- world
    def now(self) -> str:
        """The simulator's time, ISO, UTC."""
        return str(self.call("GET", "clock")["now"])

    def forward(self, seconds: float) -> None:
        """Move the clock."""
        self.call("POST", "clock", {"forward_seconds": seconds})

    def set_clock(self, instant: str, *, frozen: bool | None = None) -> None:
        """Set the clock; `frozen` stops it or lets it run."""
        body: Json = {"set": instant}
        self.call("POST", "clock", body if frozen is None else {**body, "frozen": frozen})

    def found_company(self, company: str, bills: int = 0, seed: int = 1) -> AdminClient:
        """Another company, and a client for it."""
        self.for_company(company).call("POST", "companies", {"bills": bills, "seed": seed})
        return self.for_company(company)

    def user(self, login: str, **changes: str) -> None:
        """Set a user's password or status."""
        self.call("POST", f"users/{login}", dict(changes))

    def reset(self) -> None:
        """Back to the beginning."""
        self.call("POST", "reset")


def _entries(answer: Json, name: str) -> list[Json]:
    found = answer.get(name)
    return [entry for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []


def _fields(value: object) -> dict[str, str | int]:
    return dict(value) if isinstance(value, dict) else {}


def _record(answer: Json) -> Record:
    return Record(
        recordno=int(str(answer["recordno"])),
        fields=_fields(answer.get("fields")),
        visible=answer.get("visible") is not False,
    )


def _log_entry(entry: Json) -> LogEntry:
    before, after = entry["before"], entry["after"]
    return LogEntry(
        seq=int(str(entry["seq"])),
        at=str(entry["at"]),
        kind=str(entry["kind"]),
        object=str(entry["object"]),
        recordno=int(str(entry["recordno"])),
        by=str(entry["by"]),
        made_at=str(entry["made_at"]),
        before=None if before is None else _fields(before),
        after=None if after is None else _fields(after),
    )
