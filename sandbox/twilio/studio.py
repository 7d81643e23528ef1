"""Studio's flows with their revisions, and the executions of all of them."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sandbox.twilio.errors import ApiError
from sandbox.twilio.executions import Execution, Run
from sandbox.twilio.flow_definition import Reading
from sandbox.twilio.ids import new_sid

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sandbox.twilio.calls import Call
    from sandbox.twilio.line import Line
    from sandbox.twilio.world import World

WEBHOOK = re.compile(r"https://webhooks\.twilio\.com/v1/Accounts/AC\w{32}/Flows/(?P<sid>FW\w{32})")


@dataclass(frozen=True, slots=True)
class Revision:
    """One saved version of a flow; `sequence` is its number."""

    sequence: int
    friendly_name: str
    status: str
    commit_message: str | None
    reading: Reading
    updated: datetime


@dataclass(slots=True)
class Flow:
    """One flow with every revision, the oldest first."""

    sid: str
    sequence: int
    created: datetime
    revisions: list[Revision] = field(default_factory=list)

    @property
    def latest(self) -> Revision:
        """The newest revision, draft or published."""
        return self.revisions[-1]

    @property
    def published(self) -> Revision | None:
        """The newest published revision: what runs."""
        done = [revision for revision in self.revisions if revision.status == "published"]
        return done[-1] if done else None


class Studio:
    """All flows and executions of the account."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.flows: dict[str, Flow] = {}
        self._runs: dict[str, Run] = {}

    def create(self, name: str, status: str, commit: str | None, reading: Reading) -> Flow:
        """Make a flow with its first revision."""
        flow = Flow(new_sid("FW"), next(self._world.order), self._world.clock.now())
        self.flows[flow.sid] = flow
        self.save(flow, name, status, commit, reading)
        return flow

    def save(
        self, flow: Flow, name: str, status: str, commit: str | None, reading: Reading
    ) -> None:
        """Add a revision."""
        number = len(flow.revisions) + 1
        now = self._world.clock.now()
        flow.revisions.append(Revision(number, name, status, commit, reading, now))

    def executions(self, flow_sid: str) -> Iterable[Execution]:
        """Return a flow's executions, newest first, also those lists do not show yet."""
        every = (run.execution for run in reversed(self._runs.values()))
        return (execution for execution in every if execution.flow_sid == flow_sid)

    def get(self, flow_sid: str, sid: str) -> Execution | None:
        """Return one execution of a flow, or None."""
        run = self._runs.get(sid)
        return run.execution if run and run.execution.flow_sid == flow_sid else None

    def delete(self, sid: str) -> None:
        """End an execution and remove its record."""
        self.end(sid)
        del self._runs[sid]

    def end(self, sid: str) -> None:
        """End an execution, and its call with it."""
        self._runs[sid].end(self._world.clock.now())

    def execute(self, flow: Flow, to: str, sender: str, data: dict[str, object]) -> Execution:
        """Start a flow for a contact; error 20409 while another one is active for the pair."""
        for run in self._runs.values():
            other = run.execution
            if other.status == "active" and (other.to, other.sender) == (to, sender):
                raise ApiError(20409, other.sid, details={"conflicting_execution_sid": other.sid})
        parameters = json.dumps(data)
        run = self._open(flow, to, sender, data, initiated_by=new_sid("RQ"))
        execution = run.execution
        self._world.accept("execution", execution.sid, to, sender, parameters)
        run.start("incomingRequest", execution.created)
        return execution

    def script_for_webhook(self, url: str) -> FlowScript | None:
        """Return the script of a call whose address is a published flow's webhook, or None."""
        match = WEBHOOK.fullmatch(url)
        flow = self.flows.get(match["sid"]) if match else None
        return FlowScript(self, flow) if flow is not None and flow.published else None

    def join(self, flow: Flow, line: Line, at: datetime) -> Run:
        """Start a flow on an answered call, as its webhook would."""
        call = line.call
        run = self._open(flow, call.draft.to, call.draft.sender, {}, initiated_by=call.sid)
        run.join(call, line, at)
        return run

    def _open(
        self, flow: Flow, to: str, sender: str, data: dict[str, object], *, initiated_by: str
    ) -> Run:
        revision = flow.published
        if revision is None or revision.reading.definition is None:
            raise ApiError(20404, f"/v2/Flows/{flow.sid}")
        now = self._world.clock.now()
        sid = new_sid("FN")
        execution = Execution(
            sid=sid,
            sequence=next(self._world.order),
            flow_sid=flow.sid,
            flow_version=revision.sequence,
            to=to,
            sender=sender,
            initiated_by=initiated_by,
            created=now,
            updated=now,
            listed_at=self._world.listed_at("executions.create", to, now),
            context={
                "trigger": {"request": {"from": sender, "to": to, "parameters": dict(data)}},
                "flow": {
                    "sid": sid,
                    "flow_sid": flow.sid,
                    "channel": {"address": sender},
                    "data": dict(data),
                    "variables": {},
                },
                "contact": {"channel": {"address": to}},
                "widgets": {},
            },
        )
        run = Run(self._world, execution, revision.reading.definition)
        self._runs[sid] = run
        return run


class FlowScript:
    """Runs a flow on a plain call that points to the flow's webhook address."""

    def __init__(self, studio: Studio, flow: Flow) -> None:
        self._studio, self._flow = studio, flow
        self._run: Run | None = None

    def answered(self, line: Line, at: datetime) -> None:
        """The execution begins when the call is answered."""
        self._run = self._studio.join(self._flow, line, at)

    def ended(self, call: Call, at: datetime) -> None:
        """A hang-up ends the execution."""
        if self._run is not None:
            self._run.ended(call, at)
