"""Who we are to Intacct. Nothing in here shows itself in a repr, a log or an error."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from ml_connector.errors import ConfigurationError

from .cleaning import holds_forbidden

_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)


@dataclass(frozen=True, slots=True, repr=False)
class Credentials:
    """A sender, and a user of one company.

    `entity_id` makes an entity-level login; empty means top level. `utc_offset` ("+0000",
    "-07:00") overrides what Intacct says about the user's zone. `currency` (ISO 4217) is that of
    bills and payments which name none. `version` is any text that changes when the secret does: a
    login refused before is tried again at once after a change.
    """

    sender_id: str
    sender_password: str
    company_id: str
    user_id: str
    user_password: str
    entity_id: str = ""
    utc_offset: str = ""
    currency: str = ""
    version: str = ""

    def __post_init__(self) -> None:
        if self.currency and not _CURRENCY.fullmatch(self.currency):
            raise ConfigurationError(
                "currency in the Intacct secret is not three capital letters, such as USD"
            )
        for name in ("sender_id", "sender_password", "company_id", "user_id", "user_password"):
            value = getattr(self, name)
            if not value:
                raise ConfigurationError(f"the Intacct secret lacks {name}")
            if holds_forbidden(value):
                # Removing it silently would send another password than the one stored.
                raise ConfigurationError(
                    f"{name} in the Intacct secret holds a control character: enter it again"
                )

    @property
    def login(self) -> tuple[str, str, str, str]:
        """Who signs in where, without the passwords."""
        return self.sender_id, self.company_id, self.user_id, self.entity_id

    def __repr__(self) -> str:
        return "Credentials(hidden)"


def credentials_of(secret: Mapping[str, object], company: str, version: str = "") -> Credentials:
    """The credentials of one company (its key in the flow) out of the stored secret.

    Raises ConfigurationError naming what is missing or not a text.
    """
    companies = secret.get("companies")
    entry = companies.get(company) if isinstance(companies, Mapping) else None
    if not isinstance(entry, Mapping):
        raise ConfigurationError(f"the Intacct secret has no company named {company!r}")

    def text(source: Mapping[str, object], name: str) -> str:
        value = source.get(name, "")
        if not isinstance(value, str):
            raise ConfigurationError(f"{name} in the Intacct secret is not a text")
        return value

    return Credentials(
        sender_id=text(secret, "sender_id"),
        sender_password=text(secret, "sender_password"),
        company_id=text(entry, "company_id"),
        user_id=text(entry, "user_id"),
        user_password=text(entry, "user_password"),
        entity_id=text(entry, "entity_id"),
        utc_offset=text(entry, "utc_offset"),
        currency=text(entry, "currency"),
        version=version,
    )
