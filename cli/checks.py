"""What `ping` looks at in one company, and what to do about each thing that is not right.

Reading nothing but one row per object, one page of bills and the API user's own preferences:
some twenty API transactions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from ml_connector.errors import (
    ConfigurationError,
    SourceAuthError,
    SourceError,
    SourceRejected,
)
from ml_connector.intacct.catalogue import Catalogue
from ml_connector.intacct.client import IntacctClient
from ml_connector.intacct.errors import OF_THE_FUNCTION, GatewayRefused, Meaning
from ml_connector.intacct.filters import And, Null, at_least, equal, one_of
from ml_connector.intacct.functions import Order, Query
from ml_connector.intacct.queries import WAITING_STATES
from ml_connector.intacct.records import BILLS
from ml_connector.intacct.reply import Result
from ml_connector.intacct.zone import CLOCK_TOLERANCE, WIDEST_OFFSET, UserZone, zone_error

#: A page that takes longer than this leaves a poll little time for anything else, seconds.
SLOW_PAGE = 20.0


class Verdict(StrEnum):
    """What a check came to."""

    OK = "ok"
    WARNING = "warning"
    """Works, with something missing or slower."""
    FAILED = "failed"
    """Polling does not work, or not truthfully."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at. `fix` says what to do, in Intacct or here; empty where all is well."""

    name: str
    verdict: Verdict
    found: str
    fix: str = ""

    def as_json(self) -> dict[str, str]:
        """For programs."""
        return {
            "check": self.name,
            "result": self.verdict.value,
            "found": self.found,
            "fix": self.fix,
        }


@dataclass(frozen=True, slots=True)
class Probe:
    """One object: whether polling works without it, what it is, and what is lost without it."""

    object: str
    needed: bool
    what: str
    without: str


#: Everything this connector reads of Intacct, beside sessions and preferences.
PROBES = (
    Probe("APBILL", True, "bills (Accounts Payable)", "no bill is seen"),
    Probe("APBILLITEM", False, "bills (Accounts Payable)", "bills have no lines"),
    Probe("APPYMT", False, "payments (Accounts Payable)", "no payment is seen"),
    Probe("VENDOR", False, "vendors (Accounts Payable)", "no vendor's bill approver is known"),
    Probe("USERINFO", False, "users (Company)", "the API user's zone cannot be read"),
    Probe("DEPARTMENT", False, "departments (Company)", "departments are ids only"),
    Probe("LOCATION", False, "locations (Company)", "locations are ids only"),
    Probe("CLASS", False, "classes (Company)", "classes are ids only"),
    Probe("PROJECT", False, "projects (Projects)", "projects are ids only"),
    Probe("GLACCOUNT", False, "GL accounts (General Ledger)", "accounts are numbers only"),
    Probe(
        "AUDITHISTORY",
        False,
        "custom reports (Platform Services)",
        "a resubmission between two polls looks like any other edit",
    ),
)
#: The one object that has no RECORDNO, and that wants to be asked about something in particular.
_AUDIT = Query("AUDITHISTORY", ("ID",), equal("OBJECTTYPE", "apbill"), page_size=1)


def examine(client: IntacctClient) -> Iterator[Check]:
    """Look at one company, a check after another; ends early where nobody can sign in."""
    try:
        results = client.call_each([_probe(probe) for probe in PROBES])
    except SourceError as error:
        yield _no_way_in(error)
        return
    who = client.credentials
    entity = f", entity {who.entity_id}" if who.entity_id else ""
    yield Check("sign in", Verdict.OK, f"{who.user_id} in company {who.company_id}{entity}")
    yield _clock(client)
    for probe, result in zip(PROBES, results, strict=True):
        yield _permission(client, probe, result)
    if isinstance(results[0], SourceError):
        return
    catalogue = Catalogue(client)
    try:
        zone = catalogue.zone()
    except (SourceRejected, ConfigurationError) as error:
        yield Check("time zone", Verdict.FAILED, error.safe_message, _GMT)
        return
    yield _zone(client, zone)
    yield from _guarded("newest change", lambda: _newest(client, zone))
    yield from _guarded("one page", lambda: _page(client, catalogue))


def _probe(probe: Probe) -> Query:
    if probe.object == _AUDIT.object:
        return _AUDIT
    return Query(probe.object, ("RECORDNO",), page_size=1)


def _no_way_in(error: SourceError) -> Check:
    if isinstance(error, SourceAuthError):
        fix = "run `ml-connector secrets set intacct`; do not repeat: Intacct locks users"
    elif error.retryable:
        fix = "try again in some minutes; check the network and Intacct's own status page"
    else:
        fix = "give Intacct's support the error number and the support id, where there is one"
    return Check("sign in", Verdict.FAILED, error.safe_message, fix)


