"""A machine that does anything, in any order, to the whole protocol over the store in memory.

The laws (`tests/support/laws.py`) are checked at every write; here is what holds in between and at
the end, when everything is calm.
"""

from __future__ import annotations

import re
from collections import defaultdict
from datetime import timedelta
from itertools import pairwise

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ml_connector.domain.audit import check
from ml_connector.domain.dispatches import DispatchState
from ml_connector.domain.plans import SMS_ATTEMPTS
from tests.support.faults import Fault
from tests.support.phones import GIVES_NO_RECEIPT, IS_GONE, Text
from tests.support.provider import Create
from tests.support.world import World

CRASHES = (
    "post",
    "ring",
    "read",
    "commit dispatch.claimed",
    "commit dispatch.sent",
    "commit dispatch.unknown",
    "commit dispatch.adopted",
    "commit dispatch.not_sent",
    "commit dispatch.undelivered",
    "commit document.seen",
    "commit quiet",
)
MOST_BILLS = 4
_BILL = re.compile(r"bill (N\d+)")


class Protocol(RuleBasedStateMachine):
    """One approver, up to four bills, and every way for things to go wrong."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.world.provider.list_delay = timedelta(seconds=170)
        self.world.baseline()
        self.open: list[str] = []
        self.approved: set[str] = set()

    # ------------------------------------------------------------------------- people
    @precondition(lambda self: len(self.open) < MOST_BILLS)
    @rule()
    def a_bill_is_submitted(self) -> None:
        name = f"N{len(self.open)}"
        self.world.ledger.submit(name)
        self.open.append(name)

    @precondition(lambda self: self.open)
    @rule(data=st.data())
    def a_bill_is_approved(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(self.open))
        if name not in self.approved:
            self.world.ledger.approve(name)
            self.approved.add(name)

    @rule(nature=st.sampled_from(["on", "off", "silent", "gone"]))
    def the_phone_changes(self, nature: str) -> None:
        phone = self.world.ann
        match nature:
            case "on":
                phone.turn_on()
            case "off":
                phone.turn_off()
            case "silent":
                phone.life = GIVES_NO_RECEIPT
            case _:
                phone.life = IS_GONE

    # ------------------------------------------------------------------------- time
    @rule(seconds=st.integers(min_value=1, max_value=400))
    def time_passes(self, seconds: int) -> None:
        self.world.clock.forward(seconds=seconds)

    @rule()
    def a_minute_begins(self) -> None:
        self.world.clock.forward(minutes=1)
        self.world.tick()

    @rule()
    def the_company_is_polled(self) -> None:
        self.world.poll()

    @rule()
    def statuses_are_checked(self) -> None:
        self.world.check()

    @rule(most=st.integers(min_value=1, max_value=3))
    def messages_are_delivered(self, most: int) -> None:
        self.world.deliver(most)

    @precondition(lambda self: self.world.tables.dispatches)
    @rule(data=st.data())
    def a_message_comes_twice(self, data: st.DataObject) -> None:
        dispatch = data.draw(st.sampled_from(sorted(self.world.tables.dispatches)))
        self.world.send(dispatch)

    # ------------------------------------------------------------------------- trouble
    @rule(create=st.sampled_from(list(Create)))
    def the_next_create_is_answered_with(self, create: Create) -> None:
        self.world.provider.answer_next(create, error_code=21211)

    @rule(point=st.sampled_from(CRASHES), before=st.booleans())
    def a_process_will_die(self, point: str, before: bool) -> None:
        after = Fault.KILLED_BEFORE if point == "read" else Fault.KILLED_AFTER
        self.world.faults.arrange(point, Fault.KILLED_BEFORE if before else after)

    @rule(point=st.sampled_from([x for x in CRASHES if x.startswith("commit")]))
    def a_reply_will_be_lost(self, point: str) -> None:
        self.world.faults.arrange(point, Fault.LOST_REPLY)

    @rule()
    def the_queue_loses_everything(self) -> None:
        self.world.queue.lose_everything()

    @rule(down=st.booleans())
    def the_lists_are_down_or_up(self, down: bool) -> None:
        self.world.provider.lists_down = down

    # ------------------------------------------------------------------------- always
    @invariant()
    def every_chain_verifies(self) -> None:
        tables = self.world.tables
        for case in tables.cases.values():
            assert check(self.world.audit.chain(case.chain), case.head) is None

    @invariant()
    def nothing_unsettled_is_forgotten(self) -> None:
        due = {dispatch_id for _, dispatch_id in self.world.tables.due}
        for dispatch in self.world.tables.dispatches.values():
            assert dispatch.state.settled or dispatch.id in due

    @invariant()
    def nothing_is_sent_twice(self) -> None:
        for texts in self._texts().values():
            for first, second in pairwise(texts):
                assert first.failed(second.accepted_at)

    @invariant()
    def the_budget_is_kept(self) -> None:
        for texts in self._texts().values():
            assert len(texts) <= SMS_ATTEMPTS

    def _texts(self) -> dict[str, list[Text]]:
        texts: dict[str, list[Text]] = defaultdict(list)
        for text in self.world.provider.log:
            found = _BILL.search(text.body)
            assert found
            texts[found[1]].append(text)
        return texts

    # ------------------------------------------------------------------------- at the end
    def teardown(self) -> None:
        world = self.world
        world.faults.calm()
        world.provider.lists_down = False
        world.ann.turn_on()
        world.run(hours=6)
        assert world.broken_chains() == []
        unsettled = (DispatchState.WAITING, DispatchState.SENDING, DispatchState.UNKNOWN)
        assert not [x for x in world.tables.dispatches.values() if x.state in unsettled]
        texts = self._texts()
        for bill in self.open:
            stopped = any(
                alert.stop_reason
                for case in world.tables.cases.values()
                if case.document == f"bill#{bill}"
                for alert in world.tables.alerts[case.id].values()
            )
            told = any(not text.failed(world.clock.now()) for text in texts[bill])
            assert told or stopped or bill in self.approved


Protocol.TestCase.settings = settings(max_examples=40, stateful_step_count=50, deadline=None)
TestProtocol = Protocol.TestCase
