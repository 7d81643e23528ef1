"""One more stage on the local AWS of a world: the same template, another company's ledger, phones.

As two stages of one account are: nothing is shared but the account. The models of this process
point at one stage at a time: `rebind` before looking at its tables.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from sandbox.aws.local import ROOT
from sandbox.aws.schedules import Schedules
from sandbox.aws.stack import Stack, deploy
from sandbox.intacct.server import IntacctSimulator
from sandbox.twilio.simulator import TwilioSimulator
from sandbox.world import PEOPLE, LocalWorld


class SecondStage(LocalWorld):
    """A world that is started on the AWS of another, which has to outlive it.

    `parameters` are those of its stack beside the ones every local stack has.
    """

    def __init__(self, stage: str, beside: LocalWorld, parameters: Mapping[str, str]) -> None:
        super().__init__()
        self.stage = stage
        self.aws = beside.aws
        self._parameters = dict(parameters)

    def _start(self) -> None:
        self._intacct_server = self._running.enter_context(IntacctSimulator())
        self._twilio_server = self._running.enter_context(TwilioSimulator())
        self.stack = self._deploy()
        self.rebind()
        self._store_secrets()
        self._publish()
        for person in PEOPLE:
            self.twilio.phone(person.phone, name=person.name)
        self.schedules = self._running.enter_context(Schedules(self.stack, self._minute))

    def _deploy(self) -> Stack:
        ours = {
            "Stage": self.stage,
            "Timings": json.dumps(self._timings),
            "IntacctEndpoint": self._intacct_server.url,
            "IntacctTrustedHost": "127.0.0.1",
            "TwilioBaseUrl": self._twilio_server.url,
        }
        given = ours | self._parameters
        name = f"ml-connector-{self.stage}"
        return deploy(self.aws, ROOT / "template.yaml", given, name=name)
