"""The official client lists messages: filters, pages, and nothing missed or repeated."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import requests
from twilio.base.exceptions import TwilioException
from twilio.rest import Client

from sandbox.twilio.simulator import TwilioSimulator
from tests.adapters.twilio_simulator.example import ANN, BEN, OURS, OVER

if TYPE_CHECKING:
    pass


def test_a_list_is_newest_first_and_filters_by_recipient_and_sender(client: Client) -> None:
    first = client.messages.create(to=ANN, from_=OURS, body="1")
    second = client.messages.create(to=BEN, from_=OURS, body="2")
    third = client.messages.create(to=ANN, from_="+15005550006", body="3")
    assert [m.sid for m in client.messages.list()] == [third.sid, second.sid, first.sid]
    assert [m.sid for m in client.messages.list(to=ANN)] == [third.sid, first.sid]
    assert [m.sid for m in client.messages.list(from_=OURS)] == [second.sid, first.sid]
    assert [m.sid for m in client.messages.list(to=ANN, from_=OURS)] == [first.sid]


def test_date_filters_look_at_the_date_sent_and_leave_out_what_was_not_sent(
    sim: TwilioSimulator, client: Client
) -> None:
    old = client.messages.create(to=ANN, from_=OURS, body="old").sid
    sim.admin.forward(2 * 86400)
    sent = client.messages.create(to=ANN, from_=OURS, body="new").sid
    sim.admin.forward(OVER)
    client.messages.create(to=ANN, from_=OURS, body="still queued")
    now = sim.admin.now()

    def listed(**filters: datetime | date) -> list[str | None]:
        return [message.sid for message in client.messages.list(**filters)]

    exact = client.messages(sent).fetch().date_sent
    assert exact is not None
    assert listed(date_sent_after=now - timedelta(hours=1)) == [sent]
    assert listed(date_sent_after=exact) == [sent]
    assert listed(date_sent_before=now - timedelta(hours=1)) == [old]
    assert listed(date_sent=exact.astimezone(UTC).date()) == [sent]
    assert listed(date_sent=(now + timedelta(days=3)).date()) == []


def test_paging_over_more_than_a_thousand_messages_misses_none_and_repeats_none(
    sim: TwilioSimulator, client: Client
) -> None:
    with requests.Session() as session:
        session.auth = (client.username, client.password)
        address = f"{sim.url}/2010-04-01/Accounts/{client.account_sid}/Messages.json"
        form = {"To": ANN, "From": OURS, "Body": "Bill"}
        sids = [session.post(address, data=form, timeout=5).json()["sid"] for _ in range(1005)]
        before = len(sim.admin.requests())
        listed = [message.sid for message in client.messages.list(page_size=1000)]
        pages = [r for r in sim.admin.requests()[before:] if r.endpoint == "messages.list"]
    assert listed == sids[::-1]
    assert len(pages) == 2
    assert len(client.messages.list(limit=120)) == 120


def test_a_message_created_between_two_pages_shifts_none(client: Client) -> None:
    sids = [client.messages.create(to=ANN, from_=OURS, body=str(n)).sid for n in range(5)]
    first = client.messages.page(page_size=2)
    client.messages.create(to=ANN, from_=OURS, body="in between")
    second = first.next_page()
    assert second is not None
    assert [message.sid for message in first] == sids[:2:-1]
    assert [message.sid for message in second] == sids[2:0:-1]
    back = second.previous_page()
    assert back is not None
    assert [message.sid for message in back] == sids[:2:-1]


def test_page_links_are_opaque_relative_and_keep_the_filters(
    sim: TwilioSimulator, client: Client
) -> None:
    for number in range(3):
        client.messages.create(to=ANN, from_=OURS, body=str(number))
    path = f"/2010-04-01/Accounts/{client.account_sid}/Messages.json"
    auth = (client.username, client.password)
    query = {"To": ANN, "PageSize": "2"}
    page = requests.get(sim.url + path, params=query, auth=auth, timeout=5).json()
    assert (page["page"], page["page_size"], page["start"], page["end"]) == (0, 2, 0, 1)
    assert page["previous_page_uri"] is None
    link = page["next_page_uri"]
    assert link.startswith(f"{path}?To=%2B15550100001&PageSize=2&Page=1&PageToken=PA")
    last = requests.get(sim.url + link, auth=auth, timeout=5).json()
    assert (len(last["messages"]), last["next_page_uri"]) == (1, None)


@pytest.mark.parametrize("size", ["1001", "-1", "many"])
def test_a_page_size_twilio_does_not_know_is_refused(client: Client, size: str) -> None:
    with pytest.raises(TwilioException, match="Unable to fetch page"):
        client.messages.page(page_size=size)
