"""Polls Intacct: a tick starts one invocation per company that is due, each reads its company.

At night a tick of another schedule has each company reconciled instead: is anything missing? On
Mondays a tick has each company's last week summarised as well.
"""

import gc

# Imports make no garbage worth collecting; not looking for any saves an eighth of the cold start.
gc.disable()

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from ml_connector.bootstrap.polling import PollContainer
from ml_connector.errors import (
    ConfigurationError,
    ConnectorError,
    QueueUnavailable,
    StoreError,
)
from ml_connector.observability import plainly
from ml_connector.usecases.due import companies_due
from ml_connector.usecases.poll import poll_company

#: What a tick at night has done for a company. Its code is loaded then: no poll waits for it.
RECONCILE = "reconcile"
#: What a tick on a Monday has done; the same holds.
SUMMARISE = "summarise"

container = PollContainer()
container.warm_up()

gc.freeze()
gc.enable()


@plainly
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """A tick, by day or by night, or what the event says is to be done for a company."""
    telemetry = container.telemetry
    telemetry.begin(context.aws_request_id)
    container.begin(context)
    company = event.get("company")
    try:
        if not company:
            return _nightly_tick() if event.get("trigger") == "nightly" else _tick()
        if event.get("task") == RECONCILE:
            return _reconcile(str(company), context)
        if event.get("task") == SUMMARISE:
            return _summarise(str(company), context)
        return _poll(str(company), context)
    except ConfigurationError as error:
        telemetry.error("not_configured", company=company, reason=error.safe_message)
        return {"outcome": "not_configured"}
    except ConnectorError as error:
        telemetry.error("poll_broken", company=company, code=error.code, reason=error.safe_message)
        raise
    finally:
        telemetry.flush()


def _tick() -> dict[str, Any]:
    started = _start(companies_due(container.poll_ports))
    if container.settings.summary_topic:
        _start_summaries()
    return started


def _start_summaries() -> None:
    """After the polls, which wait for nothing here."""
    from ml_connector.usecases.mondays import companies_to_summarise  # noqa: PLC0415 - see above

    try:
        _start(companies_to_summarise(container.poll_ports), SUMMARISE)
    except StoreError as error:
        container.telemetry.warning(
            "summaries_not_started", code=error.code, reason=error.safe_message
        )


def _nightly_tick() -> dict[str, Any]:
    from ml_connector.usecases.nightly import companies_to_reconcile  # noqa: PLC0415 - see above

    return _start(companies_to_reconcile(container.poll_ports), RECONCILE)


def _start(companies: list[str], task: str = "") -> dict[str, Any]:
    for company in companies:
        try:
            container.invoker.start(company, task)
        except QueueUnavailable as error:
            # No company waits for another: this one's next chance is the next tick.
            container.telemetry.warning(
                "poll_not_started", company=company, reason=error.safe_message
            )
    return {"started": companies}


def _poll(company: str, context: LambdaContext) -> dict[str, Any]:
    report = poll_company(company, container.poll_ports, container.until(context))
    summary: dict[str, str | float | None] = {
        "outcome": report.outcome,
        "bills": report.bills,
        "events": report.events,
        "alerts": report.alerts,
        "ended": report.ended,
        "transactions": report.transactions,
    }
    container.telemetry.event("polled", company=company, **summary)
    return summary


def _reconcile(company: str, context: LambdaContext) -> dict[str, Any]:
    from ml_connector.usecases.nightly import reconcile_company  # noqa: PLC0415 - see above

    report = reconcile_company(company, container.night_ports, container.until(context))
    summary: dict[str, str | float | None] = {
        "outcome": report.outcome,
        "rows": report.rows,
        "unexplained": report.unexplained,
        "unreadable": report.unreadable,
        "transactions": report.transactions,
    }
    container.telemetry.event("reconciled", company=company, **summary)
    return summary


def _summarise(company: str, context: LambdaContext) -> dict[str, Any]:
    from ml_connector.usecases.summaries import summarise  # noqa: PLC0415 - see above

    outcome = summarise(company, container.summary_ports, container.until(context))
    container.telemetry.event("summarised", company=company, outcome=outcome)
    return {"outcome": outcome}
