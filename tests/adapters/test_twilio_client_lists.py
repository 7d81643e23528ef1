"""Lists, single reads and verdicts, against a server that says exactly what a test wants."""

from __future__ import annotations

import itertools
from datetime import timedelta
from decimal import Decimal
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import pytest

from ml_connector.domain.delivery import Cure, MessageStatus
from ml_connector.errors import (
    DeliveryBlocked,
    DeliveryError,
    DeliveryRejected,
    DeliveryTransient,
)
from ml_connector.twilio.error_codes import after_create
from tests.adapters.twilio_messengers import (
    ANN,
    NOON,
    POOL,
    REQUEST,
    SERVICE,
    Make,
    messengers,
    query,
)
from tests.adapters.twilio_raw_server import (
    SID,
    RawServer,
    Step,
    answer,
    message,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def messenger() -> Iterator[Make]:
    with messengers() as make:
        yield make


def at(seconds: float) -> str:
    return format_datetime(NOON + timedelta(seconds=seconds))


def row(
    number: int, created: float, sent: float | None = None, **changes: object
) -> dict[str, Any]:
    """Message `number`, created and sent so many seconds after noon."""
    return message(
        sid=f"SM{number:032x}",
        date_created=at(created),
        date_sent=None if sent is None else at(sent),
        **{"status": "queued" if sent is None else "delivered", **changes},
    )


def page(*rows: dict[str, Any], following: str | None = None) -> Step:
    return answer(
        200,
        {"messages": rows, "next_page_uri": following, "page_size": 1000, "page": 0, "uri": "/x"},
    )


NEXT = "/2010-04-01/Accounts/AC/Messages.json?PageSize=1000&Page=1&PageToken=PA1"
AFTER = "/2010-04-01/Accounts/AC/Messages.json?PageSize=1000&Page=2&PageToken=PA2"


def listed(messages: Iterator[Any]) -> list[int]:
    return [int(f"0x{each.sid[2:]}", base=0) for each in messages]


def test_a_list_asks_for_full_pages_of_our_sender_without_a_date(messenger: Make) -> None:
    with RawServer([page()]) as server:
        assert listed(messenger(server).list_created_since(NOON)) == []
    assert query(server.requests[0]) == {"From": "+15550100100", "PageSize": "1000"}


def test_a_messaging_service_is_filtered_here(messenger: Make) -> None:
    theirs = row(3, 5, messaging_service_sid="MG" + "f" * 32)
    reply = row(4, 5, messaging_service_sid=SERVICE, direction="inbound", status="received")
    ours = row(1, 5, messaging_service_sid=SERVICE)
    with RawServer([page(theirs, reply, ours, row(2, 5))]) as server:
        assert listed(messenger(server, POOL).list_created_since(NOON)) == [1]
    assert query(server.requests[0]) == {"PageSize": "1000"}


def test_pages_are_followed_and_a_message_seen_twice_is_given_once(messenger: Make) -> None:
    script = [
        page(row(5, 50), row(4, 40), following=NEXT),
        page(row(4, 40), row(3, 30), following=AFTER),
        page(row(2, 20)),
    ]
    with RawServer(script) as server:
        assert listed(messenger(server).list_created_since(NOON)) == [5, 4, 3, 2]
    assert [query(request).get("PageToken") for request in server.requests] == [None, "PA1", "PA2"]


def test_a_list_ends_where_it_gets_older(messenger: Make) -> None:
    script = [
        page(row(5, 50), row(4, 40), following=NEXT),
        page(row(3, 0), row(2, -1), row(1, -2, sent=-1), following=AFTER),
    ]
    with RawServer(script) as server:
        assert listed(messenger(server).list_created_since(NOON)) == [5, 4, 3]
        assert len(server.requests) == 2


def test_a_list_ordered_by_date_sent_ends_no_sooner_than_it_must(messenger: Make) -> None:
    """Message 9 waited in a queue: created before, sent after. What follows may be ours still."""
    script = [
        page(row(5, 50, sent=60), row(9, -500, sent=55), following=NEXT),
        page(row(4, 40, sent=41), row(3, -9, sent=-5), following=AFTER),
    ]
    with RawServer(script) as server:
        assert listed(messenger(server).list_created_since(NOON)) == [5, 4]
        assert len(server.requests) == 2


def test_unsent_messages_are_seen(messenger: Make) -> None:
    with RawServer([page(row(1, 5, sent=None))]) as server:
        (one,) = messenger(server).list_created_since(NOON)
    assert one.status is MessageStatus.QUEUED


def test_twilios_whole_seconds_hide_nothing_created_within_one(messenger: Make) -> None:
    with RawServer([page(row(1, 0))]) as server:
        since = NOON + timedelta(milliseconds=900)
        assert listed(messenger(server).list_created_since(since)) == [1]
        assert listed(messenger(server).list_to(ANN, since)) == [1]


def test_a_list_to_one_number_reads_to_the_end_to_be_sure(messenger: Make) -> None:
    script = [page(row(5, 50), row(4, -40, sent=-30), following=NEXT), page(row(3, 30))]
    with RawServer(script) as server:
        assert listed(messenger(server).list_to(ANN, NOON)) == [5, 3]
    assert query(server.requests[0]) == {"To": ANN, "PageSize": "1000"}


def test_a_list_to_one_number_that_need_not_be_whole_ends_where_it_gets_older(
    messenger: Make,
) -> None:
    script = [
        page(row(5, 50), row(9, -40, sent=30), following=NEXT),
        page(row(4, 40), row(3, -40, sent=-30), following=AFTER),
    ]
    with RawServer(script) as server:
        assert listed(messenger(server).list_to(ANN, NOON, whole=False)) == [5, 4]
        assert len(server.requests) == 2


@pytest.mark.parametrize("whole", [True, False])
def test_to_one_number_what_other_senders_sent_is_seen_and_replies_are_not(
    messenger: Make, *, whole: bool
) -> None:
    theirs = row(3, 5, messaging_service_sid="MG" + "f" * 32)
    reply = row(4, 5, direction="inbound", status="received")
    former = {**row(2, 5), "from": "+15550100777"}
    for sender in (None, POOL):
        with RawServer([page(theirs, reply, former)]) as server:
            make = messenger(server, sender) if sender else messenger(server)
            assert listed(make.list_to(ANN, NOON, whole=whole)) == [3, 2]


def test_all_of_ours_to_one_number_leave_out_what_others_sent_it(messenger: Make) -> None:
    theirs = row(3, -5_000_000, messaging_service_sid="MG" + "f" * 32)
    ours = row(1, -5_000_000, messaging_service_sid=SERVICE)
    with RawServer([page(theirs, ours)]) as server:
        assert listed(messenger(server, POOL).ours_to(ANN)) == [1]
    with RawServer([page(row(1, 5))]) as server:
        assert listed(messenger(server).ours_to(ANN)) == [1]
    assert query(server.requests[0]) == {"To": ANN, "From": "+15550100100", "PageSize": "1000"}


def test_who_has_found_the_message_asks_no_further(messenger: Make) -> None:
    with RawServer([page(row(5, 50), following=NEXT), page(row(4, 40))]) as server:
        assert listed(itertools.islice(messenger(server).list_to(ANN, NOON), 1)) == [5]
        assert len(server.requests) == 1


def test_a_listed_message_is_read_whole(messenger: Make) -> None:
    failed = row(
        1,
        5,
        sent=6,
        num_segments="2",
        price="-0.01660",
        price_unit="usd",
        error_code=30003,
    )
    with RawServer([page({**failed, "status": "undelivered"})]) as server:
        (one,) = messenger(server).list_created_since(NOON)
    assert (one.status, one.error_code) == (MessageStatus.UNDELIVERED, 30003)
    assert (one.segments, one.price, one.price_unit) == (2, Decimal("-0.01660"), "USD")
    assert one.body == REQUEST.body


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (401, 20003, DeliveryBlocked),
        (400, 20007, DeliveryBlocked),
        (429, 20429, DeliveryTransient),
        (500, 20500, DeliveryTransient),
    ],
)
def test_a_failed_list_keeps_its_code(
    messenger: Make, status: int, code: int, kind: type[DeliveryError]
) -> None:
    refusal = answer(status, {"code": code, "message": ANN})
    with RawServer([refusal]) as server, pytest.raises(DeliveryError) as failed:
        listed(messenger(server).list_to(ANN, NOON))
    assert type(failed.value) is kind
    assert (failed.value.provider_code, failed.value.http_status) == (code, status)
    assert ANN not in str(failed.value)


