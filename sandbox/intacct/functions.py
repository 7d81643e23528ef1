"""Running the functions of one request for a user who is signed in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from . import describe, legacy, query
from .catalog import OBJECTS
from .clock import iso
from .commands import (
    AuditTrail,
    Command,
    Describe,
    Formatting,
    NewSession,
    Query,
    Read,
    ReadByQuery,
    ReadMore,
    Write,
)
from .company import Company
from .envelope import Call, Control, Request
from .errors import Fault, FunctionError
from .query import Page
from .replies import Result, Writer
from .world import GATEWAY_PATH, World

_ROLLED_BACK = Fault(
    "XL03000009", "The entire transaction in this operation has been rolled back due to an error."
)


@dataclass(slots=True)
class Visit:
    """Who is here, at which level, and through which address."""

    world: World
    company: Company
    user: str
    location: str
    origin: str
    trouble: FunctionError | None = None
    """What every function of this request fails with."""


def run_functions(visit: Visit, request: Request, commands: Sequence[Command]) -> list[Result]:
    """One result per function, in order. With transaction="true" one failure aborts the others."""
    alone = len(commands) == 1
    results: list[Result] = []
    for call, command in zip(request.calls, commands, strict=True):
        with visit.company.lock:
            visit.company.settle()
            results.append(_result(visit, request.control, call, command, alone=alone))
    if not request.transaction or not any(result.faults for result in results):
        return results
    return [
        result
        if result.faults
        else replace(result, data="", faults=(_ROLLED_BACK,), status="aborted")
        for result in results
    ]


def _result(visit: Visit, control: Control, call: Call, command: Command, *, alone: bool) -> Result:
    company = visit.company
    executed = f"{control.sender}/{call.control_id}"
    if control.unique and executed in company.executed:
        # A replay is refused in a result without a status, as reported of the real gateway.
        text = f"The function with controlid {call.control_id} was executed before."
        return Result(call.name, call.control_id, faults=(Fault("XL03000005", text),), status="")
    subject, at = getattr(command, "object", ""), iso(company.clock.now())
    try:
        subject, page = _run(visit, command, alone=alone)
    except FunctionError as error:
        company.tally.ran(call.name, subject, at, None, error.faults[0].errorno or "error")
        return Result(call.name, call.control_id, faults=error.faults, status="failure")
    if control.unique:
        company.executed.add(executed)
    company.tally.ran(call.name, subject, at, page.rows, "")
    return Result(call.name, call.control_id, page.data, raw=page.raw if alone else None)


def _run(visit: Visit, command: Command, *, alone: bool) -> tuple[str, Page]:
    """The object a function was about, and what it found. Raises FunctionError."""
    if visit.trouble is not None:
        raise visit.trouble
    if isinstance(command, NewSession):
        return "", _new_session(visit, command, alone=alone)
    if isinstance(command, ReadMore):
        return legacy.run_read_more(visit.company, command)
    if isinstance(command, Query) and command.format != "xml" and not alone:
        raise FunctionError.query_failed("returnformat needs a request of one function")
    run = _RUN[type(command)]
    return getattr(command, "object", ""), run(visit.company, command, visit.location)


def _new_session(visit: Visit, command: NewSession, *, alone: bool) -> Page:
    if not alone:
        text = "getAPISession must be the only function of a request"
        raise FunctionError(Fault("XL03000003", text))
    company = visit.company
    level = visit.location if command.location is None else command.location
    if level and not company.entity(level):
        raise FunctionError(Fault("XL03000006", f"Location {level} is not an entity"))
    settings = company.settings
    node = f"/{settings.node}" if settings.node else ""
    endpoint = settings.endpoint or f"{visit.origin}{node}{GATEWAY_PATH}"
    session = visit.world.sessions.open(
        company.id, visit.user, level, urlsplit(endpoint).path, settings.session_seconds
    )
    writer = Writer(settings.omit)
    leaves = (("sessionid", session.id), ("endpoint", endpoint), ("locationid", level))
    body = "".join(writer.element(*leaf) for leaf in leaves)
    return Page(f"<data><api>{body}</api></data>", 1)


def _write(_company: Company, command: Write, _location: str) -> Page:
    if command.object not in OBJECTS:
        raise FunctionError(Fault("Query Failed", f"Object definition {command.object} not found"))
    operation = "UPDATE" if command.function == "recallApBill" else command.function.upper()
    raise FunctionError(
        Fault(
            "PL04000005",
            f"You do not have permission for API operation {operation} on objects of type "
            f"{command.object}",
        )
    )


# Any: each command type has its own runner, which the table cannot say.
_RUN: dict[type, Callable[[Company, Any, str], Page]] = {
    Query: query.run_query,
    Read: legacy.run_read,
    ReadByQuery: legacy.run_read_by_query,
    Describe: lambda company, command, _location: describe.run_describe(company, command),
    Formatting: lambda company, command, _location: describe.run_formatting(company, command),
    AuditTrail: lambda company, command, _location: describe.run_audit_trail(company, command),
    Write: _write,
}
