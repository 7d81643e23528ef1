"""Which caller the functions get from which secret."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from ml_connector.bootstrap.dispatching import DispatchContainer
from ml_connector.errors import ConfigurationError
from ml_connector.twilio.announce import AnnouncingCaller
from ml_connector.twilio.studio import StudioCaller

SECRET = {
    "account_sid": "AC" + "0" * 32,
    "auth_token": "t0ken",
    "from": "+353155501001",
}
FLOW = {"voice_flow": "FW" + "0" * 32}
DUBLIN = {"region": "ie1", "edge": "dublin"}


class Secrets:
    """A secret that may change between two reads."""

    def __init__(self, body: dict[str, str]) -> None:
        self.body = body

    def read(self, _name: str) -> dict[str, str]:
        return self.body


def container(secret: dict[str, str]) -> tuple[DispatchContainer, Secrets]:
    made, secrets = DispatchContainer(), Secrets(secret)
    given: dict[str, Any] = vars(made)
    given["secrets"] = secrets
    given["settings"] = SimpleNamespace(
        twilio_secret="ml-connector/dev/twilio",
        twilio_base_url="",
    )
    return made, secrets


@pytest.mark.parametrize(
    ("secret", "kind"),
    [
        (SECRET, AnnouncingCaller),
        ({**SECRET, **FLOW}, StudioCaller),
        ({**SECRET, **FLOW, **DUBLIN}, AnnouncingCaller),
    ],
    ids=["no flow", "a flow", "a region without confirmed voice"],
)
def test_calls_are_confirmed_where_a_flow_is_published_and_can_run(
    secret: dict[str, str], kind: type[object]
) -> None:
    made, _ = container(secret)
    assert type(made.caller) is kind


def test_texts_and_calls_share_one_connection_until_the_secret_changes() -> None:
    made, secrets = container(SECRET)
    before = made.twilio
    assert made.caller is before.caller
    assert made.messenger is before.messenger
    secrets.body = {**SECRET, **FLOW}
    assert isinstance(made.caller, StudioCaller)
    assert made.twilio.connection is not before.connection


def test_an_account_without_a_number_still_sends_texts() -> None:
    made, _ = container({**SECRET, "from": "ACME"})
    assert made.messenger
    assert isinstance(made.caller, AnnouncingCaller)


def test_a_secret_that_says_nothing_names_itself() -> None:
    made, _ = container({})
    with pytest.raises(ConfigurationError, match="ml-connector/dev/twilio is empty"):
        made.caller  # noqa: B018 - made when asked for