@pytest.mark.parametrize(
    "body",
    [b"", b"{", [], {}, {"messages": [{}], "next_page_uri": None}, {"messages": 5, "page": 0}],
)
def test_a_list_that_cannot_be_read_is_read_again_later(messenger: Make, body: object) -> None:
    with RawServer([answer(200, body)]) as server, pytest.raises(DeliveryTransient):
        listed(messenger(server).list_created_since(NOON))


def test_a_list_that_leads_in_circles_is_left(messenger: Make) -> None:
    with RawServer([page(row(5, 50), following=NEXT)]) as server:
        with pytest.raises(DeliveryTransient, match="already read"):
            listed(messenger(server).list_created_since(NOON))
        assert len(server.requests) == 2


def test_a_list_stays_on_its_host(messenger: Make) -> None:
    with RawServer([answer(200, {})]) as elsewhere:
        strange = page(row(5, 50), following=f"{elsewhere.url}/x")
        with RawServer([strange, page()]) as server:
            assert listed(messenger(server).list_created_since(NOON)) == [5]
            assert len(server.requests) == 2
        assert elsewhere.connections == 0


def test_reads_end_with_the_functions_time(messenger: Make) -> None:
    left = iter([30.0, 30.0, 0.0])
    with RawServer([page(row(5, 50), following=NEXT), page()]) as server:
        ours = messenger(server, time_left=lambda: next(left))
        with pytest.raises(DeliveryTransient, match="no time left"):
            listed(ours.list_created_since(NOON))
        assert len(server.requests) == 1


