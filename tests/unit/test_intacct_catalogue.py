from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from ml_connector.errors import SourceRejected, SourceUnavailable, StoreUnavailable
from ml_connector.intacct.catalogue import MOST_PROBES, Catalogue, Wanted
from ml_connector.intacct.client import ClientOptions
from ml_connector.intacct.credentials import Credentials
from ml_connector.intacct.errors import GatewayRefused
from ml_connector.intacct.filters import equal
from ml_connector.intacct.memory import MemoryCache
from ml_connector.intacct.ports import HttpReply
from ml_connector.intacct.zone import UserZone
from tests.unit.intacct_stage import (
    CREDENTIALS,
    FakeClock,
    Request,
    ScriptedGateway,
    envelope,
    http,
    lookup,
    make_client,
    refused,
    result,
    rows,
)

NAMES = tuple(f"F{number:02d}" for number in range(16))
WANTED = Wanted("APBILL", ("RECORDNO", "STATE"), NAMES)
EVERYTHING = ["RECORDNO", "STATE", *NAMES]
TROUBLE = "There was an error processing the request"


class Tenant:
    """A company: the fields `lookup` lists, those queries stumble over, and what it then says."""

    def __init__(
        self,
        listed: list[str],
        bad: tuple[str, ...] = (),
        says: Callable[[list[str]], tuple[str, str]] = lambda _: ("DL02000001", TROUBLE),
    ) -> None:
        self.listed, self.bad, self.says = listed, bad, says

    def __call__(self, request: Request) -> HttpReply:
        if request.name == "lookup":
            return lookup(request, self.listed)
        stumbled = [name for name in request.fields if name in self.bad]
        if stumbled:
            return refused(request, *self.says(stumbled))
        return rows(request, [dict.fromkeys(request.fields, "1")])


def fields_of(gateway: ScriptedGateway) -> list[list[str]]:
    return [request.fields for request in gateway.asked if request.name == "query"]


def selected(catalogue: Catalogue) -> list[str]:
    (page,) = catalogue.select(WANTED, equal("STATE", "x"))
    return list(page.result.rows[0])


# --------------------------------------------------------------------------------- lookup
def test_a_field_this_company_lacks_is_not_asked_for() -> None:
    gateway = ScriptedGateway(Tenant([name for name in EVERYTHING if name != "F03"]))
    found = selected(Catalogue(make_client(gateway)))
    assert found == [name for name in EVERYTHING if name != "F03"]
    assert len(fields_of(gateway)) == 1


def test_the_lookup_is_kept_for_a_day_by_all_processes() -> None:
    clock, cache = FakeClock(), MemoryCache()
    gateway = ScriptedGateway(Tenant(EVERYTHING))
    for _ in range(3):
        Catalogue(make_client(gateway, clock=clock, cache=cache)).fields(WANTED)
        clock.forward(hours=7)
    assert [request.name for request in gateway.asked] == ["lookup"]
    clock.forward(hours=7)
    Catalogue(make_client(gateway, clock=clock, cache=cache)).fields(WANTED)
    assert [request.name for request in gateway.asked] == ["lookup", "lookup"]


def test_another_user_sees_other_fields() -> None:
    cache = MemoryCache()
    other = Credentials("acme-sender", "p", "acme-ap", "other.user", "p", utc_offset="+0000")
    for credentials, listed in ((CREDENTIALS, EVERYTHING), (other, EVERYTHING[:4])):
        client = make_client(ScriptedGateway(Tenant(listed)), cache=cache, credentials=credentials)
        assert list(Catalogue(client).fields(WANTED)) == listed


def test_names_are_compared_in_upper_case() -> None:
    gateway = ScriptedGateway(Tenant(["recordno", "State", "f00"]))
    assert Catalogue(make_client(gateway)).fields(WANTED) == ("RECORDNO", "STATE", "F00")


def test_a_required_field_that_does_not_exist_is_named() -> None:
    gateway = ScriptedGateway(Tenant(["RECORDNO", *NAMES]))
    with pytest.raises(SourceRejected, match="APBILL has no STATE"):
        Catalogue(make_client(gateway)).fields(WANTED)


