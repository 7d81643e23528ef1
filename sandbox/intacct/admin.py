"""The admin API, without HTTP: a table of operations from method and path to JSON.

Every path lives under /_sandbox/. Those about one company take `company` (query or body); without
it they mean the first. Errors: 400 for what cannot be understood, 404 for what is not there, 409
for what the data do not allow; each is {"error": "..."}.
"""

from __future__ import annotations

import json

from . import admin_books, admin_control
from .admin_routes import Ask
from .company import ConflictError, MissingError
from .world import COMPANY_ID, World

FOUNDING = ("POST", "companies")
"""The one operation about a company that does not exist yet."""


def dispatch(
    world: World, method: str, path: str, query: dict[str, str], body: bytes
) -> tuple[int, object]:
    """Answer one admin request: HTTP status and JSON. `path` is what follows /_sandbox/."""
    try:
        return 200, _answer(world, method, path, query, body)
    except MissingError as error:
        return 404, {"error": str(error)}
    except ConflictError as error:
        return 409, {"error": str(error)}
    except ValueError as error:
        return 400, {"error": str(error)}


def _answer(world: World, method: str, path: str, query: dict[str, str], body: bytes) -> object:
    found = admin_books.routes.find(method, path) or admin_control.routes.find(method, path)
    if found is None:
        raise MissingError(f"{method} /_sandbox/{path}: no such operation")
    operation, parts = found
    content = json.loads(body) if body.strip() else {}
    if not isinstance(content, dict):
        raise ValueError("the body is a JSON object")  # noqa: TRY004 - a bad request like others
    name = str(content.pop("company", query.get("company", COMPANY_ID)))
    company = world.companies.get(name)
    if (method, path) == FOUNDING:
        content["company"] = name
        company = next(iter(world.companies.values()))
    if company is None:
        raise MissingError(f"company {name} does not exist")
    with company.lock:
        company.settle()
        return operation(Ask(world, company, parts, query, content))
