"""Studio's resources as the wire shows them: ISO 8601 times, absolute addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.twilio.wire import iso8601

if TYPE_CHECKING:
    from sandbox.twilio.executions import Execution, Step
    from sandbox.twilio.studio import Flow, Revision
    from sandbox.twilio.wire import ApiRequest, Json
    from sandbox.twilio.world import World


def flow_view(world: World, request: ApiRequest, flow: Flow, revision: Revision) -> Json:
    """A flow in one of its revisions."""
    account = world.settings.account_sid
    url = f"{request.base}/v2/Flows/{flow.sid}"
    return {
        "sid": flow.sid,
        "account_sid": account,
        "author_sid": None,
        "definition": revision.reading.document,
        "friendly_name": revision.friendly_name,
        "status": revision.status,
        "revision": revision.sequence,
        "commit_message": revision.commit_message,
        "valid": not revision.reading.problems,
        "errors": [
            {"message": problem.message, "property_path": problem.path}
            for problem in revision.reading.problems
        ],
        "warnings": [],
        "webhook_url": f"https://webhooks.twilio.com/v1/Accounts/{account}/Flows/{flow.sid}",
        "date_created": iso8601(flow.created),
        "date_updated": iso8601(revision.updated) if revision.sequence > 1 else None,
        "url": url,
        "links": {
            "test_users": f"{url}/TestUsers",
            "revisions": f"{url}/Revisions",
            "executions": f"{url}/Executions",
        },
    }


def revision_view(world: World, request: ApiRequest, flow: Flow, revision: Revision) -> Json:
    """The same under the revision's own address."""
    view = flow_view(world, request, flow, revision)
    view["url"] = f"{view['url']}/Revisions/{revision.sequence}"
    del view["webhook_url"], view["links"], view["warnings"]
    return view


def execution_view(world: World, request: ApiRequest, execution: Execution) -> Json:
    """One execution; its context is a resource of its own."""
    url = _address(request, execution)
    return {
        "url": url,
        "sid": execution.sid,
        "account_sid": world.settings.account_sid,
        "flow_sid": execution.flow_sid,
        "context": {},
        "contact_channel_address": execution.to,
        "contact_sid": execution.contact_sid,
        "flow_version": execution.flow_version,
        "status": execution.status,
        "date_created": iso8601(execution.created),
        "date_updated": iso8601(execution.updated),
        "initiated_by": execution.initiated_by,
        "links": {"steps": f"{url}/Steps", "execution_context": f"{url}/Context"},
    }


def context_view(world: World, request: ApiRequest, execution: Execution) -> Json:
    """Everything an execution knows."""
    return {
        "account_sid": world.settings.account_sid,
        "context": execution.context,
        "flow_sid": execution.flow_sid,
        "execution_sid": execution.sid,
        "url": f"{_address(request, execution)}/Context",
    }


def step_view(world: World, request: ApiRequest, execution: Execution, step: Step) -> Json:
    """One transition; `name` is the event that caused it."""
    url = f"{_address(request, execution)}/Steps/{step.sid}"
    before = [other.sid for other in execution.steps if other.sequence < step.sequence]
    return {
        "sid": step.sid,
        "account_sid": world.settings.account_sid,
        "flow_sid": execution.flow_sid,
        "execution_sid": execution.sid,
        "parent_step_sid": before[-1] if before else None,
        "name": step.event,
        "context": {},
        "transitioned_from": step.source.name,
        "transitioned_to": step.target or "Ended",
        "type": step.source.type,
        "date_created": iso8601(step.at),
        "date_updated": None,
        "url": url,
        "links": {"step_context": f"{url}/Context"},
    }


def _address(request: ApiRequest, execution: Execution) -> str:
    return f"{request.base}/v2/Flows/{execution.flow_sid}/Executions/{execution.sid}"