def test_where_lookup_is_refused_everything_is_tried() -> None:
    def answer(request: Request) -> HttpReply:
        if request.name == "lookup":
            return refused(request, "PL04000005", "You do not have permission")
        return Tenant([])(request)

    gateway = ScriptedGateway(answer)
    catalogue = Catalogue(make_client(gateway))
    assert selected(catalogue) == EVERYTHING
    assert selected(catalogue) == EVERYTHING
    assert [request.name for request in gateway.asked] == ["lookup", "query", "query"]


# ----------------------------------------------------------------------------- bad fields
def test_a_field_the_gateway_names_is_left_out_and_remembered() -> None:
    tenant = Tenant(EVERYTHING, ("F05",), lambda bad: ("DL02000001", f"Invalid fields: {bad[0]}"))
    gateway, cache = ScriptedGateway(tenant), MemoryCache()
    without = [name for name in EVERYTHING if name != "F05"]
    assert selected(Catalogue(make_client(gateway, cache=cache))) == without
    assert fields_of(gateway) == [EVERYTHING, without]
    assert selected(Catalogue(make_client(gateway, cache=cache))) == without
    assert fields_of(gateway)[2:] == [without]


def test_a_field_named_in_place_of_an_error_number_is_found_too() -> None:
    tenant = Tenant(EVERYTHING, ("F05",), lambda bad: (f"Invalid fields list {bad[0]}", ""))
    gateway = ScriptedGateway(tenant)
    assert "F05" not in selected(Catalogue(make_client(gateway)))
    assert len(fields_of(gateway)) == 2


@pytest.mark.parametrize("bad", [("F00",), ("F15",), ("F03", "F12")])
def test_fields_the_gateway_does_not_name_are_found_by_halves(bad: tuple[str, ...]) -> None:
    gateway = ScriptedGateway(Tenant(EVERYTHING, bad))
    found = selected(Catalogue(make_client(gateway)))
    assert found == [name for name in EVERYTHING if name not in bad]
    assert len(fields_of(gateway)) <= 30


def test_probing_asks_for_one_row_each() -> None:
    gateway = ScriptedGateway(Tenant(EVERYTHING, ("F03",)))
    selected(Catalogue(make_client(gateway)))
    queries = [request for request in gateway.asked if request.name == "query"]
    sizes = [request.functions[0][0].findtext("pagesize") for request in queries]
    assert sizes[0] == sizes[-1] == "2000"
    assert set(sizes[2:-1]) == {"1"}


def test_a_search_without_end_is_ended_by_leaving_the_doubtful_out() -> None:
    bad = NAMES[::2]
    gateway = ScriptedGateway(Tenant(EVERYTHING, bad))
    found = selected(Catalogue(make_client(gateway)))
    assert not set(found) & set(bad)
    assert found[:2] == ["RECORDNO", "STATE"]
    # The first query is asked twice, for DL02000001 may be passing trouble.
    assert len(fields_of(gateway)) <= 2 + 2 * MOST_PROBES + 1


def test_a_search_that_breaks_off_goes_on_from_what_it_found() -> None:
    tenant = Tenant(EVERYTHING, ("F02", "F13"))
    whole = ScriptedGateway(tenant)
    selected(Catalogue(make_client(whole)))
    cache, gateway = MemoryCache(), ScriptedGateway()

    def break_off(request: Request) -> HttpReply:
        # Enough for the first of the two to be found.
        return tenant(request) if len(gateway.asked) <= 16 else http("<html>", 503)

    gateway.answer = break_off
    with pytest.raises(SourceUnavailable):
        selected(Catalogue(make_client(gateway, cache=cache)))
    again = ScriptedGateway(tenant)
    found = selected(Catalogue(make_client(again, cache=cache)))
    assert set(EVERYTHING) - set(found) == {"F02", "F13"}
    assert "F02" not in fields_of(again)[0]
    assert len(again.asked) < len(whole.asked)


