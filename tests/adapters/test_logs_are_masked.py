"""The one filter before every log: whoever writes a line, nothing personal leaves with it."""

from __future__ import annotations

import io
import json
import logging
import os
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from ml_connector.domain.approvers import Approver
from ml_connector.domain.masking import Known
from ml_connector.errors import StoreUnavailable
from ml_connector.observability import FunctionTelemetry, Masking, Unexpected, plainly
from ml_connector.store.approvers import DynamoApproverStore
from sandbox.twilio.simulator import TwilioSimulator
from tests.adapters.twilio_world import OURS, TIMEOUT, fresh, sms
from tests.support.log_search import Needle, of_name, of_number, search
from tests.support.tables import REGION, connect, create_tables

ANN = Approver("ann", "Ánn Approver", "+15550100001", "salt")
PLANTED = "hunter2-hunter2"
SPELLINGS = (
    "+15550100001",
    "15550100001",
    "5550100001",
    "555-010-0001",
    "(555) 010-0001",
    "555.010.0001",
    "555 010 0001",
)


@pytest.fixture
def root() -> Iterator[io.StringIO]:
    """The root logger at DEBUG, with a handler as Lambda's runtime has one."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    logger, before = logging.getLogger(), logging.getLogger().level
    levels = {name: logging.getLogger(name).level for name in list(logger.manager.loggerDict)}
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    yield written
    logger.removeHandler(handler)
    logger.setLevel(before)
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


Start = Callable[[], FunctionTelemetry]


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Start:
    """Makes telemetry, in the test itself: what it writes to is decided then."""
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", f"test-{uuid.uuid4()}")
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "MlConnector")
    monkeypatch.setenv("POWERTOOLS_LOG_LEVEL", "INFO")
    return FunctionTelemetry


def everything(root: io.StringIO, capsys: pytest.CaptureFixture[str]) -> list[str]:
    return [*root.getvalue().splitlines(), *capsys.readouterr().out.splitlines()]


def hers() -> list[Needle]:
    return [*of_number(ANN.phone), *of_name(ANN.name)]


# --------------------------------------------------------------------------- what is masked
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_the_number_of_somebody_known_is_masked_however_it_is_written(spelling: str) -> None:
    known = Known()
    known.add(ANN.name, ANN.phone)
    line = json.dumps({"reason": f"no text to {spelling}, said Ánn Approver's phone"})
    assert search([line], hers()).hits
    masked = known.mask(line)
    assert search([masked], [Needle("number", spelling), *of_name(ANN.name)]).hits == ()
    assert json.loads(masked)["reason"].startswith("no text to ")


@pytest.mark.parametrize(
    "line",
    [
        "approver ann, dispatch scc5550100001aa, at 2026-11-23 05:55:50",
        "SM55501000015550100001555010000155",
        "request 8f14e45f-ceea-467f-a9f0-555010000123",
        "Approval of Annual report",
    ],
)
def test_ids_stay_readable(line: str) -> None:
    known = Known()
    known.add("Ann", ANN.phone)
    assert known.mask(line) == line


def test_whoever_has_no_name_and_no_number_hides_nothing() -> None:
    known = Known()
    known.add("", "")
    known.add("   ", "+1")
    assert known.mask("   and +1") == "   and +1"


def test_whoever_is_read_is_masked_from_then_on(
    start: Start,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    root: io.StringIO,
) -> None:
    telemetry = start()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        create_tables(boto3.client("dynamodb", region_name=REGION))
        connect(os.environ)
        store = DynamoApproverStore()
        store.put(ANN)
        assert store.everybody() == [ANN]
    telemetry.error("odd", reason=f"{ANN.name} at {SPELLINGS[4]}")
    logging.getLogger("somebody.else").warning("to %s, %s", ANN.name, ANN.phone)
    said = everything(root, capsys)
    assert len([line for line in said if "odd" in line]) == 1
    assert any("to [name], " in line for line in said)
    assert search(said, hers()).hits == ()


# ------------------------------------------------------------------- who writes it
def test_a_traceback_leaves_as_its_kind_and_place(start: Start, root: io.StringIO) -> None:
    start()
    nobody: dict[str, str] = {}
    try:
        nobody[f"{ANN.phone} {PLANTED}"]
    except KeyError:
        logging.getLogger("somebody.else").exception("went wrong")
    said = root.getvalue()
    assert "went wrong: KeyError in test_a_traceback_leaves_as_its_kind_and_place" in said
    assert search([said], [*hers(), Needle("secret", PLANTED)]).hits == ()


def test_libraries_asked_to_say_everything_say_nothing_of_what_they_send(
    start: Start, root: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    start()
    with mock_aws():
        client = boto3.client("secretsmanager", region_name="us-east-1")
        client.create_secret(Name="s", SecretString=PLANTED)
        assert client.get_secret_value(SecretId="s")["SecretString"] == PLANTED
    with TwilioSimulator() as simulator, fresh(simulator) as provider:
        messenger = provider.messenger(OURS)
        messenger.send_sms(sms(to=ANN.phone, body="Baker Steel waits"), TIMEOUT)
        assert list(messenger.list_to(ANN.phone, provider.now().replace(year=2000)))
    needles = [*hers(), Needle("secret", PLANTED), Needle("text", "Baker Steel")]
    assert search(everything(root, capsys), needles).hits == ()


def test_without_the_filter_the_same_lines_would_hold_it(root: io.StringIO) -> None:
    """The search finds what is there: nothing above is silent for another reason."""
    for handler in logging.getLogger().handlers:
        for each in [one for one in handler.filters if isinstance(one, Masking)]:
            handler.removeFilter(each)
    for name in ("botocore", "boto3"):
        logging.getLogger(name).setLevel(logging.DEBUG)
    with mock_aws():
        client = boto3.client("secretsmanager", region_name="us-east-1")
        client.create_secret(Name="s", SecretString=PLANTED)
    logging.getLogger("somebody.else").warning("to %s", ANN.phone)
    needles = [*of_number(ANN.phone), Needle("secret", PLANTED)]
    assert {needle.kind for needle, _ in search(root.getvalue().splitlines(), needles).hits} == {
        "numbers",
        "secret",
    }


# -------------------------------------------------------------------------- the handlers
def test_an_error_nobody_expected_leaves_a_handler_without_its_text() -> None:
    @plainly
    def handler(event: Any, context: Any) -> None:
        raise ValueError(f"{ANN.phone} {event} {context}")

    with pytest.raises(Unexpected) as raised:
        handler(PLANTED, None)
    assert str(raised.value).startswith("ValueError in handler, line ")
    assert raised.value.__cause__ is None
    assert raised.value.__context__ is None


def test_an_error_raised_on_purpose_leaves_as_it_is() -> None:
    @plainly
    def handler() -> None:
        raise StoreUnavailable("DynamoDB: throttled")

    with pytest.raises(StoreUnavailable, match="throttled"):
        handler()


# ---------------------------------------------------------------------- what a line is about
def test_a_line_says_what_all_lines_are_about_until_that_is_over(
    start: Start, capsys: pytest.CaptureFixture[str]
) -> None:
    telemetry = start()
    telemetry.concerning(case="c1", dispatch="d1")
    telemetry.event("one")
    telemetry.event("two", dispatch="d2")
    telemetry.begin("the next request")
    telemetry.event("three")
    one, two, three = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert (one["case"], one["dispatch"]) == ("c1", "d1")
    assert (two["case"], two["dispatch"]) == ("c1", "d2")
    assert "case" not in three
