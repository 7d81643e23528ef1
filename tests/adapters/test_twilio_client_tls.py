"""TLS: who is trusted, and which failures happen before a byte of the request leaves us."""

from __future__ import annotations

import datetime as dt
import errno
import ipaddress
import socket
import ssl
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ml_connector.errors import (
    DeliveryNotSent,
    DeliveryOutcomeUnknown,
)
from ml_connector.twilio.http_client import ConnectorHttpClient
from ml_connector.twilio.wire import Clocks
from tests.adapters.twilio_http_clients import (
    LONG,
    SHORT,
    Make,
    clients,
    post,
)
from tests.adapters.twilio_raw_server import (
    RawServer,
    Step,
    answer,
    hang_up,
    message,
    reset,
    send,
    silence,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def make() -> Iterator[Make]:
    with clients() as make:
        yield make


class Certificates:
    """A private root, and certificates for 127.0.0.1 or another name."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.root = self._signed("root", None, ca=True)
        self.root_file = folder / "root.pem"
        self.root_file.write_bytes(self.root.public_bytes(serialization.Encoding.PEM))

    def server(self, address: str) -> ssl.SSLContext:
        key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))])
        certificate = self._signed("server", names, key=key)
        files = self._folder / f"{address}.pem", self._folder / f"{address}.key"
        files[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        files[1].write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*files)
        return context

    def _signed(
        self,
        name: str,
        names: x509.SubjectAlternativeName | None,
        *,
        ca: bool = False,
        key: ec.EllipticCurvePrivateKey | None = None,
    ) -> x509.Certificate:
        now = dt.datetime.now(dt.UTC)
        public = (key or self._key).public_key()
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "root")]))
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=1))
            .not_valid_after(now + dt.timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()),
                critical=False,
            )
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(
                x509.KeyUsage(
                    digital_signature=True,
                    content_commitment=False,
                    key_encipherment=False,
                    data_encipherment=False,
                    key_agreement=False,
                    key_cert_sign=ca,
                    crl_sign=ca,
                    encipher_only=False,
                    decipher_only=False,
                ),
                critical=True,
            )
        )
        if names is not None:
            builder = builder.add_extension(names, critical=False)
        return builder.sign(self._key, hashes.SHA256())


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


def trusting(make: Make, certificates: Certificates) -> ConnectorHttpClient:
    return make(tls=True, ca_file=str(certificates.root_file))


def test_a_trusted_certificate_is_accepted_and_the_connection_kept(
    make: Make, certificates: Certificates
) -> None:
    with RawServer([answer(201, message())], tls=certificates.server("127.0.0.1")) as server:
        client = trusting(make, certificates)
        assert [post(client, server.url).status_code for _ in range(3)] == [201, 201, 201]
        assert (server.connections, server.posts) == (1, 3)


def test_root_certificates_are_read_once_for_all_connections(
    make: Make, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = trusting(make, certificates)

    def again(*_: object, **__: object) -> None:
        raise AssertionError("the root certificates are read again")

    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", again)
    with RawServer([answer(201, message(), keep=False)], tls=certificates.server("127.0.0.1")) as s:
        assert [post(client, s.url).status_code for _ in range(2)] == [201, 201]
        assert s.connections == 2


def test_an_untrusted_certificate_is_not_sent_anything(
    make: Make, certificates: Certificates
) -> None:
    with RawServer([answer(201, message())], tls=certificates.server("127.0.0.1")) as server:
        with pytest.raises(DeliveryNotSent, match="CertVerification"):
            post(make(tls=True), server.url)
        assert server.requests == []


def test_a_certificate_for_another_host_is_not_sent_anything(
    make: Make, certificates: Certificates
) -> None:
    with RawServer([answer(201, message())], tls=certificates.server("127.0.0.2")) as server:
        with pytest.raises(DeliveryNotSent):
            post(trusting(make, certificates), server.url)
        assert server.requests == []


@pytest.mark.parametrize("step", [reset, hang_up, send(b"HTTP/1.1 400 Bad\r\n\r\n")])
def test_a_handshake_that_fails_is_not_sent(
    make: Make, certificates: Certificates, step: Step
) -> None:
    def after_the_hello(connection: socket.socket) -> bool:
        connection.recv(65_536)
        return step(connection)

    with RawServer([hang_up], on_connect=after_the_hello) as server:
        with pytest.raises(DeliveryNotSent):
            post(trusting(make, certificates), server.url.replace("http:", "https:"))
        assert server.requests == []


def test_a_handshake_that_never_ends_is_not_sent(make: Make, certificates: Certificates) -> None:
    with RawServer([hang_up], on_connect=silence) as server, pytest.raises(DeliveryNotSent):
        post(trusting(make, certificates), server.url.replace("http:", "https:"), SHORT)


def test_a_peer_gone_before_the_handshake_is_not_sent_plain_text(
    make: Make, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[bytes] = []
    left = threading.Event()

    def listen(connection: socket.socket) -> bool:
        while data := connection.recv(65_536):
            heard.append(data)
        left.set()
        return False

    def gone(*_: object) -> None:
        raise OSError(errno.ENOTCONN, "not connected")

    with RawServer([hang_up], on_connect=listen) as server:
        # What ssl asks to find out whether there is anybody to shake hands with.
        monkeypatch.setattr(ssl.SSLSocket, "getpeername", gone)
        monkeypatch.setattr(ssl.SSLSocket, "recv", gone)
        with pytest.raises(DeliveryNotSent):
            post(trusting(make, certificates), server.url.replace("http:", "https:"))
        assert left.wait(LONG)
    assert heard == []


def test_a_handshake_that_takes_too_long_is_not_sent(
    make: Make, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It succeeds, but leaves less than half of the budget for the answer."""
    now = [0.0]
    handshake = ssl.SSLSocket.do_handshake

    def slowly(self: ssl.SSLSocket, *, block: bool = False) -> None:
        handshake(self, block)
        now[0] += 0.0 if self.server_side else 6.0

    client = make(
        tls=True,
        ca_file=str(certificates.root_file),
        clocks=Clocks(monotonic=lambda: now[0]),
    )
    with RawServer([answer(201, message())], tls=certificates.server("127.0.0.1")) as server:
        monkeypatch.setattr(ssl.SSLSocket, "do_handshake", slowly)
        with pytest.raises(DeliveryNotSent):
            post(client, server.url, 10.0)
        assert server.requests == []


def test_a_reset_after_the_handshake_is_unknown(make: Make, certificates: Certificates) -> None:
    with RawServer([reset], tls=certificates.server("127.0.0.1")) as server:
        with pytest.raises(DeliveryOutcomeUnknown):
            post(trusting(make, certificates), server.url)
        assert server.posts == 1
