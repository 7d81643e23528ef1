"""The simulator as a program and as a page for people."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests

from sandbox.twilio.admin import NotSeen, TwilioAdmin
from sandbox.twilio.settings import DEFAULT_ACCOUNT_SID, DEFAULT_AUTH_TOKEN
from sandbox.twilio.simulator import TwilioSimulator

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[3]
READY = re.compile(r"sandbox\.twilio ready (http://127\.0\.0\.1:\d+)\n")
OURS, ANN = "+15550100000", "+15550100001"


def _start(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "sandbox.twilio", *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _url(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    match = READY.fullmatch(process.stdout.readline())
    assert match is not None
    return match[1]


@pytest.fixture
def sim() -> Iterator[TwilioSimulator]:
    with TwilioSimulator(clock_running=False) as running:
        yield running


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
def test_it_says_when_it_is_ready_and_ends_cleanly_on_a_signal(end: signal.Signals) -> None:
    process = _start("--port", "0")
    try:
        assert requests.get(_url(process), timeout=5).status_code == 200
        process.send_signal(end)
        rest = process.communicate(timeout=10)
    finally:
        process.kill()
    assert (process.returncode, *rest) == (0, "", "")


def test_a_taken_port_is_left_to_its_owner_and_another_one_used() -> None:
    with socket.create_server(("127.0.0.1", 0)) as owner:
        port = owner.getsockname()[1]
        process = _start("--port", str(port))
        try:
            url = _url(process)
            process.terminate()
            process.communicate(timeout=10)
        finally:
            process.kill()
    assert not url.endswith(f":{port}")


def test_it_plays_the_account_it_is_given() -> None:
    sid, key = "AC" + "1" * 32, "SK" + "2" * 32
    options = ["--account-sid", sid, "--auth-token", "t", "--api-key", key, "--api-secret", "s"]
    process = _start(*options, "--settings", '{"timings": {"receipt": 0}}')
    try:
        url = _url(process)
        address = f"{url}/2010-04-01/Accounts/{sid}/Messages.json"
        assert requests.get(address, auth=(sid, "t"), timeout=5).status_code == 200
        assert requests.get(address, auth=(key, "s"), timeout=5).status_code == 200
        wrong = (DEFAULT_ACCOUNT_SID, DEFAULT_AUTH_TOKEN)
        assert requests.get(address, auth=wrong, timeout=5).status_code == 401
        assert TwilioAdmin(url).settings()["timings"]["receipt"] == 0
        process.terminate()
        process.communicate(timeout=10)
    finally:
        process.kill()


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--port", "http"], "not a port"),
        (["--port", "70000"], "not a port"),
        (["--account-sid", "AC1"], "not AC and 32 hexadecimal digits"),
        (["--settings", "{"], "the body is not JSON"),
        (["--settings", '{"timings": {"lunch": 1}}'], "unknown timing"),
        (["--colour"], "unrecognized arguments"),
    ],
)
def test_a_mistake_on_the_command_line_is_one_line_and_status_2(
    arguments: list[str], reason: str
) -> None:
    process = _start(*arguments)
    out, err = process.communicate(timeout=10)
    assert (process.returncode, out, err.count("\n")) == (2, "", 1)
    assert reason in err


def test_the_page_shows_phones_and_escapes_everything(sim: TwilioSimulator) -> None:
    sim.admin.phone(ANN, name="Ann <b>Approver</b>")
    address = f"{sim.url}/2010-04-01/Accounts/{DEFAULT_ACCOUNT_SID}/Messages.json"
    form = {"To": ANN, "From": OURS, "Body": "<Say> & {{7*7}} \u202eevil"}
    auth = (DEFAULT_ACCOUNT_SID, DEFAULT_AUTH_TOKEN)
    assert requests.post(address, data=form, auth=auth, timeout=5).status_code == 201
    sim.admin.forward(10)
    page = requests.get(sim.url, timeout=5)
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "Ann &lt;b&gt;Approver&lt;/b&gt;" in page.text
    assert "&lt;Say&gt; &amp; {{7*7}}" in page.text
    assert "<b>" not in page.text
    assert "<Say>" not in page.text


def test_an_empty_sandbox_has_a_page_too(sim: TwilioSimulator) -> None:
    assert "No phone has been used yet" in requests.get(sim.url, timeout=5).text


def test_an_unknown_path_and_a_wrong_method_get_twilios_errors(sim: TwilioSimulator) -> None:
    unknown = requests.get(f"{sim.url}/2010-04-01/Nothing.json", timeout=5)
    assert (unknown.status_code, unknown.json()["code"]) == (404, 20404)
    wrong = requests.put(f"{sim.url}/_sandbox/clock", timeout=5)
    assert (wrong.status_code, wrong.json()["code"]) == (405, 20405)


def test_a_phone_that_does_not_show_what_was_expected_says_what_it_shows(
    sim: TwilioSimulator,
) -> None:
    with pytest.raises(NotSeen, match=r"no new SMS with \('4711',\); it shows \[\]"):
        sim.admin.phone(ANN).expect_sms("4711", within=0)


def test_the_clock_can_be_stopped_moved_and_let_run(sim: TwilioSimulator) -> None:
    before = sim.admin.now()
    assert sim.admin.now() == before
    sim.admin.forward(3600)
    moved = sim.admin.now()
    assert (moved - before).total_seconds() == 3600
    sim.admin.run_clock()
    assert sim.admin.now() > moved
    sim.admin.stop_clock()
    assert sim.admin.now() == sim.admin.now()


def test_each_text_is_expected_once(sim: TwilioSimulator) -> None:
    ann = sim.admin.phone(ANN)
    address = f"{sim.url}/2010-04-01/Accounts/{DEFAULT_ACCOUNT_SID}/Messages.json"
    auth = (DEFAULT_ACCOUNT_SID, DEFAULT_AUTH_TOKEN)
    form = {"To": ANN, "From": OURS, "Body": "Bill 4711"}
    requests.post(address, data=form, auth=auth, timeout=5)
    sim.admin.forward(10)
    with pytest.raises(NotSeen, match="unexpected"):
        ann.expect_no_more_sms()
    ann.expect_sms("bill", "4711", within=0)
    ann.expect_no_more_sms()
    with pytest.raises(NotSeen):
        ann.expect_sms("4711", within=0)
