"""What the alerts table holds of a person: what was sent to them, and what names them to others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from cli.console.failures import Failure
from cli.deployment import Deployment
from ml_connector.domain.approvers import Approver
from ml_connector.domain.dispatches import Dispatch
from ml_connector.domain.ids import dispatch_id
from ml_connector.domain.pricing import awaits_price

_DISPATCH, _CASE = "dispatch#", "case#"

Tick = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Belongings:
    """Texts and calls that hold something of a person.

    `sent` went to them, whatever is left in it; `about` went to others and names them.
    """

    sent: tuple[Dispatch, ...] = ()
    about: tuple[Dispatch, ...] = ()

    @property
    def under_way(self) -> tuple[Dispatch, ...]:
        """Those somebody still looks after: what they hold is needed until they are settled."""
        return tuple(each for each in (*self.sent, *self.about) if under_way(each))

    @property
    def left(self) -> tuple[Dispatch, ...]:
        """Those that still hold something."""
        addressed = [each for each in self.sent if each.text or each.to]
        return (*addressed, *(each for each in self.about if each.text))


def under_way(dispatch: Dispatch) -> bool:
    """Whether more may become of it than its price: it could be looked for, or tried again."""
    looked_after = dispatch.look_at is not None and not awaits_price(dispatch)
    return looked_after or not dispatch.state.settled


def belongings(deployment: Deployment, person: Approver, looked_at: Tick) -> Belongings:
    """Read all of it, through the whole table: nothing there is filed under people.

    `looked_at` is told how many items were. Raises Failure where something cannot be read.
    """
    sent: list[str] = []
    cases: list[str] = []
    for key in _keys(deployment, person, looked_at):
        if key.startswith(_DISPATCH):
            sent.append(key.removeprefix(_DISPATCH))
        elif key.startswith(_CASE):
            cases.append(key.removeprefix(_CASE))
    own = _read(deployment, list(dict.fromkeys(sent)))
    known = {each.id for each in own}
    others = [each for case in dict.fromkeys(cases) for each in _of_case(deployment, case)]
    return Belongings(own, tuple(each for each in others if each.id not in known))


def _keys(deployment: Deployment, person: Approver, looked_at: Tick) -> Iterator[str]:
    """The keys of what was made for a person, and of the cases that are about one."""
    pages = (
        deployment.client("dynamodb")
        .get_paginator("scan")
        .paginate(
            TableName=deployment.settings.alerts_table,
            ConsistentRead=True,
            ProjectionExpression="pk, #sk",
            FilterExpression=(
                "(#recipient = :id AND #sk = :dispatch) OR (#document = :chain AND #sk = :case)"
            ),
            ExpressionAttributeNames={
                "#recipient": "recipient",
                "#document": "document",
                "#sk": "sk",
            },
            ExpressionAttributeValues={
                ":id": {"S": person.id},
                ":chain": {"S": person.chain},
                ":dispatch": {"S": "dispatch"},
                ":case": {"S": "case"},
            },
        )
    )
    for page in pages:
        looked_at(int(page.get("ScannedCount", 0)))
        yield from (str(item["pk"]["S"]) for item in page["Items"])


def _of_case(deployment: Deployment, case_id: str) -> Iterator[Dispatch]:
    """Every try of a case's alerts: each has the next number, and the alert names the last."""
    file = deployment.alerts.case_file(case_id)
    for alert in file.alerts if file else ():
        sequence, ids = 1, [alert.dispatch] if alert.dispatch else []
        while deployment.alerts.dispatch(dispatch_id(alert.id, sequence)):
            ids.append(dispatch_id(alert.id, sequence))
            sequence += 1
        yield from _read(deployment, list(dict.fromkeys(ids)))


def _read(deployment: Deployment, ids: list[str]) -> tuple[Dispatch, ...]:
    found = deployment.alerts.dispatches(ids)
    unread = sorted(set(ids) - {each.id for each in found})
    if unread:
        raise Failure(
            f"{len(unread)} texts or calls cannot be read; a newer release wrote them: use that",
            unread,
        )
    return tuple(sorted(found, key=lambda each: (each.created_at, each.id)))
