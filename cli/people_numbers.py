"""What Lookup says of the numbers an import brings."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from ml_connector.domain.approvers import LANDLINE
from ml_connector.errors import ConnectorError, DeliveryError
from ml_connector.twilio.lookup import LookedUp, TwilioLookup

from .deployment import Deployment
from .people_plan import Effect, Planned
from .telephony import NoTwilio, twilio


def look_up(
    planned: Iterable[Planned],
    deployment: Deployment,
    *,
    line_types: bool,
    working: Callable[[int], None] = lambda _: None,
) -> tuple[list[Planned], str]:
    """The plan with what Lookup says of new numbers, and why it says nothing where it does not.

    With `line_types` also the kind of line of every number it is not known of: that is charged.
    An import does not need Twilio: without it, or without an answer, the plan stays as it is.
    """
    plan = list(planned)
    wanted = [place for place, one in enumerate(plan) if _wanted(one, line_types=line_types)]
    if not wanted:
        return plan, ""
    try:
        with twilio(deployment) as account:
            lookup = TwilioLookup(account.connection)
            for done, place in enumerate(wanted):
                working(done)
                said = lookup.look_up(plan[place].after.phone, line_type=line_types)
                plan[place] = _with(plan[place], said)
    except NoTwilio:
        return plan, "no number was looked up: no Twilio credentials are stored yet"
    except DeliveryError as error:
        done = sum(1 for place in wanted if plan[place].looked_up)
        return plan, f"{done} of {len(wanted)} numbers were looked up: {error.safe_message}"
    except ConnectorError as error:
        return plan, f"no number was looked up: {error.safe_message}"
    return plan, ""


def _wanted(one: Planned, *, line_types: bool) -> bool:
    if not one.after.active or not one.after.phone:
        return False
    return one.new_number or (line_types and not one.after.line_type)


def _with(one: Planned, said: LookedUp) -> Planned:
    after = replace(one.after, line_type=said.line_type or one.after.line_type)
    one = replace(one, after=after, doubt=_doubt(said), looked_up=True)
    if one.effect is Effect.UNCHANGED and one.before and after.line_type != one.before.line_type:
        return replace(
            one,
            after=replace(after, version=one.before.version + 1),
            effect=Effect.CHANGED,
            fields=("line_type",),
        )
    return one


def _doubt(said: LookedUp) -> str:
    if not said.valid:
        return "Twilio knows no such number"
    if said.line_type == LANDLINE:
        return "a landline: calls only"
    if said.voip:
        return f"an internet telephone number ({said.line_type}): texts may not arrive"
    return ""
