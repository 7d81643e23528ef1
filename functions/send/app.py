"""Sends queued dispatches, each exactly once."""

import gc

# Imports make no garbage worth collecting; not looking for any saves an eighth of the cold start.
gc.disable()

from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    process_partial_response,
)
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from ml_connector.aws.queue import dispatch_in
from ml_connector.bootstrap.dispatching import DispatchContainer
from ml_connector.errors import ConfigurationError, ConnectorError
from ml_connector.observability import place_of, plainly
from ml_connector.usecases.send import send

container = DispatchContainer()
container.warm_up_sending()
processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)

gc.freeze()
gc.enable()


@plainly
def handler(event: dict[str, Any], context: LambdaContext) -> Mapping[str, Any]:
    """Handle a batch of queue messages; those that failed alone are delivered again."""
    telemetry = container.telemetry
    telemetry.begin(context.aws_request_id)
    container.begin(context)
    try:
        ports = container.dispatch_ports
    except ConfigurationError as error:
        # The store knows what is due and the status check rings again: nothing is lost by taking
        # the messages, and a dead-letter queue full of them would help nobody.
        telemetry.error("not_configured", reason=error.safe_message)
        return {"batchItemFailures": []}
    except ConnectorError as error:
        telemetry.error("send_broken", code=error.code, reason=error.safe_message)
        raise

    def one(record: SQSRecord) -> None:
        telemetry.concerning()
        try:
            dispatch_id = dispatch_in(record.body)
            telemetry.concerning(dispatch=dispatch_id)
            outcome = send(dispatch_id, ports, container.until(context))
        except ConnectorError as error:
            telemetry.error(
                "message_failed",
                message_id=record.message_id,
                code=error.code,
                reason=error.safe_message,
            )
            raise
        except Exception as error:
            # The batch gives the message back without a word, and its text may quote anything.
            telemetry.error(
                "message_failed",
                message_id=record.message_id,
                code=type(error).__name__,
                reason=place_of(error),
            )
            raise
        telemetry.event("message_done", dispatch=dispatch_id, outcome=outcome.value)

    try:
        return process_partial_response(
            event=event, record_handler=one, processor=processor, context=context
        )
    finally:
        telemetry.flush()
