"""The XML gateway: one request in, one reply out, without HTTP.

In the order of the checks: the XML and its envelope, ordered faults, the sender, the tenant,
maintenance, the login or session, a free slot, then the functions one after another.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from urllib.parse import quote

from . import faults as faulty
from .clock import iso
from .commands import Command, read_command
from .company import Company
from .envelope import Control, Login, Request, parse_xml, read_control, read_request
from .errors import ControlError, Fault, FunctionError, GatewayError, RefusedError, SignInError
from .functions import Visit, run_functions
from .replies import HTML, Reply, Result, Signed, Writer
from .sessions import Session
from .settings import Window
from .tally import Tally
from .world import GATEWAY_PATH, World

OFFLINE = Fault("", "The Service is Temporarily Off-line", "Please Try Again Later")


@dataclass(frozen=True, slots=True)
class Arrival:
    """Where a request came in: scheme and host, and the path."""

    origin: str = "https://api.intacct.com"
    path: str = GATEWAY_PATH


@dataclass(frozen=True, slots=True)
class Asked:
    """A request read as far as commands, with the company it is for, if there is one."""

    request: Request
    commands: tuple[Command, ...]
    company: Company | None
    session: Session | None
    arrival: Arrival

    @property
    def facts(self) -> faulty.Facts:
        """What fault matchers see."""
        login, session = self.request.login, self.session
        return faulty.Facts(
            company=self.company.id if self.company else "",
            user=login.user if login else session.user if session else "",
            functions=frozenset(call.name for call in self.request.calls),
            objects=frozenset(getattr(command, "object", "") for command in self.commands),
            auth="login" if login else "session",
        )


@dataclass(slots=True)
class Exchange:
    """A reply, and the slot its request holds until the reply is sent."""

    reply: Reply
    fault: faulty.Ordered | None = None
    slot: tuple[Tally, str] | None = None

    def finish(self) -> None:
        """Give the slot back."""
        if self.slot is not None:
            tally, sender = self.slot
            self.slot = None
            tally.leave(sender)


class Gateway:
    """Handles requests for every company of a world. Thread-safe."""

    def __init__(self, world: World) -> None:
        self.world = world

    def handle(self, body: bytes, arrival: Arrival | None = None) -> Reply:
        """One whole exchange, in process. A slow reply is not waited for: see `Reply.delay`."""
        exchange = self.begin(body, arrival)
        exchange.finish()
        return exchange.reply

    def begin(self, body: bytes, arrival: Arrival | None = None) -> Exchange:
        """Everything up to sending the reply; the caller waits where ordered and calls `finish`."""
        control: Control | None = None
        try:
            root = parse_xml(body)
            control = read_control(root)
            asked = self._read(read_request(root, control), arrival or Arrival())
        except ControlError as error:
            return Exchange(Reply(Writer().control_failure(control, _support(error))))
        fault = self.world.faults.fire(asked.facts)
        instead = fault.instead() if fault is not None else None
        if instead is not None:
            return Exchange(instead, fault)
        exchange = Exchange(Reply(b""), fault)
        exchange.reply = self._answer(asked, exchange)
        if fault is not None and fault.kind in faulty.DAMAGE:
            faulty.DAMAGE[fault.kind](exchange.reply)
        if fault is not None and fault.kind == "slow":
            exchange.reply.delay = fault.delay_seconds
        return exchange

    def _read(self, request: Request, arrival: Arrival) -> Asked:
        commands = tuple(read_command(call) for call in request.calls)
        session = self.world.sessions.find(request.session, arrival.path)
        login = request.login
        name = login.company if login else session.company if session else ""
        return Asked(request, commands, self.world.companies.get(name), session, arrival)

    def _answer(self, asked: Asked, exchange: Exchange) -> Reply:
        control = asked.request.control
        omit = asked.company.settings.omit if asked.company else ()
        writer = Writer(omit, more_errors=control.more_errors)
        try:
            return self._run(asked, writer, exchange)
        except ControlError as error:
            return Reply(writer.control_failure(control, _support(error)))
        except SignInError as error:
            faults = _support(error)
            return Reply(writer.sign_in_failure(control, error.user, error.company, faults))
        except GatewayError as error:
            first = error.faults[0]
            text = f"{first.description} [Request ID: {secrets.token_hex(8)}]"
            return Reply(writer.gateway_failure(first.errorno, text), error.status)

    def _run(self, asked: Asked, writer: Writer, exchange: Exchange) -> Reply:
        control, fault = asked.request.control, exchange.fault
        if self.world.senders.get(control.sender) != control.password:
            raise ControlError(Fault("XL03000006", "Incorrect Intacct XML Partner ID or password."))
        window = _open_window(asked.company) if asked.company else None
        if window is not None and window.level == "html":
            return Reply(b"<html><body>Down for maintenance</body></html>", 503, HTML)
        if window is not None and window.level == "control":
            raise ControlError(OFFLINE)
        if fault is not None and fault.kind == "session_lost":
            self.world.sessions.kill(asked.facts.company, asked.facts.user)
        company, user, location = self._sign_in(asked)
        settings = company.settings
        if not company.tally.enter(control.sender, settings.per_company, settings.per_sender):
            raise GatewayError(429, "GW-0010", "API rate limit exceeded")
        exchange.slot = (company.tally, control.sender)
        visit = Visit(self.world, company, user, location, asked.arrival.origin)
        if window is not None or (fault is not None and fault.kind == "offline"):
            visit.trouble = FunctionError(OFFLINE)
        if fault is not None and fault.kind == "query_trouble":
            visit.trouble = FunctionError.query_failed("")
        results = [
            replace(result, faults=_support(FunctionError(*result.faults)))
            for result in run_functions(visit, asked.request, asked.commands)
        ]
        return self._reply(visit, control, results, writer)

    def _reply(
        self, visit: Visit, control: Control, results: list[Result], writer: Writer
    ) -> Reply:
        if len(results) == 1 and results[0].raw is not None:
            kind, text = results[0].raw
            return Reply(text.encode(), content_type=kind)
        now = self.world.clock.now()
        signed = Signed(
            user=visit.user,
            company=visit.company.id,
            location=visit.location,
            stamp=_stamp(now),
            timeout=_stamp(now + visit.company.settings.session_seconds),
        )
        return Reply(writer.success(control, signed, results))

    # ------------------------------------------------------------------------------ signing in
    def _sign_in(self, asked: Asked) -> tuple[Company, str, str]:
        """Company, user and level of a request. Raises SignInError or GatewayError."""
        login, session, company = asked.request.login, asked.session, asked.company
        if company is not None and not company.settings.active:
            raise GatewayError(400, "GW-0011", "Invalid Request")
        if login is not None:
            return self._log_in(login, company, asked.request.control.sender)
        # Looked up again: an ordered fault may have ended it in between.
        if session is None or self.world.sessions.find(session.id, session.path) is None:
            session = None
        if session is None or company is None:
            self.world.sessions_refused += 1
            raise SignInError("Invalid session.")
        self._authorised(company, asked.request.control.sender, session.user)
        self.world.sessions.touch(session, company.settings.session_seconds)
        return company, session.user, session.location

    def _log_in(
        self, login: Login, company: Company | None, sender: str
    ) -> tuple[Company, str, str]:
        refused = SignInError(
            "Sign-in information is incorrect", user=login.user, company=login.company
        )
        if company is None:
            raise refused
        self._authorised(company, sender, login.user)
        location = login.location or ""
        with company.lock:
            company.settle()
            known = not location or company.entity(location)
            if not company.check_password(login.user, login.password) or not known:
                company.tally.logins_failed += 1
                raise refused
            company.tally.logins += 1
        return company, login.user, location

    @staticmethod
    def _authorised(company: Company, sender: str, user: str) -> None:
        if sender not in company.settings.senders:
            raise SignInError(
                f"Invalid Web Services Authorization: sender ID '{sender}' is not authorized "
                "to make Web Services requests to this company.",
                user=user,
                company=company.id,
            )


def _open_window(company: Company) -> Window | None:
    now = company.clock.now()
    return next((w for w in company.settings.maintenance if w.begin <= now < w.end), None)


def _support(error: RefusedError) -> tuple[Fault, ...]:
    """Faults with the support id that ends every message of the gateway proper, URL-encoded."""
    support = quote(secrets.token_urlsafe(12), safe="") + "%7E" + secrets.token_urlsafe(9)
    return tuple(
        replace(fault, description2=f"{fault.description2} [Support ID: {support}]")
        for fault in error.faults
    )


def _stamp(epoch: float) -> str:
    return iso(epoch).replace("Z", "+00:00")
