"""The company of the cost count: an AWS in this process, both simulators, and the containers."""

from __future__ import annotations

import json
import logging
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any, Self

import boto3
from moto import mock_aws

from bench.cost_counts import (
    ALERTS,
    BILLS,
    COMPANY,
    FLOW,
    MINUTES,
    PRICE_HOURS,
    WAITING,
    Counts,
    HandClock,
    Meter,
    begun,
    environment,
)
from ml_connector.aws.queue import dispatch_in
from ml_connector.bootstrap.dispatching import DispatchContainer
from ml_connector.bootstrap.polling import PollContainer
from ml_connector.domain.approvers import Approver
from ml_connector.usecases.check_status import check_status
from ml_connector.usecases.due import companies_due
from ml_connector.usecases.nightly import reconcile_company
from ml_connector.usecases.poll import poll_company
from ml_connector.usecases.send import send
from sandbox.intacct import (
    COMPANY_ID,
    SENDER_ID,
    SENDER_PASSWORD,
    USER_ID,
    USER_PASSWORD,
    IntacctSimulator,
    Recipe,
)
from sandbox.twilio.settings import DEFAULT_ACCOUNT_SID, DEFAULT_AUTH_TOKEN
from sandbox.twilio.simulator import TwilioSimulator
from tests.support.tables import REGION, RESOURCES, create_tables

_INTACCT = {
    "sender_id": SENDER_ID,
    "sender_password": SENDER_PASSWORD,
    "companies": {
        COMPANY: {"company_id": COMPANY_ID, "user_id": USER_ID, "user_password": USER_PASSWORD}
    },
}
_TWILIO = {"account_sid": DEFAULT_ACCOUNT_SID, "auth_token": DEFAULT_AUTH_TOKEN}


