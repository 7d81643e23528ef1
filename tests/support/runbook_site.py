"""A local world in which runbooks are carried out: alarms, phones, a shell for the pages."""

from __future__ import annotations

import itertools
import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from pynamodb.exceptions import PynamoDBException
from pynamodb.models import Model

from ml_connector.domain.dispatches import DispatchState
from ml_connector.errors import StoreUnavailable
from ml_connector.store import models
from sandbox.aws import wait
from sandbox.aws.alarms import Alarms
from sandbox.intacct.client import Record
from sandbox.intacct.world import USER_ID, USER_PASSWORD
from sandbox.world import LocalWorld, flow
from tests.support.runbook import Runbook
from tests.support.runbook_pages import text_of

#: Real seconds a minute of the alarms' periods lasts.
_ALARM_MINUTE = 2.0
#: How often they are evaluated, seconds.
_EVERY = 0.5
_WITHIN = 150.0
#: Settled, as far as anybody waits for it.
_ARRIVED = (DispatchState.DELIVERED, DispatchState.CONFIRMED)


class Site:
    """One world, looked at by whoever is on call."""

    def __init__(self, world: LocalWorld, folder: Path) -> None:
        self.world, self.folder = world, folder
        self._alarms = Alarms(world.stack, _ALARM_MINUTE, _EVERY).start()
        self._numbers = itertools.count(8001)
        secrets, outputs = world.aws.client("secretsmanager"), world.stack.outputs
        self._secrets = {
            name: str(secrets.get_secret_value(SecretId=outputs[name])["SecretString"])
            for name in ("IntacctSecretId", "TwilioSecretId")
        }

    # --------------------------------------------------------------------------------- pages
    def page(self, name: str, **words: str) -> Runbook:
        """A page to be carried out here."""
        return Runbook(name, self.world, self.folder, words)

    def verified(self) -> None:
        """The audit trail is whole, as the command says it."""
        page = self.page("restore")
        said = page.shell("ml-connector audit verify")
        assert "broken=0" in said, said
        assert page.status == 0, said

    # ---------------------------------------------------------------------------------- bills
    def submit(self, amount: str) -> Record:
        """A bill nobody is in a hurry about."""
        due = date.today() + timedelta(days=20)  # noqa: DTZ011 - the company's own calendar
        return self.world.submit("V-104", amount, f"R-{next(self._numbers)}", due)

    def accepted(self, bill: Record, person: str = "") -> list[str]:
        """The senders of the texts about it that Twilio accepted, for somebody or for all."""
        number = self.world.phone(person).number if person else ""
        return [
            one.sender
            for one in self.world.twilio.accepted()
            if bill["RECORDID"] in one.text and number in {"", one.recipient}
        ]

    def arrived(self, bill: Record) -> bool:
        """Whether somebody has it, as far as the tables say."""
        return any(dispatch.state in _ARRIVED for dispatch in self.world.dispatches(bill))

    def await_told_once(self, *bills: Record) -> None:
        """Until each has arrived; and each was accepted once."""
        for bill in bills:
            self.until(partial(self.arrived, bill), f"{bill['RECORDID']} to arrive")
        for bill in bills:
            assert len(self.accepted(bill)) == 1, bill["RECORDID"]

    def until(self, condition: Callable[[], object], what: str, within: float = _WITHIN) -> None:
        """Wait for something. A busy machine's table that does not answer is asked again."""

        def patiently() -> object:
            with suppress(StoreUnavailable, PynamoDBException):
                return condition()
            return None

        wait.until(patiently, what, timeout=within)

    # --------------------------------------------------------------------------------- alarms
    def await_alarm(self, alarm: str, page: str) -> None:
        """Until an alarm is raised. It names the page, or one whose text leads there."""
        self.until(lambda: self._alarms.states()[alarm] == "ALARM", f"{alarm} to be raised")
        described: Mapping[str, Any] = self.world.stack.resources("AWS::CloudWatch::Alarm")[alarm]
        named = str(described["AlarmDescription"]).strip().rpartition("Runbook: ")[2]
        assert named.startswith("docs/runbooks/"), named
        first = Path(named).stem
        leads = first == page or f"({page}.md" in text_of(first)
        assert leads, f"{named} does not lead to {page}"

    def raised(self, alarm: str) -> bool:
        """Whether it is raised now."""
        return self._alarms.states()[alarm] == "ALARM"

    def goes_on(self, alarm: str, seconds: float = 8.0) -> None:
        """It does not get well by itself: after some time the alarm is raised, still or again."""
        time.sleep(seconds)
        self.until(partial(self.raised, alarm), f"{alarm} to go on")

    @contextmanager
    def hurried(self, minute: float) -> Iterator[None]:
        """Alarms whose minute lasts so many seconds: for the one that looks back over a day."""
        self._alarms.stop()
        self._alarms = Alarms(self.world.stack, minute, _EVERY).start()
        try:
            yield
        finally:
            self._alarms.stop()
            self._alarms = Alarms(self.world.stack, _ALARM_MINUTE, _EVERY).start()

    def close(self) -> None:
        """Nobody watches any more."""
        self._alarms.stop()

    def await_calm(self, *alarms: str) -> None:
        """Until these are OK again by themselves, and stay it for a while."""
        for alarm in alarms:
            self.until(partial(self._calm, alarm), f"{alarm} to be OK again")

    def _calm(self, alarm: str) -> bool:
        return self.stays(lambda: not self.raised(alarm), 5.0)

    def stays(self, condition: Callable[[], object], seconds: float) -> bool:
        """Whether it is so all the time: nothing gets well by itself."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if not condition():
                return False
            time.sleep(0.5)
        return True

    # ------------------------------------------------------------------------------ functions
    def mend(self) -> None:
        """Nothing outside fails any more; credentials and flow are those of the beginning."""
        self.world.twilio.clear_faults()
        self.world.intacct.clear_faults()
        self.world.intacct.user(USER_ID, password=USER_PASSWORD, status="active")
        secrets, outputs = self.world.aws.client("secretsmanager"), self.world.stack.outputs
        for name, body in self._secrets.items():
            secrets.put_secret_value(SecretId=outputs[name], SecretString=body)
        self.world.flows.publish(flow(), now=datetime.now(UTC), by="site", reason="as it began")
        for function in ("PollFunction", "SendFunction", "StatusCheckFunction"):
            self.forget(function)

    def forget(self, function: str) -> None:
        """What five minutes do: the next run of a function asks for secrets and flow anew."""
        for pid in self.world.stack.worker_pids(function):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


@contextmanager
def runbook_site(folder: Path, timings: Mapping[str, float] | None = None) -> Iterator[Site]:
    """A world of its own. The tables another world bound in this process are bound again after."""
    bound = [
        (model, model.Meta.table_name, model._connection)
        for model in vars(models).values()
        if isinstance(model, type) and issubclass(model, Model) and model is not Model
        if hasattr(model, "Meta")
    ]
    try:
        with LocalWorld(timings=timings) as world, closing(Site(world, folder)) as site:
            world.await_first_poll(within=180.0)
            yield site
    finally:
        for model, name, connection in bound:
            model.Meta.table_name = name
            model._connection = connection