def test_when_no_field_is_to_blame_the_refusal_stands() -> None:
    gateway = ScriptedGateway(
        lambda request: (
            lookup(request, EVERYTHING)
            if request.name == "lookup"
            else refused(request, "DL02000001", TROUBLE)
        )
    )
    with pytest.raises(GatewayRefused):
        list(Catalogue(make_client(gateway)).select(WANTED, None))
    assert fields_of(gateway)[-1] == ["RECORDNO", "STATE"]


def test_a_missing_permission_is_not_searched_for_in_the_fields() -> None:
    tenant = Tenant(EVERYTHING, ("RECORDNO",), lambda _: ("PL04000005", "no permission"))
    gateway = ScriptedGateway(tenant)
    with pytest.raises(GatewayRefused):
        list(Catalogue(make_client(gateway)).select(WANTED, None))
    assert len(fields_of(gateway)) == 1


def test_a_text_that_names_a_required_field_is_not_believed_alone() -> None:
    def says(_bad: list[str]) -> tuple[str, str]:
        return "DL02000001", "Invalid fields: RECORDNO, STATE, F00"

    gateway = ScriptedGateway(Tenant(EVERYTHING, ("F07",), says))
    found = selected(Catalogue(make_client(gateway)))
    assert found == [name for name in EVERYTHING if name != "F07"]


# ----------------------------------------------------------------------------------- zone
NO_SETTING = Credentials("acme-sender", "p", "acme-ap", "ws.user", "p")
GOOD = {"dateformat": "/mdY", "clock": "24", "gmtoffset": "-07:00", "locale": "en_US"}


class Preferences:
    """Answers the two questions about the user."""

    def __init__(self, formatting: dict[str, str], number: str = "12") -> None:
        self.formatting, self.number = formatting, number

    def __call__(self, request: Request) -> HttpReply:
        if request.name == "readByName":
            return rows(request, [{"RECORDNO": self.number}] if self.number else [])
        inside = "".join(f"<{k}>{v}</{k}>" for k, v in self.formatting.items())
        data = f"<data><userformatting>{inside}</userformatting></data>"
        return http(envelope(request, result(request, data)))


def test_the_zone_is_the_users_preference_and_kept_for_a_day() -> None:
    clock, cache, gateway = FakeClock(), MemoryCache(), ScriptedGateway(Preferences(GOOD))
    zone = UserZone(timedelta(hours=-7))
    for _ in range(2):
        client = make_client(gateway, clock=clock, cache=cache, credentials=NO_SETTING)
        assert Catalogue(client).zone() == zone
    assert [request.name for request in gateway.asked] == ["readByName", "readUserFormatting"]
    assert gateway.asked[0].functions[0][0].findtext("keys") == "ws.user"
    assert gateway.asked[1].functions[0][0].findtext("key") == "12"
    clock.forward(hours=24)
    client = make_client(gateway, clock=clock, cache=cache, credentials=NO_SETTING)
    assert Catalogue(client).zone() == zone
    assert len(gateway.asked) == 4


def test_a_setting_overrides_it_and_asks_nobody() -> None:
    gateway = ScriptedGateway(Preferences(GOOD))
    credentials = Credentials("s", "p", "c", "u", "p", utc_offset="+0930")
    client = make_client(gateway, credentials=credentials)
    assert Catalogue(client).zone() == UserZone(timedelta(hours=9, minutes=30))
    assert gateway.requests == []


@pytest.mark.parametrize(
    "answer",
    [
        Preferences(GOOD, number=""),
        Preferences({}),
        Preferences({**GOOD, "gmtoffset": "?"}),
        lambda request: refused(request, "PL04000005", "You do not have permission"),
    ],
)
def test_a_zone_that_cannot_be_read_is_unverified_and_asked_again_after_an_hour(
    answer: Callable[[Request], HttpReply],
) -> None:
    clock, cache, gateway = FakeClock(), MemoryCache(), ScriptedGateway(answer)
    catalogue = Catalogue(make_client(gateway, clock=clock, cache=cache, credentials=NO_SETTING))
    unverified = UserZone(timedelta(0), verified=False)
    assert catalogue.zone() == unverified
    asked = len(gateway.asked)
    clock.forward(minutes=59)
    assert catalogue.zone() == unverified
    assert len(gateway.asked) == asked
    clock.forward(minutes=1)
    assert catalogue.zone() == unverified
    assert len(gateway.asked) > asked


