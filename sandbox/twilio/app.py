"""The simulator as one ASGI application: Twilio's API, the admin API, the page for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from sandbox.twilio import (
    account_api,
    calls_api,
    lookups_api,
    messages_api,
    services_api,
    studio_api,
    tollfree_api,
    verify_api,
)
from sandbox.twilio.admin_api import AdminApi
from sandbox.twilio.errors import ApiError
from sandbox.twilio.gate import Gate
from sandbox.twilio.page import PhonePage

if TYPE_CHECKING:
    import asyncio

    from starlette.requests import Request
    from starlette.responses import Response

    from sandbox.twilio.server import Connections
    from sandbox.twilio.world import World

# All products hang under one address: their paths do not collide (Studio, Verify and Lookup
# share /v2, Messaging is /v1), so a client's base address may be this one for each of them.
ENDPOINTS = (
    *messages_api.ENDPOINTS,
    *calls_api.ENDPOINTS,
    *account_api.ENDPOINTS,
    *studio_api.ENDPOINTS,
    *verify_api.ENDPOINTS,
    *lookups_api.ENDPOINTS,
    *services_api.ENDPOINTS,
    *tollfree_api.ENDPOINTS,
)


def build_app(world: World, connections: Connections, stopping: asyncio.Event) -> Starlette:
    """Put one world behind HTTP."""
    gate = Gate(world, connections, stopping)
    twilio = [
        Route(endpoint.path, gate.wrap(endpoint), methods=[endpoint.method])
        for endpoint in ENDPOINTS
    ]
    return Starlette(
        routes=[Route("/", PhonePage(world).show), *AdminApi(world).routes(), *twilio],
        exception_handlers={404: _not_found, 405: _not_allowed},
    )


def _not_found(request: Request, _: Exception) -> Response:
    error = ApiError(20404, request.url.path)
    return JSONResponse(error.body(), error.status)


def _not_allowed(_: Request, __: Exception) -> Response:
    error = ApiError(20405)
    return JSONResponse(error.body(), error.status)