def _permission(client: IntacctClient, probe: Probe, result: Result | SourceError) -> Check:
    if isinstance(result, GatewayRefused) and result.meaning is Meaning.QUERY_FAILED:
        try:  # which also stands for passing trouble in the server
            result = client.call(_probe(probe))
        except SourceError as error:
            result = error
    name = f"read {probe.object}"
    if isinstance(result, Result):
        return Check(name, Verdict.OK, "allowed" if result.rows else "allowed, and there is none")
    verdict = Verdict.FAILED if probe.needed else Verdict.WARNING
    found = result.safe_message.partition(": ")[2] or result.safe_message
    if isinstance(result, GatewayRefused) and result.meaning is Meaning.NO_SUCH_OBJECT:
        fix = f"nothing, where the company does not use {probe.what}; else subscribe to it"
    else:
        fix = f"in Intacct, let the API user's role list and view {probe.what}"
    return Check(name, verdict, f"{found}: {probe.without}", fix)


_GMT = "in Intacct, set the API user's preferences to GMT, mm/dd/yyyy and a 24-hour clock"


def _clock(client: IntacctClient) -> Check:
    if client.server_time is None:
        return Check("clocks", Verdict.WARNING, "Intacct did not say its time")
    ahead = client.server_time - client.clock.now()
    side = "ahead of" if ahead > timedelta(0) else "behind"
    found = f"Intacct's clock is {abs(ahead.total_seconds()):.0f} s {side} this machine's"
    if abs(ahead) > CLOCK_TOLERANCE:
        return Check("clocks", Verdict.WARNING, found, "set this machine's clock")
    return Check("clocks", Verdict.OK, found)


def _zone(client: IntacctClient, zone: UserZone) -> Check:
    minutes = int(zone.offset.total_seconds() // 60)
    offset = f"UTC{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"
    if client.credentials.utc_offset:
        return Check("time zone", Verdict.OK, f"{offset}, as utc_offset in the secret says")
    if not zone.verified:
        fix = "let the API user read users (Company), or set utc_offset in the secret"
        return Check("time zone", Verdict.WARNING, "unknown: taken for UTC, with wide looks", fix)
    if zone.offset:
        found = f"{offset}; Intacct does not move it with daylight saving"
        return Check("time zone", Verdict.WARNING, found, _GMT)
    return Check("time zone", Verdict.OK, offset)


def _newest(client: IntacctClient, zone: UserZone) -> Check:
    """The newest change of a bill must not be in the future."""
    now = client.server_time or client.clock.now()
    recent = at_least("WHENMODIFIED", zone.to_text(now - timedelta(days=1) - WIDEST_OFFSET))
    newest = Query(
        "APBILL",
        ("RECORDNO", "WHENMODIFIED"),
        And((recent, Null("WHENMODIFIED", negated=True))),
        (Order("WHENMODIFIED", descending=True),),
        page_size=1,
    )
    rows = client.call(newest).rows
    moment = _moment(zone, rows[0].get("WHENMODIFIED", "")) if rows else None
    if moment is None:
        return Check("newest change", Verdict.OK, "no bill changed since yesterday")
    error = zone_error(moment, now)
    if error is None:
        ago = max(now - moment, timedelta(0))
        return Check("newest change", Verdict.OK, f"{_spoken(ago)} ago")
    hours = error / timedelta(hours=1)
    found = f"in the future: the API user's zone is wrong by {hours:g} h or more"
    return Check("newest change", Verdict.FAILED, found, f"{_GMT}, or set utc_offset in the secret")


def _page(client: IntacctClient, catalogue: Catalogue) -> Check:
    """One page as a poll asks for it, after everything that is asked once a day."""
    fields = catalogue.fields(BILLS.wanted)
    wanted = Query("APBILL", fields, one_of("STATE", WAITING_STATES))
    began = client.clock.monotonic()
    result = client.call(wanted)
    took = client.clock.monotonic() - began
    found = f"{took:.2f} s for {len(result.rows)} waiting bills of {len(fields)} fields"
    if took > SLOW_PAGE:
        return Check("one page", Verdict.WARNING, found, "ask Sage why the gateway is slow")
    return Check("one page", Verdict.OK, found)


def _guarded(name: str, check: Callable[[], Check]) -> Iterator[Check]:
    try:
        yield check()
    except GatewayRefused as error:
        verdict = Verdict.WARNING if error.meaning in OF_THE_FUNCTION else Verdict.FAILED
        yield Check(name, verdict, error.safe_message, "give Intacct's support the support id")
    except SourceError as error:
        yield Check(name, Verdict.FAILED, error.safe_message, "try again in some minutes")


def _moment(zone: UserZone, text: str) -> datetime | None:
    try:
        return zone.to_utc(text)
    except ValueError:
        return None


def _spoken(time: timedelta) -> str:
    seconds = int(time.total_seconds())
    for name, length in (("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds // length} {name}"
    return f"{seconds} s"
