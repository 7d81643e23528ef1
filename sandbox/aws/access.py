"""Who may speak to the local AWS, and how: anybody over plain HTTP, or whom IAM lets in, over TLS.

Secured, every request has to be signed with credentials that the account knows, policies are
enforced, and the server shows a certificate of an authority made for this one run. The twelve
digits of the account are its root's access key id; the secret beside it is made for the run too.
"""

from __future__ import annotations

import secrets
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.aws.errors import LocalAwsError

# Twelve digits as access key id *are* the account id in ministack. This one is AWS's example.
ACCOUNT = "123456789012"
HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Access:
    """What a server is started with, and its clients need.

    `secret` is the root's secret access key. `authority` is the PEM file of who vouches for the
    server, None where it speaks plain HTTP. `plain_port` is where a secured server listens without
    TLS as well, so that what has to be refused there can be asked; nothing here uses it.
    """

    secret: str = field(default="local", repr=False)
    authority: Path | None = None
    plain_port: int = 0
    server: Mapping[str, str] = field(default_factory=dict)
    """Environment of the server."""

    @property
    def scheme(self) -> str:
        """Of every address."""
        return "https" if self.authority else "http"

    @property
    def context(self) -> ssl.SSLContext | None:
        """For urllib, which knows no AWS_CA_BUNDLE."""
        return ssl.create_default_context(cafile=self.authority) if self.authority else None

    @property
    def bundle(self) -> dict[str, str]:
        """What makes an AWS SDK trust the server, as environment."""
        return {"AWS_CA_BUNDLE": str(self.authority)} if self.authority else {}


OPEN = Access()


def secured(folder: Path, plain_port: int) -> Access:
    """Access for a server that enforces IAM and speaks TLS; its files go into `folder`.

    Raises LocalAwsError where no certificate can be made here.
    """
    try:
        from sandbox.certificate import make  # noqa: PLC0415 - most worlds need none
    except ModuleNotFoundError as error:
        raise LocalAwsError(
            f"a secured local AWS makes a certificate: {error.name} is not installed; "
            "run `make setup`"
        ) from error
    files, secret = make(folder, HOST), secrets.token_hex(20)
    server = {
        "AUTH": "true",
        "USE_SSL": "1",
        "MINISTACK_SSL_CERT": str(files.certificate),
        "MINISTACK_SSL_KEY": str(files.key),
        "SANDBOX_PLAIN_PORT": str(plain_port),
        # The root's. A function never sees it: ministack gives it a session of its role.
        "AWS_SECRET_ACCESS_KEY": secret,
        # Handed on to the functions.
        "AWS_CA_BUNDLE": str(files.authority),
    }
    return Access(secret, files.authority, plain_port, server)
