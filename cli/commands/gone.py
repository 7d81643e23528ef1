"""`ml-connector alerts gone`: bills that polls doubt were deleted, and that were."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from cli.alerts.vanished import in_doubt, say_gone
from cli.alerts.words import ago, count
from cli.commands.alerts import LONGEST_REASON
from cli.console.asking import confirm
from cli.console.failures import FAILED, Failure, Misused
from cli.console.options import AsJson, Profile, Region, Stack, Stage, Yes
from cli.console.reasons import Reason, asked_for
from cli.console.terminal import Printer, table
from cli.deployment import Deployment, Target
from ml_connector.domain.instants import to_text


def gone(
    company: Annotated[
        str, typer.Option(help="The company, by its key in the flow.", show_default=False)
    ],
    reason: Reason = "",
    yes: Yes = False,
    stage: Stage = "dev",
    stack: Stack = "",
    profile: Profile = "",
    region: Region = "",
    as_json: AsJson = False,
) -> None:
    """Say that waiting bills were deleted, where so many are gone that polls doubt it.

    The next poll ends their cases, but for those that Intacct shows to it. Who said so and why is
    in the audit of each bill.
    """
    printer = Printer(as_json=as_json)
    if yes and not reason.strip():
        raise Misused("--yes needs --reason: the audit has to say why")
    deployment = Deployment(Target(stage, stack, profile, region))
    _check_company(deployment, company)
    found, now = in_doubt(deployment, company), datetime.now(UTC)
    if not found:
        printer.result({"ok": True, "said_gone": []}, f"No bill of {company} is in doubt.")
        return
    if not as_json:
        rows = (
            (one.number, one.vendor_name, str(one.amount), ago(one.absent_since or now, now))
            for one in found
        )
        headings = ("bill", "vendor", "amount", "not seen since")
        printer.show(table(f"Waiting bills that {company} shows no more", headings, rows))
    question = f"Were {count(len(found), 'bill')} deleted in Intacct?"
    if not confirm(question, yes=yes):
        printer.result({"ok": False, "said_gone": []}, "Nothing was changed.")
        raise typer.Exit(FAILED)
    why = (reason.strip() or asked_for())[:LONGEST_REASON]
    said = say_gone(deployment, company, {one.id for one in found}, deployment.caller(), why)
    printer.result(
        {
            "ok": True,
            "said_gone": [
                {"bill": one.id, "absent_since": to_text(one.absent_since or now)} for one in said
            ],
        },
        f"{count(len(said), 'bill')}: the next poll ends what was told of them.",
    )


def _check_company(deployment: Deployment, wanted: str) -> None:
    flow = deployment.flows.current()
    keys = [company.key for company in flow.companies] if flow else []
    if wanted not in keys:
        known = ", ".join(keys) or "none"
        raise Failure(f"no company {wanted!r} in the flow; there are: {known}")
