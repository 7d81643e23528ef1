"""Settings of one deployment: read once, checked before anything else runs.

Everything comes from the function's environment, which the template fills; secrets do not.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import timedelta

from .domain.frozen import frozen
from .errors import ConfigurationError

#: What Twilio takes as an SMS's ValidityPeriod, seconds.
SHORTEST_VALIDITY, LONGEST_VALIDITY = 5, 36_000

#: A year in seconds: nothing here is longer, and NaN and infinity are neither longer nor shorter.
LONGEST_TIME = 31_536_000.0


@frozen
class Timings:
    """Every time the protocol knows, in seconds, in one table.

    The defaults are the ones the promises are made with. `check` refuses a table that would break
    one; the sandbox and the tests shorten all of them together.
    """

    poll_scale: float = 1.0
    """What the intervals of calendars are multiplied by; only the sandbox shortens them."""
    watermark_overlap: float = 900.0
    """How far before the largest modification time seen a poll reads again: rows commit late."""
    poll_stale: float = 1_800.0
    """Without a successful poll for this long, and for two of its calendar's longest intervals, a
    company is said so."""
    payments_lookback: float = 86_400.0
    """As `watermark_overlap`, for the hourly look at payments."""
    payments_sweep: float = 3_600.0
    """How often all payments that cleared lately are compared with what is stored."""
    twilio_timeout: float = 10.0
    """The longest one request to Twilio may take."""
    intacct_timeout: float = 60.0
    """The longest one request to Intacct may take."""
    claim_to_post: float = 5.0
    """A POST starts within this after its claim, or not at all."""
    time_reserve: float = 5.0
    """A POST starts only while the function has its timeout and this much time left."""
    claim_margin: float = 15.0
    """A claim older than the send function's timeout and this is nobody's any more."""
    grace: float = 180.0
    """How long Twilio may take to list a message it accepted."""
    empty_list_gap: float = 60.0
    """The least time between the two empty lists that mean not sent."""
    list_lookback: float = 60.0
    """Lists of what was sent begin this much earlier than the oldest claim: clocks differ."""
    ring_again: float = 90.0
    """A due dispatch nobody claimed within this time is put on the queue again."""
    status_interval: float = 60.0
    """How soon after sending a status is asked for; older messages are asked for less often."""
    soft_timeout: float = 14_400.0
    """A message without a receipt for this long is unconfirmed."""
    receipt_patience: float = 86_400.0
    """How long a late receipt is still looked for."""
    reply_interval: float = 60.0
    """How often replies are looked for while texts are out; ten times less often otherwise."""
    price_wait: float = 3_600.0
    """How long after sending a price is asked for; then after six times, and 24 times, as long."""
    retry_base: float = 30.0
    """The ceiling of the first retry's wait; it doubles with every failure."""
    retry_cap: float = 3_600.0
    """The longest wait between two tries."""
    give_back_wait: float = 5.0
    """The wait after a request that certainly was not sent."""
    hint_scale: float = 1.0
    """What the waits of the error-code table are multiplied by; only the sandbox shortens them."""
    between_calls: float = 300.0
    """The pause between two calls of one step."""
    call_busy_wait: float = 30.0
    """The wait while another call of ours to that number goes on."""
    call_patience: float = 600.0
    """A call that hangs in the provider for this long is ended."""
    step_freshness: float = 60.0
    """Before a later step begins, its bill was looked at no longer ago than this."""
    step_wait: float = 120.0
    """How long a step waits for such a look; then it begins on what is known."""
    blocked_pause: float = 300.0
    """How long a company's texts, calls or both stop after an account or configuration error."""
    blocked_patience: float = 3_600.0
    """After this long people are told over the other channel, and what costs is rarely tried."""
    bundle_window: float = 600.0
    """What follows a text to the same person within this time waits for its end, and becomes one
    text. Under 1 nothing is held."""
    payments_gather: float = 60.0
    """The first text about payments waits this long for others."""
    case_lifetime: float = 432_000.0
    """After this an open case expires and nothing more is sent for it (five days)."""
    blank_bodies_after: float = 1_209_600.0
    """How long after sending the text of a message is removed at Twilio, once nothing is expected
    of it and its case is past its time (14 days); a year and it is never removed."""
    validity: float = 14_400.0
    """Twilio drops an SMS it could not hand over within this time."""

    def longest_send(self, send_timeout: float) -> float:
        """Seconds after a claim when its holder can no longer be alive."""
        return send_timeout + self.claim_margin

    def check(self, send_timeout: float) -> None:
        """Refuse a table that breaks a promise; `send_timeout` is the send function's, seconds."""
        for entry in fields(self):
            if not 0 < getattr(self, entry.name) <= LONGEST_TIME:
                raise ConfigurationError(
                    f"TIMINGS: {entry.name} must be more than 0 seconds and at most a year"
                )
        rules = (
            (
                self.twilio_timeout + self.time_reserve < send_timeout,
                f"twilio_timeout + time_reserve must be under the send timeout, {send_timeout:g} s",
            ),
            (
                self.empty_list_gap <= self.grace,
                "empty_list_gap must not be longer than grace",
            ),
            (
                self.soft_timeout <= self.receipt_patience,
                "soft_timeout must not be longer than receipt_patience",
            ),
            (
                self.receipt_patience <= self.blank_bodies_after,
                "blank_bodies_after must not be shorter than receipt_patience",
            ),
            (
                self.blocked_pause <= self.blocked_patience,
                "blocked_pause must not be longer than blocked_patience",
            ),
            (self.retry_base <= self.retry_cap, "retry_base must not be longer than retry_cap"),
            (
                SHORTEST_VALIDITY <= self.validity <= LONGEST_VALIDITY,
                f"validity must lie between {SHORTEST_VALIDITY} and {LONGEST_VALIDITY} seconds",
            ),
        )
        for holds, complaint in rules:
            if not holds:
                raise ConfigurationError(f"TIMINGS: {complaint}")