# --------------------------------------------------------------------------------- fetch
def test_one_message_is_fetched(messenger: Make) -> None:
    with RawServer([answer(200, message(status="delivered"))]) as server:
        found = messenger(server).fetch(SID)
    assert found is not None
    assert found.status is MessageStatus.DELIVERED
    assert f"/Messages/{SID}.json".encode() in server.requests[0]


def test_a_message_twilio_does_not_know_is_none(messenger: Make) -> None:
    with RawServer([answer(404, {"code": 20404, "status": 404})]) as server:
        assert messenger(server).fetch(SID) is None


def test_a_404_that_is_not_twilios_is_not_taken_for_a_missing_message(
    messenger: Make,
) -> None:
    with RawServer([answer(404, b"<html>")]) as server, pytest.raises(DeliveryBlocked):
        messenger(server).fetch(SID)


def test_other_failures_of_a_fetch_are_not_none(messenger: Make) -> None:
    with RawServer([answer(401, {"code": 20003})]) as server, pytest.raises(DeliveryBlocked):
        messenger(server).fetch(SID)
    with RawServer([answer(500)]) as server, pytest.raises(DeliveryTransient):
        messenger(server).fetch(SID)


@pytest.mark.parametrize("sid", ["", "SM1", "CA" + "1" * 32, f"{SID}/../x", f"{SID}\n"])
def test_what_is_no_sid_is_not_asked_for(messenger: Make, sid: str) -> None:
    with RawServer([answer(200, message())]) as server:
        with pytest.raises(DeliveryRejected, match="not a message SID"):
            messenger(server).fetch(sid)
        assert server.connections == 0


# --------------------------------------------------------------------------------- judge
@pytest.mark.parametrize(
    ("code", "cure", "wait", "operator"),
    [
        (30003, Cure.RETRY, 300, False),
        (30006, Cure.PERMANENT, 0, True),
        (30034, Cure.BLOCKED, 0, True),
        (39_999, Cure.PERMANENT, 0, True),
        (None, Cure.RETRY, 120, False),
    ],
)
def test_a_message_that_did_not_arrive_is_judged_by_its_code(
    messenger: Make, code: int | None, cure: Cure, wait: float, operator: bool
) -> None:
    with RawServer([answer()]) as server:
        verdict = messenger(server).judge(code)
        assert server.connections == 0
    assert (verdict.cure, verdict.wait_seconds) == (cure, wait)
    assert verdict.reason == after_create(code).reason
    assert bool(verdict.operator_action) == operator
