"""The account the simulator plays, its speed, and what may be set while it runs."""

from __future__ import annotations

from dataclasses import dataclass, field, fields

from sandbox.twilio.numbers import DEFAULT_SENDER, MAGIC_SENDER

DEFAULT_ACCOUNT_SID = "AC" + "5a" * 16
DEFAULT_AUTH_TOKEN = "sandbox-auth-token"  # nosec B105 # made up
DEFAULT_KEY_SID = "SK" + "5b" * 16
DEFAULT_KEY_SECRET = "sandbox-api-secret"  # nosec B105 # made up # pragma: allowlist secret
TEST_ACCOUNT_SID = "AC" + "7e" * 16
TEST_AUTH_TOKEN = "sandbox-test-token"  # nosec B105 # made up
DEFAULT_SERVICE_SID = "MG" + "5c" * 16
"""A Messaging Service whose pool holds the account's own numbers."""


@dataclass(slots=True)
class Timings:
    """How long things take, in seconds of the simulator's clock.

    Short by default, so that a story at a laptop moves along; the order of states is Twilio's.
    """

    accepted: float = 0.1
    """`accepted` → `queued`, with a Messaging Service."""
    queued: float = 0.1
    sending: float = 0.2
    receipt: float = 0.5
    """`sent` → `delivered` or `undelivered`."""
    slow: float = 60.0
    """The same for a slow phone, and how long it rings before it is answered."""
    price: float = 2.0
    """From sent, or from the end of a call, to the price being known."""
    call_queued: float = 0.2
    ring: float = 1.0
    no_answer: float = 60.0
    """How long an unanswered call rings at most; the call's own Timeout may be shorter."""
    say: float = 0.5
    """One spoken sentence or text."""
    press: float = 0.5
    """From the end of a prompt to the key."""
    gather: float = 30.0
    """How long a prompt listens at most; its own timeout may be shorter."""
    events: float = 900.0
    """From the end of a call until its Events can be read: 15 minutes at Twilio."""

    def update(self, values: dict[str, float]) -> None:
        """Set some of them; an unknown name is a ValueError."""
        known = {item.name for item in fields(self)}
        for name, value in values.items():
            if name not in known:
                raise ValueError(f"unknown timing {name!r}; there are {', '.join(sorted(known))}")
            if not value >= 0:
                raise ValueError(f"timing {name!r} must be 0 or more seconds")
            setattr(self, name, float(value))


@dataclass(slots=True)
class ApiKey:
    """An API key: `main` and `standard` may do everything here, `restricted` what it lists.

    Permissions are endpoint names of this simulator (`messages.create`) or `messages.*`.
    """

    secret: str
    kind: str = "standard"
    permissions: frozenset[str] = frozenset()

    def may(self, endpoint: str) -> bool:
        """Whether the key opens that endpoint."""
        if self.kind != "restricted":
            return True
        family, _, _ = endpoint.partition(".")
        return endpoint in self.permissions or f"{family}.*" in self.permissions


@dataclass(slots=True)
class Settings:
    """One account and how the network around it behaves."""

    account_sid: str = DEFAULT_ACCOUNT_SID
    auth_token: str = DEFAULT_AUTH_TOKEN
    keys: dict[str, ApiKey] = field(
        default_factory=lambda: {DEFAULT_KEY_SID: ApiKey(DEFAULT_KEY_SECRET)},
    )
    numbers: list[str] = field(default_factory=lambda: [DEFAULT_SENDER, MAGIC_SENDER])
    timings: Timings = field(default_factory=Timings)
    calls_per_second: float = 1.0
    """Twilio's default for a new account; excess calls wait. 0: no limit."""
    segments_per_second: float = 0.0
    """A long code's is 1; 0: no limit."""
    price_per_segment: str = "0.00830"
    price_per_minute: str = "0.01400"