def forbidden(request: Request) -> HttpReply:
    return refused(request, "PL04000005", "You do not have permission")


@pytest.mark.parametrize(
    ("trouble", "pause"),
    [(forbidden, timedelta(hours=1)), (lambda _: http("<html>", 503), timedelta(minutes=10))],
    ids=["refused", "down"],
)
def test_a_zone_once_read_stays_while_it_cannot_be_read_again(
    trouble: Callable[[Request], HttpReply], pause: timedelta
) -> None:
    clock, cache, gateway = FakeClock(), MemoryCache(), ScriptedGateway(Preferences(GOOD))

    def catalogue() -> Catalogue:
        options = ClientOptions(tries=1)
        client = make_client(
            gateway, clock=clock, cache=cache, credentials=NO_SETTING, options=options
        )
        return Catalogue(client)

    zone = catalogue().zone()
    assert zone.verified
    gateway.answer = trouble
    clock.forward(days=30)
    assert catalogue().zone() == zone
    asked = len(gateway.asked)
    clock.forward(seconds=pause.total_seconds() - 1)
    assert catalogue().zone() == zone
    assert len(gateway.asked) == asked
    clock.forward(seconds=1)
    assert catalogue().zone() == zone
    assert len(gateway.asked) > asked
    gateway.answer = Preferences({**GOOD, "gmtoffset": "+0200"})
    clock.forward(hours=2)
    assert catalogue().zone() == UserZone(timedelta(hours=2))


def test_preferences_that_make_dates_ambiguous_are_refused_each_time() -> None:
    gateway = ScriptedGateway(Preferences({**GOOD, "dateformat": "/dmY"}))
    catalogue = Catalogue(make_client(gateway, credentials=NO_SETTING))
    for _ in range(2):
        with pytest.raises(SourceRejected, match="mm/dd/yyyy"):
            catalogue.zone()


def test_trouble_on_the_way_is_not_taken_for_an_answer() -> None:
    gateway = ScriptedGateway(lambda _: http("<html>", 503))
    with pytest.raises(SourceUnavailable):
        Catalogue(make_client(gateway, credentials=NO_SETTING)).zone()


# ---------------------------------------------------------------------------------- cache
class BrokenCache:
    """A cache that is out of order."""

    def get(self, key: str, *, now: datetime) -> str | None:
        raise StoreUnavailable(f"throttled {key} {now}")

    def put(self, key: str, text: str, *, until: datetime) -> None:
        raise StoreUnavailable(f"throttled {key} {text} {until}")


class LyingCache:
    """A cache with something else in it."""

    def get(self, key: str, *, now: datetime) -> str | None:
        return "{" if now else key

    def put(self, key: str, text: str, *, until: datetime) -> None:
        pass


@pytest.mark.parametrize("cache", [BrokenCache(), LyingCache()])
def test_a_cache_that_fails_is_one_that_is_empty(cache: BrokenCache | LyingCache) -> None:
    gateway = ScriptedGateway(Tenant(EVERYTHING))
    assert selected(Catalogue(make_client(gateway, cache=cache))) == EVERYTHING


def test_what_a_company_refuses_is_remembered_for_a_day() -> None:
    clock = FakeClock()
    catalogue = Catalogue(make_client(ScriptedGateway(), clock=clock))
    assert not catalogue.refused("composite")
    catalogue.remember_refused("composite")
    clock.forward(hours=23)
    assert catalogue.refused("composite")
    assert not catalogue.refused("other")
    clock.forward(hours=1)
    assert not catalogue.refused("composite")