class Stage:
    """A context manager: everything is started, and ends with it."""

    def __enter__(self) -> Self:
        self._running = ExitStack()
        try:
            self._start()
        except BaseException:
            self._running.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._running.close()

    def _start(self) -> None:
        enter = self._running.enter_context
        self._intacct = enter(IntacctSimulator(Recipe(bills=BILLS, waiting=WAITING)))
        self._twilio = enter(TwilioSimulator(clock_running=False))
        enter(environment(self._variables()))
        enter(mock_aws())
        create_tables(boto3.client("dynamodb"))
        secrets, queues = boto3.client("secretsmanager"), boto3.client("sqs")
        sender = self._twilio.admin.settings()["numbers"][0]
        for name, body in (("intacct", _INTACCT), ("twilio", {**_TWILIO, "from": sender})):
            secrets.create_secret(Name=name, SecretString=json.dumps(body))
        self._queue = queues.create_queue(QueueName="alerts")["QueueUrl"]
        enter(environment({"ALERTS_QUEUE_URL": self._queue}))
        self.clock, self.meter = HandClock(), Meter()
        self._poll, self._check = PollContainer(), DispatchContainer()
        for container in (self._poll, self._check):
            container.clock = self.clock  # type: ignore[assignment]
            self.meter.watch(container._botocore)
            container.telemetry.begin("bench")
            self.meter.listen(logging.getLogger("bench"))
        self._fill()

    def _variables(self) -> dict[str, str]:
        return {
            **RESOURCES,
            "STAGE": "bench",
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",  # nosec B105 # made up
            "AWS_DEFAULT_REGION": REGION,
            "AWS_LAMBDA_FUNCTION_NAME": "bench-poll",
            "INTACCT_SECRET": "intacct",  # nosec B105 # the name of the secret
            "TWILIO_SECRET": "twilio",  # nosec B105 # the name of the secret
            "INTACCT_ENDPOINT": self._intacct.url,
            "INTACCT_TRUSTED_HOST": "127.0.0.1",
            "TWILIO_BASE_URL": self._twilio.url,
            "FUNCTION_TIMEOUT_SECONDS": "60",
            "POWERTOOLS_SERVICE_NAME": "bench",
            "POWERTOOLS_METRICS_NAMESPACE": "MlConnector",
        }

    def _fill(self) -> None:
        self._poll.flows.publish(FLOW, now=datetime.now(UTC), by="bench", reason="")
        for place in range(ALERTS):
            phone = f"+1555010{place + 100:04d}"
            self._twilio.admin.phone(phone)
            person = Approver(f"p{place}", f"Person {place}", phone, "salt")
            self._poll.approvers.put(person)

    # ------------------------------------------------------------------------- the stages
    def counts(self) -> dict[str, Counts]:
        """Every stage once, on a company that has been watched for a while."""
        self._polled()
        self._later(minutes=2)
        for _ in range(2):
            self._polled()
            self._checked()
            self._later(minutes=2)
        found = {
            "poll tick": self.meter.stage(self._tick),
            "idle poll": self.meter.stage(self._polled),
            "status tick": self.meter.stage(self._checked),
        }
        found["alert"] = self._alerts(found["idle poll"], found["status tick"])
        self._later(hours=8)
        self._polled()
        found["night"] = self.meter.stage(self._night)
        return found

    def _alerts(self, poll: Counts, tick: Counts) -> Counts:
        """Bills that are submitted, told of, delivered, priced and approved: the cost of one."""
        admin = self._intacct.admin
        numbers = [
            int(admin.create_bill("V-100", f"{place}500.00", submit=True)["RECORDNO"])
            for place in range(ALERTS)
        ]

        def everything() -> None:
            self._polled()
            self._delivered()
            for _ in range(MINUTES):
                self._later(minutes=1)
                self._checked()
                self._delivered()
            self._later(hours=PRICE_HOURS)
            self._checked()
            for number in numbers:
                admin.approve(number)
            self._polled()

        spent = self.meter.stage(everything)
        sent = len(self._twilio.admin.accepted())
        if sent != ALERTS:
            raise ValueError(f"{sent} texts were sent for {ALERTS} bills")
        return spent.less(poll, 2).less(tick, MINUTES + 1).each(ALERTS)

    def _later(self, **amount: float) -> None:
        before = self.clock.now()
        self.clock.forward(**amount)
        self._twilio.admin.forward((self.clock.now() - before).total_seconds())

    def _tick(self) -> None:
        self._say(self._poll)
        companies_due(self._poll.poll_ports)

    def _polled(self) -> None:
        until = self._say(self._poll)
        report = poll_company(COMPANY, self._poll.poll_ports, until)
        self._poll.telemetry.event("polled", company=COMPANY, outcome=report.outcome)
        self._poll.telemetry.flush()
        if report.outcome != "polled":
            raise ValueError(f"a poll ended {report.outcome}")

    def _checked(self) -> None:
        until = self._say(self._check)
        check_status(self._check.dispatch_ports, until)
        self._check.telemetry.event("status_checked", looked_at=0, settled=0)
        self._check.telemetry.flush()

    def _delivered(self) -> None:
        """What the queue holds is handed to the send function, in batches as Lambda's."""
        while messages := self._received():
            until = self._say(self._check)
            for message in messages:
                dispatch = dispatch_in(message["Body"])
                outcome = send(dispatch, self._check.dispatch_ports, until)
                self._check.telemetry.event(
                    "message_done", dispatch=dispatch, outcome=outcome.value
                )
            self._check.telemetry.flush()

    def _received(self) -> list[Any]:
        client = boto3.client("sqs")
        found = client.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=10)
        messages: list[Any] = found.get("Messages", [])
        for message in messages:
            client.delete_message(QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"])
        return messages

    def _night(self) -> None:
        until = self._say(self._poll)
        report = reconcile_company(COMPANY, self._poll.night_ports, until)
        if (report.outcome, report.unexplained) != ("reconciled", 0):
            raise ValueError(f"a night ended {report.outcome}, {report.unexplained} unexplained")

    @staticmethod
    def _say(container: Any) -> Any:  # noqa: ANN401 - one of the containers
        container.telemetry.begin("bench")
        return begun(container)
