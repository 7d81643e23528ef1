"""Admin operations on the gateway and the world: faults, sessions, counters, clock, companies."""

from __future__ import annotations

from dataclasses import asdict

from .admin_routes import Ask, Routes
from .bills import nothing_left
from .catalog import OBJECTS
from .clock import from_iso, iso
from .company import MissingError, with_values
from .seed import Recipe
from .settings import offset_text
from .world import Account

routes = Routes()


# ----------------------------------------------------------------------------------- gateway
@routes.add("GET", "faults")
def _list_faults(ask: Ask) -> object:
    return {"faults": ask.world.faults.listed()}


@routes.add("POST", "faults")
def _order_fault(ask: Ask) -> object:
    return ask.world.faults.order(ask.body).as_json()


@routes.add("DELETE", "faults")
def _remove_faults(ask: Ask) -> object:
    return {"removed": ask.world.faults.remove()}


@routes.add("DELETE", "faults/{id}")
def _remove_fault(ask: Ask) -> object:
    return {"removed": ask.world.faults.remove(ask.number())}


@routes.add("POST", "faults/release")
def _release(ask: Ask) -> object:
    return {"released": ask.world.faults.release()}


@routes.add("GET", "sessions")
def _list_sessions(ask: Ask) -> object:
    alive = ask.world.sessions.alive(ask.company.id)
    return {
        "count": len(alive),
        # Never the id: it opens the company.
        "sessions": [
            {"user": s.user, "location": s.location, "path": s.path, "expires": iso(s.expires)}
            for s in alive
        ],
    }


@routes.add("DELETE", "sessions")
def _kill_sessions(ask: Ask) -> object:
    return {"killed": ask.world.sessions.kill(ask.company.id, ask.query.get("user"))}


@routes.add("GET", "tally")
def _tally(ask: Ask) -> object:
    return {**ask.company.tally.as_json(), "sessions_refused": ask.world.sessions_refused}


@routes.add("DELETE", "tally")
def _reset_tally(ask: Ask) -> object:
    ask.company.tally.clear()
    ask.world.sessions_refused = 0
    return ask.company.tally.as_json()


@routes.add("GET", "calls")
def _calls(ask: Ask) -> object:
    return {"calls": list(ask.company.tally.calls)}


@routes.add("GET", "settings")
def _settings(ask: Ask) -> object:
    found = asdict(ask.company.settings)
    found["utc_offset"] = offset_text(ask.company.settings.utc_offset)
    found["maintenance"] = [
        {"from": iso(w.begin), "to": iso(w.end), "level": w.level}
        for w in ask.company.settings.maintenance
    ]
    return found


@routes.add("PATCH", "settings")
def _change_settings(ask: Ask) -> object:
    ask.company.settings = ask.company.settings.patched(ask.body)
    return _settings(ask)


@routes.add("GET", "events")
def _events(ask: Ask) -> object:
    after = int(ask.query.get("after", "0"))
    limit = int(ask.query.get("limit", "1000"))
    log = ask.company.log[after : after + limit]
    return {
        "last": len(ask.company.log),
        "pending": ask.company.pending,
        "events": [event.as_json(ask.company.id) for event in log],
    }


# ------------------------------------------------------------------------------------- world
@routes.add("GET", "clock")
def _clock(ask: Ask) -> object:
    clock = ask.world.clock
    return {"now": iso(clock.now()), "epoch": clock.now(), "frozen": clock.frozen}


@routes.add("POST", "clock")
def _move_clock(ask: Ask) -> object:
    clock, body = ask.world.clock, ask.body
    if "set" in body:
        clock.set(from_iso(str(body.pop("set"))))
    if "forward_seconds" in body:
        seconds = body.pop("forward_seconds")
        if isinstance(seconds, bool) or not isinstance(seconds, int | float):
            raise ValueError("forward_seconds: a number is needed")
        clock.forward(seconds)
    if "frozen" in body:
        (clock.freeze if body.pop("frozen") is True else clock.run)()
    nothing_left(body)
    return _clock(ask)


@routes.add("GET", "companies")
def _companies(ask: Ask) -> object:
    return {
        "companies": [
            {"company": company.id, "bills": len(company.tables["APBILL"])}
            for company in ask.world.companies.values()
        ]
    }


@routes.add("POST", "companies")
def _found(ask: Ask) -> object:
    body = ask.body
    waiting = body.pop("waiting", None)
    recipe = Recipe(
        bills=int(str(body.pop("bills", 0))),
        waiting=None if waiting is None else int(str(waiting)),
        seed=int(str(body.pop("seed", 1))),
    )
    company = ask.world.add(Account(str(body.pop("company")), recipe))
    nothing_left(body)
    return {"company": company.id, "bills": len(company.tables["APBILL"])}


@routes.add("POST", "users/{login}")
def _user(ask: Ask) -> object:
    """Set the password, or the status (active, inactive, lockedout), of a user."""
    login, company, kind = ask.parts[0], ask.company, OBJECTS["USERINFO"]
    row = company.tables["USERINFO"].one("LOGINID", login)
    if row is None:
        raise MissingError(f"user {login} does not exist")
    if "password" in ask.body:
        company.passwords[login] = str(ask.body.pop("password"))
    if "status" in ask.body:
        status = str(ask.body.pop("status"))
        if status not in kind.fields["STATUS"].valid:
            raise ValueError(f"status: one of {', '.join(kind.fields['STATUS'].valid)}")
        number = row[kind.position("RECORDNO")]
        if isinstance(number, int):
            company.tables["USERINFO"].put(number, with_values(kind, row, {"STATUS": status}))
        company.wrong_passwords.pop(login, None)
    nothing_left(ask.body)
    return {"login": login}


@routes.add("POST", "reset")
def _reset(ask: Ask) -> object:
    ask.world.reset()
    return {"companies": list(ask.world.companies)}
