"""Every error the connector raises on purpose.

::

    ConnectorError
    ├── ConfigurationError             names the variable, secret or rule
    ├── SourceError                    Intacct
    │   ├── SourceAuthError            alarm; never in a loop
    │   ├── SourceUnavailable          retryable; maintenance included
    │   ├── SourceRateLimited          retryable; carries retry_after
    │   ├── SourceRejected             fatal for this query; errorno, support id
    │   └── SourceProtocolError        malformed or hostile XML
    ├── DeliveryError                  Twilio
    │   ├── DeliveryTransient          delay, then the next step
    │   │   └── DeliveryNotSent        not a byte left us: retry at once
    │   ├── DeliveryRejected           permanent: next step now
    │   ├── DeliveryBlocked            account or configuration: stop, alarm
    │   └── DeliveryOutcomeUnknown     reconcile, never re-send blindly
    ├── StoreError                     DynamoDB
    │   ├── StoreConflict              read back: mine means success, another's is dropped quietly
    │   └── StoreUnavailable           throttled or unreachable: try again later
    │       └── StoreRefused           no policy allows it: waiting does not help, a policy does
    ├── SecretUnavailable              Secrets Manager or KMS: try again later
    ├── QueueUnavailable               SQS: the status check rings again
    ├── OutOfTime                      the function's time is over: the queue brings it back
    ├── MessageMalformed               a queue message nobody can act on: dead-letter queue
    └── RecordInvalid                  skip this record, keep the page

`safe_message` holds no secrets, names or phone numbers and may be logged; `str()` of an error is
the same text. What a provider said verbatim stays out of both.
"""

from __future__ import annotations


class ConnectorError(Exception):
    """Base of all errors raised on purpose: a stable code, and whether trying again can help."""

    code = "connector_error"
    retryable = False

    def __init__(self, safe_message: str) -> None:
        super().__init__(safe_message)
        self.safe_message = safe_message


class ConfigurationError(ConnectorError):
    """A setting, secret or rule is missing or wrong; the message names it and what to do."""

    code = "configuration"


# ------------------------------------------------------------------------------- Intacct
class SourceError(ConnectorError):
    """Reading Intacct failed. The next poll covers it: no alert fails because Intacct did."""

    code = "source"

    def __init__(
        self, safe_message: str, *, errorno: str | None = None, support_id: str | None = None
    ) -> None:
        super().__init__(safe_message)
        self.errorno = errorno
        self.support_id = support_id


class SourceAuthError(SourceError):
    """Sign-in refused. Alarm and back off for long: accounts lock."""

    code = "source_auth"


class SourceUnavailable(SourceError):
    """The gateway is down, in maintenance, or cut the reply short."""

    code = "source_unavailable"
    retryable = True


class SourceRateLimited(SourceError):
    """All concurrency slots of the company are taken; `retry_after` in seconds when told."""

    code = "source_rate_limited"
    retryable = True

    def __init__(self, safe_message: str, *, retry_after: float | None = None) -> None:
        super().__init__(safe_message, errorno="GW-0010")
        self.retry_after = retry_after


class SourceRejected(SourceError):
    """The gateway understood and refused: permission, unknown field, wrong object."""

    code = "source_rejected"


class SourceProtocolError(SourceError):
    """The reply is not what the gateway promises, or is hostile XML."""

    code = "source_protocol"


# -------------------------------------------------------------------------------- Twilio
class DeliveryError(ConnectorError):
    """Sending failed or may have; `provider_code` is Twilio's error code when it gave one."""

    code = "delivery"

    def __init__(
        self,
        safe_message: str,
        *,
        provider_code: int | None = None,
        http_status: int | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(safe_message)
        self.provider_code = provider_code
        self.http_status = http_status
        self.retry_after = retry_after


class DeliveryTransient(DeliveryError):
    """Twilio certainly did not process it (429): try again after `retry_after` seconds."""

    code = "delivery_transient"
    retryable = True


class DeliveryNotSent(DeliveryTransient):
    """Not a byte of the request left us (DNS, connect, TLS): safe to try again at once."""

    code = "delivery_not_sent"


class DeliveryBusy(DeliveryTransient):
    """A call from us to this number is going on: `conflicting_sid` names it, where Twilio did.

    Nothing was started. If the call is this dispatch's own, it is to be adopted.
    """

    code = "delivery_busy"

    def __init__(self, safe_message: str, *, conflicting_sid: str = "") -> None:
        super().__init__(safe_message, http_status=409)
        self.conflicting_sid = conflicting_sid


class DeliveryRejected(DeliveryError):
    """Permanent for this recipient on this channel: go on to the next step now."""

    code = "delivery_rejected"


class DeliveryBlocked(DeliveryError):
    """Account or configuration: nobody can be reached until an operator acts.

    Over that channel, that is; over none where the `account` itself is refused.
    """

    code = "delivery_blocked"
    account = False


class DeliveryOutcomeUnknown(DeliveryError):
    """The request may have been accepted. Only the provider's lists can tell; never re-send."""

    code = "delivery_outcome_unknown"


# --------------------------------------------------------------------------------- store
class StoreError(ConnectorError):
    """DynamoDB did not do what was asked."""

    code = "store"


class StoreConflict(StoreError):
    """A condition did not hold: somebody else was first, or our own first try got through.

    `failed` names the parts of the change that were refused, as `kind:key`.
    """

    code = "store_conflict"

    def __init__(self, safe_message: str, failed: tuple[str, ...] = ()) -> None:
        super().__init__(safe_message)
        self.failed = failed


class StoreUnavailable(StoreError):
    """Throttled, refused or unreachable."""

    code = "store_unavailable"
    retryable = True


class StoreRefused(StoreUnavailable):
    """AWS does not let us; nothing was read or written.

    `action` is what was asked for, such as dynamodb:PutItem, `resource` the ARN it was asked of;
    empty where AWS does not say. Functions try again later all the same: a policy, or a grant on
    the key, may be on its way.
    """

    code = "store_refused"

    def __init__(self, safe_message: str, *, action: str = "", resource: str = "") -> None:
        super().__init__(safe_message)
        self.action = action
        self.resource = resource


class SecretUnavailable(ConnectorError):
    """Secrets Manager (or the key behind it) did not answer or refused."""

    code = "secret_unavailable"
    retryable = True


class QueueUnavailable(ConnectorError):
    """SQS did not take a message. Nothing is lost: the store knows what is due."""

    code = "queue_unavailable"
    retryable = True


class OutOfTime(ConnectorError):
    """Too little of the function's time is left to begin. The queue delivers the message again."""

    code = "out_of_time"
    retryable = True


class MessageMalformed(ConnectorError):
    """A queue message that names nothing we know. It ends in the dead-letter queue."""

    code = "message_malformed"


class RecordInvalid(ConnectorError):
    """One record of a page cannot be read; the page goes on without it."""

    code = "record_invalid"
