"""The story: seven things that happen to bills, and what people have to see and hear of each.

Every outcome is looked for twice: on the phone, and in the tables.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from contextlib import suppress
from datetime import date, timedelta
from typing import Any

from rich.markup import escape

from ml_connector.domain.cases import CaseState
from ml_connector.domain.dispatches import Dispatch, DispatchState
from sandbox.demo.narrator import Narrator
from sandbox.intacct.client import Record
from sandbox.world import PEOPLE, LocalWorld

#: Real seconds. What should take three takes ten on a busy machine; nothing here proves speed.
SOON, LATER = 30.0, 60.0

#: Two failures and the try after them: enough to see that the waits grow.
FAILURES_SHOWN = 2

#: What the rule for large bills allows.
CALLS_A_STEP = 2


class Story:
    """The acts, in the order they are told."""

    def __init__(self, world: LocalWorld, narrator: Narrator) -> None:
        self._world = world
        self._tell = narrator
        self.first_bill: Record | None = None

    def run(self) -> None:
        """Tell it. Raises OutcomeMissingError naming the first outcome that was not seen."""
        acts: tuple[Callable[[], None], ...] = (
            self._delivered,
            self._switched_off,
            self._error_after_accepting,
            self._killed,
            self._called,
            self._not_answered,
            self._due_soon,
        )
        for act in acts:
            act()

    # --------------------------------------------------------------------------------- acts
    def _delivered(self) -> None:
        self._tell.act("1. A bill is submitted, and the approver's phone buzzes")
        due = date.today() + timedelta(days=8)  # noqa: DTZ011 - the company's own calendar
        bill = self._world.submit("V-100", "12500.00", "INV-4711", due)
        self.first_bill = bill
        self._tell.say("Intacct: bill INV-4711 of Baker Steel over USD 12,500.00 was submitted")
        self._on_screen("ann", "Baker Steel", "USD 12,500.00", "INV-4711")
        self._in_table(bill, DispatchState.DELIVERED, "delivered")
        self._once("ann")

    def _switched_off(self) -> None:
        self._tell.act("2. Phones that are off: one is retried, the other bill is approved")
        self._world.phone("bob").turn_off()
        self._world.phone("cho").turn_off()
        retried = self._world.submit("V-102", "7200.00", "INV-4712")
        approved = self._world.submit("V-101", "3000.00", "INV-4713")
        self._tell.say("Bob's and Cho's phones are off; a bill for each was submitted")
        self._approved_while_waiting(approved)
        self._retried_until_on(retried)
        self._silence(approved)

    def _approved_while_waiting(self, bill: Record) -> None:
        self._tell.expect(
            "INV-4713: undelivered, and a retry waits",
            lambda: self._states(bill) == [DispatchState.UNDELIVERED, DispatchState.WAITING],
            SOON,
        )
        self._world.intacct.approve(bill.recordno)
        self._tell.say("Intacct: INV-4713 was approved while the retry waits")

    def _retried_until_on(self, bill: Record) -> None:
        self._tell.expect(
            f"INV-4712: undelivered {FAILURES_SHOWN} times, each wait longer than the one before",
            lambda: self._failures_with_growing_waits(bill),
            LATER,
        )
        self._world.phone("bob").turn_on()
        self._tell.say("Bob's phone is on again")
        self._on_screen("bob", "Dune Logistics", "USD 7,200.00", "INV-4712", within=LATER)
        self._in_table(bill, DispatchState.DELIVERED, "delivered at last")
        self._tell.expect(
            "Bob's phone shows one text", lambda: len(self._world.phone("bob").inbox()) == 1, SOON
        )

    def _silence(self, bill: Record) -> None:
        # Off until then: on a slow machine a try may go out before a poll sees the approval.
        self._tell.expect(
            "INV-4713: the case is handled, the waiting retry was never sent",
            lambda: self._handled(bill) and self._states(bill)[-1:] == [DispatchState.NOT_SENT],
            LATER,
        )
        self._world.phone("cho").turn_on()
        self._tell.say("Cho's phone is on again")
        self._tell.expect(
            "Cho's phone stays silent", lambda: not self._world.phone("cho").inbox(), within=0
        )

    def _error_after_accepting(self) -> None:
        self._tell.act("3. Twilio answers 500 although it accepted the text")
        number = _number("dee")
        self._world.twilio.fault(
            "error_after", endpoint="messages.create", recipient=number, count=1
        )
        bill = self._world.submit("V-104", "1500.00", "INV-4714")
        self._tell.say("The next answer to a text for Dee will be an error after acceptance")
        self._on_screen("dee", "Fjord Energy", "USD 1,500.00", "INV-4714")
        self._found_again(bill)
        self._once("dee")

    def _killed(self) -> None:
        self._tell.act("4. The sending function is killed after Twilio accepted, before recording")
        number = _number("eli")
        fault = self._world.twilio.fault(
            "hold", endpoint="messages.create", recipient=number, count=1, seconds=20
        )
        bill = self._world.submit("V-107", "480.00", "INV-4715")
        self._tell.say("Twilio will accept the next text for Eli and keep its answer back")
        self._tell.expect(
            "Twilio accepted INV-4715 and is silent", lambda: self._accepted("eli") == 1, SOON
        )
        self._kill_senders()
        fault.lift()
        self._on_screen("eli", "Indigo Print", "USD 480.00", "INV-4715")
        self._found_again(bill)
        self._once("eli")

    def _called(self) -> None:
        self._tell.act("5. A large bill: the approver is called and confirms with a key press")
        self._world.phone("fay").will_press("1")
        bill = self._world.submit("V-100", "25000.00", "INV-4716", _far_off())
        self._tell.say("Intacct: bill INV-4716 over USD 25,000.00 was submitted; Fay will press 1")
        self._heard("fay", "25,000", "Baker Steel")
        self._in_table(bill, DispatchState.CONFIRMED, "confirmed")
        self._tell.expect(
            "INV-4716: the case is confirmed, by the word of the call and of its steps",
            lambda: self._confirmed(bill),
            SOON,
        )
        self._tell.expect(
            "Fay is not texted and her manager is not called: both steps were left out",
            lambda: self._left_out(bill) == [2, 3],
            LATER,
        )
        self._rang("fay", 1)

    def _not_answered(self) -> None:
        self._tell.act("6. Nobody answers: called again, texted, then the manager is called")
        self._world.phone("fay").behave("no_answer")
        self._world.phone("gil").will_press("1")
        bill = self._world.submit("V-101", "40000.00", "INV-4717", _far_off())
        self._tell.say("Fay's phone will ring out; Gil, her manager, will press 1")
        self._tell.expect(
            "Fay's phone rang twice more",
            lambda: len(self._world.phone("fay").calls()) == 1 + CALLS_A_STEP,
            LATER,
        )
        self._on_screen("fay", "USD 40,000.00", "INV-4717", within=LATER)
        self._heard("gil", "40,000", within=LATER)
        self._tell.expect("INV-4717: confirmed by the manager", lambda: self._confirmed(bill), SOON)

    def _due_soon(self) -> None:
        self._tell.act("7. A small bill that is due within two days is called as well")
        self._world.phone("hal").will_press("*", "1")
        due = date.today() + timedelta(days=1)  # noqa: DTZ011 - the company's own calendar
        bill = self._world.submit("V-104", "80.00", "INV-4718", due)
        self._tell.say("INV-4718 over USD 80.00 is due tomorrow; Hal asks to hear it again")
        self._heard("hal", "80", "Fjord Energy")
        self._tell.expect("INV-4718: confirmed", lambda: self._confirmed(bill), LATER)

    # ------------------------------------------------------------------------- expectations
    def _heard(self, person: str, *parts: str, within: float = SOON) -> None:
        def told() -> bool:
            calls = self._world.phone(person).calls()
            said = (" ".join(call.heard) for call in calls if call.answered)
            return any(all(part in words for part in parts) for words in said)

        self._tell.expect(f"{_name(person)} is called and hears {', '.join(parts)}", told, within)
        words = " ".join(self._world.phone(person).calls()[-1].heard)
        self._tell.say(f'   [cyan]"{escape(words)}"[/cyan]')

    def _rang(self, person: str, times: int) -> None:
        self._tell.expect(
            f"{_name(person)}'s phone rang {times} time{'s' if times > 1 else ''} in all",
            lambda: len(self._world.phone(person).calls()) == times,
            within=0,
        )

    def _confirmed(self, bill: Record) -> bool:
        entries = self._world.audit_entries(bill)
        ended = [entry.data for entry in entries if entry.kind == "dispatch.confirmed"]
        cases = self._world.cases(bill)
        witnessed = any(data["status"] == data["witness"] == "confirmed" for data in ended)
        return witnessed and [case.state for case in cases] == [CaseState.CONFIRMED]

    def _left_out(self, bill: Record) -> list[int]:
        found: list[Any] = [entry.data for entry in self._world.audit_entries(bill)]
        return [step["step"] for data in found for step in data.get("left_out", [])]

    def _on_screen(self, person: str, *parts: str, within: float = SOON) -> None:
        def shown() -> bool:
            inbox = self._world.phone(person).inbox()
            return any(all(part in text.body for part in parts) for text in inbox)

        self._tell.expect(f"{_name(person)}'s phone shows {', '.join(parts)}", shown, within)
        text = self._world.phone(person).inbox()[-1]
        self._tell.say(f'   [cyan]"{escape(text.body)}"[/cyan]')

    def _in_table(self, bill: Record, state: DispatchState, words: str) -> None:
        number = bill["RECORDID"]
        self._tell.expect(
            f"{number}: the table says {words}", lambda: self._states(bill)[-1:] == [state], SOON
        )

    def _found_again(self, bill: Record) -> None:
        number = bill["RECORDID"]
        self._tell.expect(
            f"{number}: the audit says unknown, then found in Twilio's list, then delivered",
            lambda: _in_order(
                self._world.audit_kinds(bill),
                ("dispatch.unknown", "dispatch.adopted", "dispatch.delivered"),
            ),
            LATER,
        )

    def _once(self, person: str) -> None:
        self._tell.expect(
            f"Twilio accepted exactly one text for {_name(person)}",
            lambda: self._accepted(person) == 1,
            within=0,
        )

    # ------------------------------------------------------------------------------- looking
    def _states(self, bill: Record) -> list[DispatchState]:
        return [dispatch.state for dispatch in self._world.dispatches(bill)]

    def _failures_with_growing_waits(self, bill: Record) -> bool:
        dispatches = self._world.dispatches(bill)
        failures = [d for d in dispatches if d.state is DispatchState.UNDELIVERED]
        waits = [_wait(d) for d in dispatches[1:]]
        return len(failures) >= FAILURES_SHOWN and waits == sorted(set(waits)) and len(waits) > 1

    def _handled(self, bill: Record) -> bool:
        cases = self._world.cases(bill)
        return bool(cases) and all(case.state is CaseState.HANDLED for case in cases)

    def _accepted(self, person: str) -> int:
        number = _number(person)
        return sum(create.recipient == number for create in self._world.twilio.accepted())

    def _kill_senders(self) -> None:
        pids = self._world.stack.worker_pids("SendFunction")
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._tell.say(f"Killed the send function: process {', '.join(map(str, pids)) or 'none'}")


def _far_off() -> date:
    """A due date that is nobody's worry yet."""
    return date.today() + timedelta(days=20)  # noqa: DTZ011 - the company's own calendar


def _wait(dispatch: Dispatch) -> timedelta:
    return dispatch.due_at - dispatch.created_at


def _in_order(kinds: list[str], wanted: tuple[str, ...]) -> bool:
    rest = iter(kinds)
    return all(kind in rest for kind in wanted)


def _number(person: str) -> str:
    return next(entry.phone for entry in PEOPLE if entry.id == person)


def _name(person: str) -> str:
    return next(entry.name for entry in PEOPLE if entry.id == person).split()[0]
