"""Where Twilio is: its own hosts, a region of it, or another address for tests."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import field
from typing import Literal
from urllib.parse import urlsplit

from ml_connector.domain.frozen import frozen
from ml_connector.errors import ConfigurationError

from .credentials import Sender

Product = Literal["api", "studio", "messaging", "verify", "lookups"]

VERIFY, CONFIRMED_VOICE, US_SENDERS = "Verify", "confirmed voice", "SMS from +1 numbers"
_PLACE = re.compile(r"[a-z0-9-]{0,20}")
#: What a region lacks, and what takes its place here. Twilio, "Regional product and feature
#: availability"; everything not named is as in us1.
LIMITS: Mapping[str, Mapping[str, str]] = {
    "ie1": {
        VERIFY: "numbers cannot be verified by code; alerts go to unverified numbers all the same",
        CONFIRMED_VOICE: "no Studio with SMS, Studio itself in beta: calls are announced only",
        US_SENDERS: "send from a number of another country, or use us1",
    },
}


@frozen
class Endpoints:
    """Addresses and region. Empty means Twilio's own hosts in us1.

    `base_url` replaces the host of every product, `products` that of one. A region needs its edge
    and the other way round: Twilio routes half a pair to the United States without a word. Raises
    ConfigurationError for what cannot work.
    """

    base_url: str = ""
    region: str = ""
    edge: str = ""
    products: Mapping[Product, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if bool(self.region) != bool(self.edge):
            raise ConfigurationError(
                "a Twilio region and its edge go together, such as ie1 with dublin"
            )
        given = [url for url in (self.base_url, *self.products.values()) if url]
        if self.region and given:
            raise ConfigurationError("a Twilio region and a base address exclude each other")
        for url in given:
            _check(url)

    @classmethod
    def from_secret(cls, secret: Mapping[str, object], base_url: str = "") -> Endpoints:
        """The region and edge the twilio secret names, or `base_url` where a test gives one."""
        region, edge = (secret.get(key) or "" for key in ("region", "edge"))
        for name, value in (("region", region), ("edge", edge)):
            if not isinstance(value, str) or not _PLACE.fullmatch(value):
                raise ConfigurationError(
                    f"twilio secret: {name} must be a short name such as ie1 or dublin"
                )
        return cls(base_url=base_url, region=str(region), edge=str(edge))

    def url_of(self, product: Product) -> str:
        """The base address of a product, or empty for Twilio's own."""
        return (self.products.get(product) or self.base_url).rstrip("/")

    @property
    def tls(self) -> bool:
        """Whether anything here is reached over TLS."""
        return not self.base_url.startswith("http://") or any(
            not url.startswith("http://") for url in self.products.values()
        )

    @property
    def lacks(self) -> Mapping[str, str]:
        """What the region has not got, and what takes its place."""
        return LIMITS.get(self.region, {})

    def has(self, feature: str) -> bool:
        """Whether a feature of `LIMITS` is to be had here."""
        return feature not in self.lacks

    def need(self, feature: str) -> None:
        """Refuse what the region has not got; the error names the way out."""
        if not self.has(feature):
            raise ConfigurationError(
                f"Twilio's region {self.region} has no {feature}: {self.lacks[feature]}"
            )

    def check_sender(self, sender: Sender) -> None:
        """Refuse a sender the region cannot send from; the error names the way out."""
        if sender.number.startswith("+1"):
            self.need(US_SENDERS)


def _check(url: str) -> None:
    """Credentials travel there: TLS, or this very machine."""
    parts = urlsplit(url)
    if parts.scheme == "https" and parts.hostname and not parts.username:
        return
    if parts.scheme == "http" and _is_loopback(parts.hostname or "") and not parts.username:
        return
    raise ConfigurationError("TWILIO_BASE_URL must be https, or http on this machine's loopback")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
