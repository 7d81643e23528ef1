"""`/v2/Flows`: Studio's flows, revisions, executions, contexts and steps."""

from __future__ import annotations

import json
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING

from sandbox.twilio.endpoints import Endpoint
from sandbox.twilio.errors import ApiError
from sandbox.twilio.flow_definition import Reading, read_definition
from sandbox.twilio.studio_views import (
    context_view,
    execution_view,
    flow_view,
    revision_view,
    step_view,
)
from sandbox.twilio.wire import ApiResponse, created, list_meta, read_time

if TYPE_CHECKING:
    from sandbox.twilio.executions import Execution, Step
    from sandbox.twilio.studio import Flow, Revision
    from sandbox.twilio.wire import ApiRequest
    from sandbox.twilio.world import World

STATUSES = ("draft", "published")


def create_flow(world: World, request: ApiRequest) -> ApiResponse:
    """POST a new flow; publishing needs a definition without problems."""
    name, status, reading = _flow_fields(request)
    flow = world.studio.create(name, status, request.get("CommitMessage") or None, reading)
    return created(flow_view(world, request, flow, flow.latest))


def validate_flow(world: World, request: ApiRequest) -> ApiResponse:  # noqa: ARG001 a handler
    """POST a definition to be checked, nothing kept."""
    _flow_fields(request, checked=True)
    return ApiResponse(body={"valid": True})


def list_flows(world: World, request: ApiRequest) -> ApiResponse:
    """GET the flows, without their definitions."""
    rows = sorted(world.studio.flows.values(), key=lambda flow: -flow.sequence)

    def view(flow: Flow) -> dict[str, object]:
        shown = flow_view(world, request, flow, flow.latest)
        del shown["definition"]
        return shown

    return list_meta(request, "flows", rows, view)


def fetch_flow(world: World, request: ApiRequest) -> ApiResponse:
    """GET one."""
    flow = _flow(world, request)
    return ApiResponse(body=flow_view(world, request, flow, flow.latest))


def update_flow(world: World, request: ApiRequest) -> ApiResponse:
    """POST to one: a new revision; what is not given stays as it was."""
    flow = _flow(world, request)
    name, status, reading = _flow_fields(request, flow.latest)
    world.studio.save(flow, name, status, request.get("CommitMessage") or None, reading)
    return ApiResponse(body=flow_view(world, request, flow, flow.latest))


def delete_flow(world: World, request: ApiRequest) -> ApiResponse:
    """DELETE one."""
    del world.studio.flows[_flow(world, request).sid]
    return ApiResponse(HTTPStatus.NO_CONTENT)


def list_revisions(world: World, request: ApiRequest) -> ApiResponse:
    """GET a flow's revisions, newest first."""
    flow = _flow(world, request)
    return list_meta(
        request,
        "revisions",
        flow.revisions[::-1],
        lambda revision: revision_view(world, request, flow, revision),
    )


def fetch_revision(world: World, request: ApiRequest) -> ApiResponse:
    """GET one revision by number, `LatestPublished` or `LatestRevision`."""
    flow, wanted = _flow(world, request), request.args["revision"]
    if wanted == "LatestRevision":
        found: Revision | None = flow.latest
    elif wanted == "LatestPublished":
        found = flow.published
    else:
        found = next((each for each in flow.revisions if str(each.sequence) == wanted), None)
    if found is None:
        raise ApiError(20404, request.path)
    return ApiResponse(body=revision_view(world, request, flow, found))


def create_execution(world: World, request: ApiRequest) -> ApiResponse:
    """POST: run the flow for a contact."""
    flow = _flow(world, request)
    to, sender = (_required(request, name) for name in ("To", "From"))
    execution = world.studio.execute(flow, to, sender, _parameters(request))
    return created(execution_view(world, request, execution))


def list_executions(world: World, request: ApiRequest) -> ApiResponse:
    """GET a flow's executions: `Status`, `DateCreatedFrom`, `DateCreatedTo`; newest first."""
    flow, now = _flow(world, request), world.clock.now()
    status = request.param("Status") or request.param("status")
    since, until = _bound(request, "DateCreatedFrom"), _bound(request, "DateCreatedTo")
    rows = (
        execution
        for execution in world.studio.executions(flow.sid)
        if execution.listed_at <= now
        and status in {"", execution.status}
        and (since is None or execution.created.replace(microsecond=0) >= since)
        and (until is None or execution.created.replace(microsecond=0) <= until)
    )
    return list_meta(request, "executions", rows, lambda row: execution_view(world, request, row))


def fetch_execution(world: World, request: ApiRequest) -> ApiResponse:
    """GET one."""
    return ApiResponse(body=execution_view(world, request, _execution(world, request)))


def update_execution(world: World, request: ApiRequest) -> ApiResponse:
    """POST `Status=ended` to one."""
    execution = _execution(world, request)
    if request.get("Status") != "ended":
        raise ApiError(20001, "Status must be ended")
    world.studio.end(execution.sid)
    return ApiResponse(body=execution_view(world, request, execution))


