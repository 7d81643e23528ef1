"""Polls Intacct: a tick starts one invocation per company that is due, each reads its company."""

import gc

# Imports make no garbage worth collecting; not looking for any saves an eighth of the cold start.
gc.disable()

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from ml_connector.bootstrap.polling import PollContainer
from ml_connector.errors import ConfigurationError, ConnectorError, QueueUnavailable
from ml_connector.usecases.due import companies_due
from ml_connector.usecases.poll import poll_company

container = PollContainer()
container.warm_up()

gc.freeze()
gc.enable()


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """A tick, or the poll of the company the event names."""
    telemetry = container.telemetry
    telemetry.begin(context.aws_request_id)
    container.begin(context)
    company = event.get("company")
    try:
        if not company:
            return _tick()
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
    due = companies_due(container.poll_ports)
    for company in due:
        try:
            container.invoker.start(company)
        except QueueUnavailable as error:
            # No company waits for another: this one's next chance is the next tick.
            container.telemetry.warning(
                "poll_not_started", company=company, reason=error.safe_message
            )
    return {"started": due}


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
