"""A password that is changed while functions keep the old one costs one refused login, or none."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ml_connector.errors import SourceAuthError, SourceError
from ml_connector.intacct.client import IntacctClient
from ml_connector.intacct.credentials import Credentials
from ml_connector.intacct.functions import Query
from ml_connector.intacct.memory import MemoryCache, MemorySessionStore
from ml_connector.intacct.ports import HttpReply
from tests.unit.intacct_stage import (
    CREDENTIALS,
    ENDPOINT,
    FakeClock,
    Request,
    ScriptedGateway,
    rows,
    session,
    sign_in_failed,
)

OLD = replace(CREDENTIALS, version="old")
NEW = replace(CREDENTIALS, user_password="another-pass-word", version="new")
BILLS = Query("APBILL", ("RECORDNO",))


class Stage:
    """A gateway that takes one password, a store all processes share, and what is stored."""

    def __init__(self) -> None:
        self.stored: Credentials | None = OLD
        self.accepted = OLD.user_password
        self.sender_accepted = OLD.sender_password
        self.clock = FakeClock()
        self.sessions = MemorySessionStore()
        self.gateway = ScriptedGateway(self._answer)
        self.gateway.log_in = self._log_in
        self.refused = 0
        self.asked_secret = 0

    def process(self, credentials: Credentials = OLD) -> IntacctClient:
        """A function that read its secret some time ago."""
        return IntacctClient(
            credentials,
            ENDPOINT,
            "",
            self.sessions,
            MemoryCache(),
            http=self.gateway,
            clock=self.clock,
            sleep=self.clock.sleep,
            random=lambda: 0.5,
            renewed=self._read,
        )

    def _read(self) -> Credentials | None:
        self.asked_secret += 1
        return self.stored

    def _log_in(self, request: Request) -> HttpReply | SourceError:
        if request.root.findtext("operation/authentication/login/password") != self.accepted:
            self.refused += 1
            return sign_in_failed(request, "Sign-in information is incorrect")
        return session(request, f"session-{self.gateway.logins}")

    def _answer(self, request: Request) -> HttpReply | SourceError:
        if request.root.findtext("control/password") != self.sender_accepted:
            self.refused += 1
            return SourceAuthError("the sender's password is wrong")
        return rows(request, [])


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_a_login_is_made_with_the_password_that_is_stored_by_then(stage: Stage) -> None:
    process = stage.process()
    stage.stored, stage.accepted = NEW, NEW.user_password
    process.call(BILLS)
    assert (stage.refused, stage.gateway.logins) == (0, 1)
    assert process.credentials is NEW


def test_a_refused_login_is_held_until_the_secret_changes_and_no_longer(stage: Stage) -> None:
    process, other = stage.process(), stage.process()
    stage.accepted = NEW.user_password
    for each in (process, other, process, other):
        with pytest.raises(SourceAuthError):
            each.call(BILLS)
    assert stage.refused == 1
    stage.stored = NEW
    process.call(BILLS)
    other.call(BILLS)
    assert (stage.refused, stage.gateway.logins) == (1, 2)


def test_two_wrong_passwords_in_a_row_are_one_refused_login_each(stage: Stage) -> None:
    """Processes that remember different secrets must not take turns at the door."""
    first, second = stage.process(), stage.process()
    stage.accepted = "something else altogether"
    with pytest.raises(SourceAuthError):
        first.call(BILLS)
    stage.stored = NEW
    for each in (first, second, first, second):
        with pytest.raises(SourceAuthError):
            each.call(BILLS)
    assert stage.refused == 2


def test_a_new_password_of_the_sender_is_used_in_the_session_there_is(stage: Stage) -> None:
    process = stage.process()
    process.call(BILLS)
    stage.stored = replace(NEW, user_password=OLD.user_password, sender_password="changed-too")
    stage.sender_accepted = "changed-too"
    process.call(BILLS)
    assert (stage.refused, stage.gateway.logins) == (1, 1)


def test_a_secret_that_cannot_be_read_now_changes_nothing(stage: Stage) -> None:
    process = stage.process()
    stage.stored = None
    process.call(BILLS)
    assert process.credentials is OLD


def test_another_user_is_left_to_the_next_client(stage: Stage) -> None:
    process = stage.process()
    stage.stored = replace(NEW, user_id="somebody else")
    process.call(BILLS)
    assert process.credentials is OLD


def test_the_secret_is_not_asked_for_while_a_session_lasts(stage: Stage) -> None:
    process = stage.process()
    process.call(BILLS)
    before = stage.asked_secret
    for _ in range(5):
        process.call(BILLS)
    assert (before, stage.asked_secret) == (1, 1)
