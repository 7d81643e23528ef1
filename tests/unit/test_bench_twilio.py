"""The benchmarks of Twilio: their arithmetic, and that what is measured is what they say."""

from __future__ import annotations

import json
import ssl
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest

from bench import twilio_account, twilio_send, twilio_status_child
from bench.twilio_stand_in import message
from bench.twilio_status import ACTIVE, ENDED, TEXTS, Cost, cost
from ml_connector.settings import LOOK_LIMIT
from ml_connector.usecases.asking import PAGE

if TYPE_CHECKING:
    from pathlib import Path

MESSAGES = "https://api.twilio.com/2010-04-01/Accounts/AC0/Messages"


def a_cost(kind: str = TEXTS, **changes: int) -> Cost:
    """Of an account that took one list."""
    ours = {"runs": 1, "known": 10, "cpu_ms": 5.0, "list": 1, **changes}
    return cost(kind, 10, {"ours": ours, "each": {"requests": 10, "cpu_ms": 10.0}})


# ------------------------------------------------------------------------------ the arithmetic
def test_a_target_is_one_list_a_page_and_three_reads_of_each_call_that_is_over() -> None:
    assert a_cost().target == a_cost(ACTIVE).target == 1
    assert a_cost(ENDED).target == 31
    seen = {"ours": {"runs": 1, "known": 1, "cpu_ms": 1.0}, "each": {"requests": 1, "cpu_ms": 1.0}}
    assert cost(TEXTS, PAGE, seen).target == 1
    assert cost(TEXTS, PAGE + 1, seen).target == 2
    assert cost(TEXTS, 10_000, seen).target == 10
    assert cost(TEXTS, 10_000, seen).least == -(-10_000 // LOOK_LIMIT)


def test_of_calls_that_go_on_each_run_asks_anew() -> None:
    seen = {"ours": {"runs": 1, "known": 1, "cpu_ms": 1.0}, "each": {"requests": 1, "cpu_ms": 1.0}}
    assert cost(ACTIVE, PAGE, seen).target == 1
    assert cost(ACTIVE, LOOK_LIMIT + 1, seen).target == 2 * (LOOK_LIMIT // PAGE + 1)


def test_a_target_is_met_by_lists_and_reads_together_and_only_where_all_are_known() -> None:
    assert a_cost().met
    assert not a_cost(single=1).met
    assert not a_cost(known=9).met
    assert a_cost(replies=3).met
    assert a_cost(ENDED, single=30).met
    assert not a_cost(ENDED, single=31).met


def test_ratios_are_of_what_is_known_by_then() -> None:
    half = a_cost(known=5, single=1)
    assert half.ratio == pytest.approx((2 / 5) / (10 / 10))
    assert half.cpu_ratio == pytest.approx((5.0 / 5) / (10.0 / 10))


def test_the_cpu_of_a_send_is_told_as_multiples_of_its_requests_alone() -> None:
    medians = dict.fromkeys(twilio_send.CPU, 0.5) | {"a batch of 10": 4.0, "a batch of one": 6.0}
    medians |= {twilio_send.BARE: 2.5, twilio_send.OURS: 0.5}
    rows = twilio_send.summary(medians)
    assert [row.name for row in rows] == list(twilio_send.CPU.values())
    assert [(row.cpu, row.ratio, row.met) for row in rows][:3] == [
        (4.0, pytest.approx(4 / 3), True),
        (6.0, 2.0, False),
        (3.0, 1.0, None),
    ]


@pytest.mark.parametrize(
    ("uri", "params", "kind"),
    [
        (f"{MESSAGES}.json", {"From": "+15550100000", "PageSize": 1000}, "list"),
        (f"{MESSAGES}.json", {"To": "+15550100000", "PageSize": 100}, "replies"),
        (f"{MESSAGES}.json?From=%2B15550100000&Page=1", {}, "list"),
        (f"{MESSAGES}.json?To=%2B15550100000&Page=1", {}, "replies"),
        (f"{MESSAGES}/SM0.json", {}, "single"),
        ("https://studio.twilio.com/v2/Flows/FW0/Executions", {"PageSize": 1000}, "list"),
        ("https://studio.twilio.com/v2/Flows/FW0/Executions/FN0/Context", {}, "single"),
    ],
)
def test_requests_are_told_apart(uri: str, params: dict[str, object], kind: str) -> None:
    assert twilio_status_child.kind_of(uri, params) == kind


# ------------------------------------------------------------------------- what is asked about
def test_texts_of_the_account_have_arrived() -> None:
    world = twilio_account.filled(TEXTS, 3)
    assert [text.status for text in world.messages.all()] == ["delivered"] * 3
    assert len({text.to for text in world.messages.all()}) == 3
    assert len(world.accepted) == 3


@pytest.mark.parametrize(("kind", "status"), [(ENDED, "ended"), (ACTIVE, "active")])
def test_calls_of_the_account_are_over_or_go_on(kind: str, status: str) -> None:
    world = twilio_account.filled(kind, 3)
    world.advance()
    (flow,) = world.studio.flows
    calls = list(world.studio.executions(flow))
    assert [call.status for call in calls] == [status] * 3
    assert [made.sid for made in world.accepted] == [call.sid for call in reversed(calls)]


def test_calls_that_are_over_were_confirmed() -> None:
    world = twilio_account.filled(ENDED, 1)
    (flow,) = world.studio.flows
    (call,) = world.studio.executions(flow)
    assert "set_confirmed" in [step.target for step in call.steps]


def test_what_the_store_holds_is_what_the_account_accepted() -> None:
    made = {"sid": "SM" + "0" * 32, "at": "2026-11-23T09:30:00+00:00", "recipient": "+15550100001"}
    tables = twilio_status_child.stored(TEXTS, [made])
    (dispatch,) = tables.dispatches.values()
    assert (dispatch.sid, dispatch.to) == (made["sid"], made["recipient"])
    assert tables.sids == {made["sid"]: dispatch.id}
    assert tables.alerts["c0"]["a0"].dispatch == dispatch.id


def test_the_stand_in_answers_a_create_with_that_message() -> None:
    fields = {"To": "+15550100001", "From": "+15550100000", "Body": "Größe & more"}
    head, _, body = message(urlencode(fields).encode()).partition(b"\r\n\r\n")
    shown = json.loads(body)
    assert head.startswith(b"HTTP/1.1 201 ")
    assert f"Content-Length: {len(body)}".encode() in head
    assert (shown["to"], shown["from"], shown["body"]) == tuple(fields.values())
    assert json.loads(message(b"").partition(b"\r\n\r\n")[2])["sid"] != shown["sid"]


def test_the_roots_hold_the_usual_ones_and_that_of_the_stand_in(tmp_path: Path) -> None:
    own, roots = twilio_send.certificates(tmp_path)
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(own)
    context = ssl.create_default_context(cafile=str(roots))
    names = [dict(part[0] for part in each["subject"]) for each in context.get_ca_certs()]
    assert {"commonName": "bench"} in names
    assert len(names) > 50
