"""How the inbox asks Twilio, against a server that says exactly what a test wants."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from ml_connector.errors import DeliveryBlocked, DeliveryTransient
from ml_connector.twilio.credentials import Sender
from ml_connector.twilio.inbound import TwilioInbox
from tests.adapters.twilio_messengers import ANN, NOON, OURS, POOL, SERVICE, messengers, query
from tests.adapters.twilio_raw_server import RawServer, Step, answer, message

NEXT = "/2010-04-01/Accounts/AC/Messages.json?PageSize=100&Page=1&PageToken=PA1"


@pytest.fixture
def inbox() -> Iterator[Any]:
    """Makes inboxes for a server."""
    with messengers() as make:

        def inbox_at(server: RawServer, sender: Sender = OURS, **options: Any) -> TwilioInbox:
            found = make(server, sender, **options).inbox
            assert found is not None
            return found

        yield inbox_at


def row(number: int, created: float, **changes: object) -> dict[str, Any]:
    """Inbound text `number`, created so many seconds after noon; no webhook was ever called."""
    given: dict[str, object] = {
        "sid": f"SM{number:032x}",
        "date_created": format_datetime(NOON + timedelta(seconds=created)),
        "date_sent": None,
        "direction": "inbound",
        "status": "received",
        "from": ANN,
        "to": OURS.number,
        "body": "1",
    }
    return message(**{**given, **changes})


def page(*rows: dict[str, Any], following: str | None = None) -> Step:
    return answer(200, {"messages": rows, "next_page_uri": following, "page_size": 100, "page": 0})


def read(inbox: TwilioInbox) -> list[int]:
    return [int(text.sid.removeprefix("SM"), 16) for text in inbox.received_since(NOON)]


def test_texts_to_our_number_are_asked_for_without_a_date(inbox: Any) -> None:
    with RawServer([page()]) as server:
        assert read(inbox(server)) == []
    assert query(server.requests[0]) == {"To": OURS.number, "PageSize": "100"}


def test_texts_to_a_service_are_told_from_the_rest_of_the_account(inbox: Any) -> None:
    rows = (
        row(1, 5, messaging_service_sid=SERVICE),
        row(2, 5, messaging_service_sid="MG" + "f" * 32),
        row(3, 5),
        row(4, 5, messaging_service_sid=SERVICE, direction="outbound-api", status="sent"),
    )
    with RawServer([page(*rows)]) as server:
        assert read(inbox(server, POOL)) == [1]
    assert query(server.requests[0]) == {"PageSize": "1000"}


def test_what_we_sent_to_ourselves_is_no_reply(inbox: Any) -> None:
    with RawServer([page(row(1, 5, direction="outbound-api", status="delivered"))]) as server:
        assert read(inbox(server)) == []


def test_a_text_still_coming_in_is_left_for_the_next_look(inbox: Any) -> None:
    with RawServer([page(row(1, 5, status="receiving"), row(2, 4))]) as server:
        assert read(inbox(server)) == [2]


def test_pages_are_followed_until_they_get_older_and_each_text_is_given_once(inbox: Any) -> None:
    script = [
        page(row(5, 50), row(4, 40), following=NEXT),
        page(row(4, 40), row(3, 0), row(2, -1), following=NEXT.replace("PA1", "PA2")),
    ]
    with RawServer(script) as server:
        assert read(inbox(server)) == [5, 4, 3]
        assert len(server.requests) == 2


def test_a_page_of_other_traffic_does_not_end_the_list(inbox: Any) -> None:
    """Waiting in a queue since before, sent after: what follows may be ours still."""
    queued = row(
        9,
        -500,
        direction="outbound-api",
        date_sent=format_datetime(NOON + timedelta(seconds=55)),
    )
    script = [
        page(row(5, 60, messaging_service_sid=SERVICE), queued, following=NEXT),
        page(row(4, 40, messaging_service_sid=SERVICE), row(3, -9)),
    ]
    with RawServer(script) as server:
        assert read(inbox(server, POOL)) == [5, 4]


def test_a_text_without_words_or_sender_is_read_all_the_same(inbox: Any) -> None:
    with RawServer([page({**row(1, 5), "body": None, "from": None})]) as server:
        (text,) = inbox(server).received_since(NOON)
    assert (text.body, text.sender) == ("", "")


@pytest.mark.parametrize("body", [b"{", {"messages": [{}]}, {"messages": [{"sid": "SM1"}]}])
def test_a_list_that_cannot_be_read_is_read_again_later(inbox: Any, body: object) -> None:
    with RawServer([answer(200, body)]) as server, pytest.raises(DeliveryTransient):
        read(inbox(server))


def test_a_key_that_may_not_list_says_so(inbox: Any) -> None:
    refusal = answer(401, {"code": 20003, "message": ANN})
    with RawServer([refusal]) as server, pytest.raises(DeliveryBlocked) as refused:
        read(inbox(server))
    assert ANN not in str(refused.value)


def test_reading_ends_with_the_functions_time(inbox: Any) -> None:
    with RawServer([page()]) as server:
        with pytest.raises(DeliveryTransient, match="no time left"):
            read(inbox(server, time_left=lambda: 0.0))
        assert server.connections == 0


@pytest.mark.parametrize(
    ("sender", "replies"),
    [(OURS, True), (POOL, True), (Sender(number="12345"), True), (Sender(number="Acme 1"), False)],
)
def test_nobody_texts_back_to_a_name(sender: Sender, replies: bool) -> None:
    with messengers() as make, RawServer([page()]) as server:
        assert (make(server, sender).inbox is not None) == replies