def delete_execution(world: World, request: ApiRequest) -> ApiResponse:
    """DELETE one."""
    world.studio.delete(_execution(world, request).sid)
    return ApiResponse(HTTPStatus.NO_CONTENT)


def fetch_context(world: World, request: ApiRequest) -> ApiResponse:
    """GET everything the execution knows."""
    return ApiResponse(body=context_view(world, request, _execution(world, request)))


def list_steps(world: World, request: ApiRequest) -> ApiResponse:
    """GET the transitions taken, newest first."""
    execution = _execution(world, request)
    return list_meta(
        request,
        "steps",
        execution.steps[::-1],
        lambda step: step_view(world, request, execution, step),
    )


def fetch_step(world: World, request: ApiRequest) -> ApiResponse:
    """GET one transition."""
    execution, step = _step(world, request)
    return ApiResponse(body=step_view(world, request, execution, step))


def fetch_step_context(world: World, request: ApiRequest) -> ApiResponse:
    """GET the context as it stood at one transition."""
    execution, step = _step(world, request)
    body = context_view(world, request, execution)
    body.update(context=step.context, step_sid=step.sid, url=request.base + request.path)
    return ApiResponse(body=body)


def _flow_fields(
    request: ApiRequest, before: Revision | None = None, *, checked: bool = False
) -> tuple[str, str, Reading]:
    name = request.get("FriendlyName") or (before.friendly_name if before else "")
    if not name:
        raise ApiError(20001, "Missing required parameter FriendlyName in the post body")
    status = _required(request, "Status")
    if status not in STATUSES:
        raise ApiError(20001, f"Status must be one of {', '.join(STATUSES)}")
    if request.has("Definition"):
        reading = read_definition(request.get("Definition"))
    elif before is not None:
        reading = before.reading
    else:
        raise ApiError(20001, "Missing required parameter Definition in the post body")
    if reading.problems and (checked or status == "published"):
        errors = [
            {"message": problem.message, "property_path": problem.path}
            for problem in reading.problems
        ]
        raise ApiError(20001, "Flow definition is invalid", details={"errors": errors})
    return name, status, reading


def _required(request: ApiRequest, name: str) -> str:
    if not request.get(name):
        raise ApiError(20001, f"Missing required parameter {name} in the post body")
    return request.get(name)


def _parameters(request: ApiRequest) -> dict[str, object]:
    if not request.get("Parameters"):
        return {}
    try:
        values = json.loads(request.get("Parameters"))
    except ValueError:
        values = None
    if not isinstance(values, dict):
        raise ApiError(20001, "Parameters must be a JSON object")
    return values


def _bound(request: ApiRequest, name: str) -> datetime | None:
    text = request.param(name)
    return read_time(text) if text else None


def _flow(world: World, request: ApiRequest) -> Flow:
    flow = world.studio.flows.get(request.args["flow"])
    if flow is None:
        raise ApiError(20404, request.path)
    return flow


def _execution(world: World, request: ApiRequest) -> Execution:
    execution = world.studio.get(_flow(world, request).sid, request.args["sid"])
    if execution is None:
        raise ApiError(20404, request.path)
    return execution


def _step(world: World, request: ApiRequest) -> tuple[Execution, Step]:
    execution = _execution(world, request)
    for step in execution.steps:
        if step.sid == request.args["step"]:
            return execution, step
    raise ApiError(20404, request.path)


_FLOW = "/v2/Flows/{flow}"
_EXECUTION = f"{_FLOW}/Executions/{{sid}}"
ENDPOINTS = (
    Endpoint("flows.validate", "POST", "/v2/Flows/Validate", validate_flow),
    Endpoint("flows.create", "POST", "/v2/Flows", create_flow),
    Endpoint("flows.list", "GET", "/v2/Flows", list_flows),
    Endpoint("flows.fetch", "GET", _FLOW, fetch_flow),
    Endpoint("flows.update", "POST", _FLOW, update_flow),
    Endpoint("flows.delete", "DELETE", _FLOW, delete_flow),
    Endpoint("revisions.list", "GET", f"{_FLOW}/Revisions", list_revisions),
    Endpoint("revisions.fetch", "GET", f"{_FLOW}/Revisions/{{revision}}", fetch_revision),
    Endpoint("executions.create", "POST", f"{_FLOW}/Executions", create_execution),
    Endpoint("executions.list", "GET", f"{_FLOW}/Executions", list_executions),
    Endpoint("executions.fetch", "GET", _EXECUTION, fetch_execution),
    Endpoint("executions.update", "POST", _EXECUTION, update_execution),
    Endpoint("executions.delete", "DELETE", _EXECUTION, delete_execution),
    Endpoint("executions.context", "GET", f"{_EXECUTION}/Context", fetch_context),
    Endpoint("steps.list", "GET", f"{_EXECUTION}/Steps", list_steps),
    Endpoint("steps.fetch", "GET", f"{_EXECUTION}/Steps/{{step}}", fetch_step),
    Endpoint("steps.context", "GET", f"{_EXECUTION}/Steps/{{step}}/Context", fetch_step_context),
)