#: How many dispatches one status check looks after, at most; its time may be over before that.
LOOK_LIMIT = 2_000

#: How many that are due it knows of, so that each company and person has a turn among them.
FAIR_WINDOW = 10_000

#: How many of them it rings for again, and how many cases it goes on with.
SWEEP_LIMIT = 500


@frozen
class Settings:
    """The environment of a function, typed."""

    stage: str
    sessions_table: str
    documents_table: str
    alerts_table: str
    flows_table: str
    approvers_table: str
    audit_table: str
    queue_url: str
    intacct_secret: str
    twilio_secret: str
    intacct_endpoint: str
    intacct_trusted_host: str
    twilio_base_url: str
    session_cap: timedelta
    function_timeout: float
    send_timeout: float
    poll_function: str
    roots_bucket: str
    summary_topic: str
    timings: Timings


DEFAULT_INTACCT_ENDPOINT = "https://api.intacct.com/ia/xml/xmlgw.phtml"


def read_settings(environment: Mapping[str, str]) -> Settings:
    """The settings in an environment. Raises ConfigurationError naming the first bad variable."""
    send_timeout = _seconds(environment, "SEND_TIMEOUT_SECONDS", "30")
    timings = _timings(environment.get("TIMINGS", ""))
    timings.check(send_timeout)
    return Settings(
        stage=_required(environment, "STAGE"),
        sessions_table=_required(environment, "SESSIONS_TABLE"),
        documents_table=_required(environment, "DOCUMENTS_TABLE"),
        alerts_table=_required(environment, "ALERTS_TABLE"),
        flows_table=_required(environment, "FLOWS_TABLE"),
        approvers_table=_required(environment, "APPROVERS_TABLE"),
        audit_table=_required(environment, "AUDIT_TABLE"),
        queue_url=environment.get("ALERTS_QUEUE_URL", ""),
        intacct_secret=environment.get("INTACCT_SECRET", ""),
        twilio_secret=environment.get("TWILIO_SECRET", ""),
        intacct_endpoint=environment.get("INTACCT_ENDPOINT") or DEFAULT_INTACCT_ENDPOINT,
        intacct_trusted_host=environment.get("INTACCT_TRUSTED_HOST", ""),
        twilio_base_url=environment.get("TWILIO_BASE_URL", ""),
        session_cap=timedelta(seconds=_seconds(environment, "SESSION_CAP_SECONDS", "3000")),
        function_timeout=_seconds(environment, "FUNCTION_TIMEOUT_SECONDS", "30"),
        send_timeout=send_timeout,
        poll_function=environment.get("POLL_FUNCTION", ""),
        roots_bucket=environment.get("ROOTS_BUCKET", ""),
        summary_topic=environment.get("SUMMARY_TOPIC", ""),
        timings=timings,
    )


def _required(environment: Mapping[str, str], name: str) -> str:
    value = environment.get(name, "")
    if not value:
        raise ConfigurationError(f"{name} is not set; deploy the template, which sets it")
    return value


def _seconds(environment: Mapping[str, str], name: str, default: str) -> float:
    text = environment.get(name) or default
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= LONGEST_TIME:
        raise ConfigurationError(f"{name} must be a number of seconds above 0, not {text!r}")
    return value


def _timings(text: str) -> Timings:
    try:
        overrides = json.loads(text or "{}")
    except ValueError as error:
        raise ConfigurationError(f"TIMINGS is not JSON: {error}") from error
    if not isinstance(overrides, dict):
        raise ConfigurationError(f"TIMINGS must be a JSON object, found {text}")
    known = {entry.name for entry in fields(Timings)}
    for name, value in overrides.items():
        if name not in known:
            raise ConfigurationError(f"TIMINGS: {name!r} is no time this version knows")
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ConfigurationError(f"TIMINGS: {name} must be a number of seconds")
    return replace(Timings(), **{name: float(value) for name, value in overrides.items()})
