"""Our client against the simulated gateway, over real HTTP: faults, and tenants that differ."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ml_connector.errors import SourceAuthError, SourceError, SourceRejected
from ml_connector.intacct.client import ClientOptions
from ml_connector.intacct.errors import GatewayRefused, Meaning
from tests.support.gateway import World, numbers

# ------------------------------------------------------------------------------------ faults
PASSING = [
    "gw_0010",
    "gw_0010_in_200",
    "gw_0001",
    "http_429",
    "http_500",
    "http_502",
    "http_503",
    "http_504",
    "cloudflare",
    "html_in_200",
    "empty",
    "reset",
    "truncated",
    "cut",
    "control_character",
    "control_reference",
    "bad_name",
    "two_roots",
    "session_lost",
    "offline",
    "query_trouble",
]


@pytest.mark.parametrize("kind", PASSING)
def test_a_fault_that_passes_costs_no_bill(world: World, kind: str) -> None:
    source = world.source()
    source.read_waiting_and_changed(None)
    fault = world.admin.fault(kind)
    read = source.read_waiting_and_changed(None)
    assert world.admin.fired(fault) == 1
    assert read.complete
    assert numbers(read) == world.waiting()


@pytest.mark.parametrize("kind", [k for k in PASSING if k not in ("session_lost", "query_trouble")])
def test_a_fault_during_the_login_passes_too(world: World, kind: str) -> None:
    fault = world.admin.fault(kind, match={"auth": "login"})
    assert world.source().read_waiting_and_changed(None).complete
    assert world.admin.fired(fault) == 1


@pytest.mark.parametrize("kind", ["http_503", "truncated", "html_in_200", "gw_0010", "reset"])
def test_a_fault_that_stays_is_an_error_that_says_so(world: World, kind: str) -> None:
    source = world.source()
    source.read_waiting_and_changed(None)
    world.admin.fault(kind, count=None)
    with pytest.raises(SourceError) as caught:
        source.read_waiting_and_changed(None)
    assert caught.value.retryable
    world.admin.clear_faults()
    assert source.read_waiting_and_changed(None).complete


def test_a_page_lost_on_the_way_is_asked_for_again_and_nothing_else(world: World) -> None:
    source = world.source(page_size=10)
    source.read_waiting_and_changed(None)
    world.admin.reset_tally()
    world.admin.fault("truncated", skip=1)
    read = source.read_waiting_and_changed(None)
    assert read.complete
    assert numbers(read) == world.waiting()
    assert read.transactions == world.admin.tally()["transactions"] == 4


def test_forbidden_characters_are_counted(world: World) -> None:
    source = world.source()
    source.read_waiting_and_changed(None)
    world.admin.fault("control_character")
    assert source.read_waiting_and_changed(None).cleaned == 1


def test_retry_after_is_waited_for(world: World) -> None:
    source = world.source()
    source.read_waiting_and_changed(None)
    world.admin.fault("http_429", retry_after=11)
    source.read_waiting_and_changed(None)
    assert world.clock.slept == [11.5]


def test_a_slow_gateway_is_given_up_on(world: World) -> None:
    client = world.client(options=ClientOptions(request_seconds=0.3, tries=2))
    source = world.source(client)
    source.read_waiting_and_changed(None)
    world.admin.fault("slow")
    assert source.read_waiting_and_changed(None).complete
    world.admin.release()
    assert client.usage.retries == 1


def test_maintenance_is_an_error_and_over_when_it_is_over(world: World) -> None:
    source = world.source()
    source.read_waiting_and_changed(None)
    now = datetime.now(UTC)
    window = {
        "from": (now - timedelta(hours=1)).isoformat(),
        "to": (now + timedelta(hours=1)).isoformat(),
    }
    for level in ("control", "function", "html"):
        world.admin.settings(maintenance=[{**window, "level": level}])
        with pytest.raises(SourceError) as caught:
            source.read_waiting_and_changed(None)
        assert caught.value.retryable
    world.admin.settings(maintenance=[])
    assert source.read_waiting_and_changed(None).complete


def test_a_company_that_is_gone_is_tried_twice_and_then_left_alone(world: World) -> None:
    world.admin.settings(active=False)
    source = world.source()
    with pytest.raises(GatewayRefused) as caught:
        source.read_waiting_and_changed(None)
    assert caught.value.errorno == "GW-0011"
    world.clock.forward(61)
    for _ in range(3):
        with pytest.raises(SourceAuthError):
            source.read_waiting_and_changed(None)
    assert world.admin.tally()["logins"] == 0


# -------------------------------------------------------------------------------- tenants
def test_a_field_a_tenant_lacks_does_not_fail_the_poll(world: World) -> None:
    world.admin.settings(absent=["APBILL.DESCRIPTION", "APBILL.RECORD_URL", "APBILL.MEGAENTITYID"])
    read = world.source().read_waiting_and_changed(None)
    assert read.complete
    assert numbers(read) == world.waiting()
    assert {(bill.description, bill.url) for bill in read.bills} == {("", "")}


def test_a_field_that_disappears_during_the_day_does_not_either(world: World) -> None:
    source = world.source()
    source.read_waiting_and_changed(None)
    world.admin.settings(absent=["APBILL.DESCRIPTION"])
    read = source.read_waiting_and_changed(None)
    assert read.complete
    assert numbers(read) == world.waiting()
    assert source.read_waiting_and_changed(None).transactions == 1


def test_a_missing_permission_is_named(world: World) -> None:
    world.admin.settings(denied=["APBILL"])
    with pytest.raises(GatewayRefused, match="permission") as caught:
        world.source().read_waiting_and_changed(None)
    assert caught.value.meaning is Meaning.PERMISSION
    assert "APBILL" in caught.value.safe_message


def test_replies_may_leave_out_what_they_like(world: World) -> None:
    world.admin.settings(omit=["senderid", "locationid", "sessiontimeout", "uniqueid", "errorno"])
    read = world.source().read_waiting_and_changed(None)
    assert read.complete
    assert numbers(read) == world.waiting()


# ------------------------------------------------------------------------------------ zones
@pytest.mark.parametrize("offset", ["-11:00", "-07:00", "+00:00", "+09:30", "+14:00"])
def test_times_are_right_in_every_zone_of_the_api_user(world: World, offset: str) -> None:
    world.admin.settings(utc_offset=offset)
    source = world.source()
    made = world.admin.create_bill("V-100", "10", submit=True)
    world.admin.approve(made.recordno)
    now = datetime.now(UTC)
    read = source.read_waiting_and_changed(now - timedelta(minutes=1))
    (found,) = [bill for bill in read.bills if bill.record_no == str(made.recordno)]
    assert found.modified is not None
    assert abs(found.modified - now) < timedelta(seconds=30)
    assert read.zone_verified
    assert read.zone_error is None
    changed = [bill for bill in read.bills if not bill.state.waiting]
    assert [bill.record_no for bill in changed] == [found.record_no]


def test_a_preference_that_misleads_is_noticed(world: World) -> None:
    world.admin.settings(utc_offset="+05:30", formatting_offset="+00:00")
    world.admin.create_bill("V-100", "10", submit=True)
    read = world.source().read_waiting_and_changed(None)
    assert read.zone_error == timedelta(hours=5, minutes=30)


def test_a_setting_overrides_the_preference(world: World) -> None:
    world.admin.settings(utc_offset="+05:30", formatting_offset="+00:00")
    world.admin.create_bill("V-100", "10", submit=True)
    client = world.client(utc_offset="+0530")
    assert world.source(client).read_waiting_and_changed(None).zone_error is None


def test_preferences_we_cannot_read_dates_in_are_refused_with_what_to_do(world: World) -> None:
    world.admin.settings(date_format=".dmY")
    with pytest.raises(SourceRejected, match="mm/dd/yyyy"):
        world.source().read_waiting_and_changed(None)
