"""Who may ask what: the functions by their roles, and people by the policies made for them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tests.behaviour.least_privilege import requests as r
from tests.behaviour.least_privilege.asking import ALLOWED, REFUSED, Place, Principals, outcome
from tests.behaviour.least_privilege.requests import Request


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    who: str
    request: Request
    expected: str

    def __str__(self) -> str:
        return f"{self.who} {self.request} {self.expected}"

    def asked(self, principals: Principals, place: Place) -> str:
        """What the local AWS says to it."""
        return outcome(
            lambda: self.request.make(lambda name: principals.client(self.who, name), place)
        )


FUNCTIONS = ("Poll", "Send", "StatusCheck")
PEOPLE = ("Operator", "RuleEditor", "Auditor")

#: What no function may do, and nobody of the people: cover tracks, get more rights, break things.
NOBODY = (
    r.delete("Audit"),
    r.update("Audit"),
    r.delete_in_a_batch("Audit"),
    r.delete_table("Audit"),
    r.delete("Alerts"),
    r.delete("Documents"),
    r.delete("Approvers"),
    r.read_anothers_secret(),
    r.delete_secret("Intacct"),
    r.decrypt(),
    r.data_key(),
    r.delete_key(),
    r.delete_root(),
    r.unlock_root(),
    r.purge("Alerts"),
    r.invoke("Send"),
    r.replace_code("Send"),
    r.create_user(),
    r.widen_role("Send"),
    r.take_on("Send"),
    r.publish(),
    r.silence_alarm(),
    r.stop_schedule("Poll"),
    r.delete_log("Send"),
    r.delete_stack(),
)
#: And no function besides.
NO_FUNCTION = (
    r.put("Flows"),
    r.update("Flows"),
    r.put("Approvers"),
    r.get("Audit"),
    r.scan("Audit"),
    r.write_secret("Intacct"),
    r.write_secret("Twilio"),
    r.read_root(),
    r.list_roots(),
    r.put_beside_roots(),
    r.send("AlertsDlq"),
    r.invoke("StatusCheck"),
)

#: Beyond that: what each is for, and what is another's.
MAY = {
    "Poll": (
        r.read_secret("Intacct"),
        r.get("Sessions"),
        r.put("Sessions"),
        r.update("Sessions"),
        r.put("Documents"),
        r.update("Documents"),
        r.query("Documents", index="open"),
        r.put("Alerts"),
        r.update("Alerts"),
        r.put("Audit"),
        r.query("Audit"),
        r.get("Flows"),
        r.scan("Approvers"),
        r.send("Alerts"),
        r.send("PollDlq"),
        r.invoke("Poll"),
        r.write_log("Poll"),
    ),
    "Send": (
        r.read_secret("Twilio"),
        r.get("Documents"),
        r.put("Alerts"),
        r.update("Alerts"),
        r.put("Audit"),
        r.query("Audit"),
        r.get("Approvers"),
        r.update("Approvers"),
        # What Lambda takes from the queue, it takes in this role's name.
        r.receive("Alerts"),
        r.delete_message("Alerts"),
        r.measure("Alerts"),
        r.write_log("Send"),
    ),
    "StatusCheck": (
        r.read_secret("Twilio"),
        r.get("Documents"),
        r.scan("Documents"),
        r.update("Alerts"),
        r.query("Alerts", index="due", key="due_shard"),
        r.scan("Alerts"),
        r.put("Audit"),
        r.scan("Approvers"),
        r.update("Approvers"),
        r.send("Alerts"),
        r.invoke("Poll"),
        r.put_root(),
        r.write_log("StatusCheck"),
    ),
    "Schedule": (r.invoke("Poll"), r.invoke("StatusCheck"), r.send("ScheduleDlq")),
    "Operator": (
        r.describe_stack(),
        r.read_secret("Intacct"),
        r.read_secret("Twilio"),
        r.scan("Documents"),
        r.update("Documents"),
        r.update("Alerts"),
        r.put("Approvers"),
        r.query("Audit"),
        r.put("Audit"),
        r.receive("AlertsDlq"),
        r.delete_message("AlertsDlq"),
        r.measure("PollDlq"),
        r.send("Alerts"),
    ),
    "RuleEditor": (
        r.describe_stack(),
        r.put("Flows"),
        r.update("Flows"),
        r.query("Flows"),
        r.scan("Approvers"),
        r.put("Audit"),
    ),
    "Auditor": (
        r.describe_stack(),
        r.scan("Audit"),
        r.query("Audit"),
        r.scan("Documents"),
        r.scan("Alerts"),
        r.scan("Approvers"),
        r.list_roots(),
        r.read_root(),
    ),
}
MAY_NOT = {
    "Poll": (
        r.read_secret("Twilio"),
        r.update("Approvers"),
        r.delete("Sessions"),
        r.scan("Alerts"),
        r.scan("Documents"),
        r.receive("Alerts"),
        r.delete_message("Alerts"),
        r.put_root(),
        r.write_log("Send"),
    ),
    "Send": (
        r.read_secret("Intacct"),
        r.get("Sessions"),
        r.put("Documents"),
        r.update("Documents"),
        r.scan("Approvers"),
        r.scan("Alerts"),
        r.send("Alerts"),
        r.receive("AlertsDlq"),
        r.invoke("Poll"),
        r.put_root(),
        r.write_log("Poll"),
    ),
    "StatusCheck": (
        r.read_secret("Intacct"),
        r.get("Sessions"),
        r.put("Documents"),
        r.update("Documents"),
        r.receive("Alerts"),
        r.delete_message("Alerts"),
        r.write_log("Send"),
    ),
    "Schedule": (
        r.invoke("Send"),
        r.send("Alerts"),
        r.read_secret("Twilio"),
        r.get("Approvers"),
        r.decrypt(),
    ),
    "Operator": (
        r.put("Flows"),
        r.update("Flows"),
        r.get("Sessions"),
        r.put("Documents"),
        r.read_root(),
        r.list_roots(),
        r.put_root(),
        r.receive("Alerts"),
        r.purge("AlertsDlq"),
        r.invoke("Poll"),
    ),
    "RuleEditor": (
        r.read_secret("Intacct"),
        r.read_secret("Twilio"),
        r.write_secret("Twilio"),
        r.query("Audit"),
        r.scan("Audit"),
        r.scan("Alerts"),
        r.scan("Documents"),
        r.update("Documents"),
        r.put("Approvers"),
        r.update("Approvers"),
        r.send("Alerts"),
        r.receive("AlertsDlq"),
        r.read_root(),
    ),
    "Auditor": (
        r.read_secret("Intacct"),
        r.read_secret("Twilio"),
        r.write_secret("Intacct"),
        r.put("Audit"),
        r.put("Flows"),
        r.update("Documents"),
        r.update("Alerts"),
        r.put("Approvers"),
        r.send("Alerts"),
        r.receive("AlertsDlq"),
        r.put_root(),
        r.get("Sessions"),
    ),
}


def _rows() -> Iterator[Row]:
    for who in (*FUNCTIONS, "Schedule", *PEOPLE):
        refused: list[Request] = [*MAY_NOT[who]]
        refused += NOBODY if who != "Schedule" else ()
        refused += NO_FUNCTION if who in FUNCTIONS else ()
        for expected, requests in ((ALLOWED, MAY[who]), (REFUSED, refused)):
            yield from (Row(who, request, expected) for request in requests)


ROWS = tuple(_rows())


def table(answers: Iterable[tuple[Row, str]]) -> list[str]:
    """The rows and what was said to them, as text; what was not expected stands out."""
    cells = [
        (
            row.who,
            row.request.action,
            row.request.about,
            said + ("" if said == row.expected else " !"),
        )
        for row, said in answers
    ]
    widths = [max(len(line[column]) for line in cells) for column in range(4)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in cells
    ]
