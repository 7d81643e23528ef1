"""Learns what became of messages, tries failures again, and repairs what got stuck."""

import gc

# Imports make no garbage worth collecting; not looking for any saves an eighth of the cold start.
gc.disable()

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from ml_connector.bootstrap.dispatching import DispatchContainer
from ml_connector.bootstrap.rooting import RootKeeper
from ml_connector.errors import ConfigurationError, ConnectorError
from ml_connector.observability import plainly
from ml_connector.usecases.check_status import check_status

container = DispatchContainer()
container.warm_up()
roots = RootKeeper(container)

gc.freeze()
gc.enable()


@plainly
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001
    """Look after everything that is due for a look. The event is a tick and carries nothing."""
    telemetry = container.telemetry
    telemetry.begin(context.aws_request_id)
    container.begin(context)
    try:
        report = check_status(container.dispatch_ports, container.until(context))
        # Last, in what is left of the time: nobody waits for it.
        roots.go_on(container.until(context))
    except ConfigurationError as error:
        telemetry.error("not_configured", reason=error.safe_message)
        return {"outcome": "not_configured"}
    except ConnectorError as error:
        telemetry.error("status_check_broken", code=error.code, reason=error.safe_message)
        raise
    finally:
        telemetry.flush()
    summary: dict[str, str | float | None] = {
        "looked_at": report.looked_at,
        "settled": report.settled,
        "reconciled": report.reconciled,
        "rung": report.rung,
        "bundled": report.bundled,
        "stepped": report.stepped,
        "replies": report.replies,
        "blanked": report.blanked,
        "left": report.left,
    }
    telemetry.event("status_checked", **summary)
    return summary
