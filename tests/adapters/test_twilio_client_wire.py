"""What our HTTP client makes of every way a connection can go wrong, over real sockets."""

from __future__ import annotations

import datetime as dt
import ipaddress
import logging
import socket
import ssl
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ml_connector.errors import (
    DeliveryBlocked,
    DeliveryError,
    DeliveryNotSent,
    DeliveryOutcomeUnknown,
    DeliveryRejected,
    DeliveryTransient,
)
from ml_connector.twilio.http_client import ConnectorHttpClient, ReadPolicy
from ml_connector.twilio.wire import Clocks
from tests.adapters.twilio_raw_server import (
    RawServer,
    Step,
    answer,
    drip,
    hang_up,
    message,
    once_per_connection,
    reset,
    send,
    silence,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

PATH = "/2010-04-01/Accounts/AC1/Messages.json"
SHORT = 0.4
"""Seconds a test waits where it waits for a time-out; none depends on finishing early."""
LONG = 20.0

NUMBER, TEXT, SECRET = "+15550109876", "Baker", "t0ken"

Make = Callable[..., ConnectorHttpClient]


@pytest.fixture
def make() -> Iterator[Make]:
    made: list[ConnectorHttpClient] = []

    def client(**options: Any) -> ConnectorHttpClient:
        options = {"tls": False, "default_budget": LONG, **options}
        made.append(ConnectorHttpClient(**options))
        return made[-1]

    yield client
    for each in made:
        each.close()


def post(client: ConnectorHttpClient, url: str, budget: float = LONG) -> Any:
    with client.within(budget):
        return client.request(
            "POST", url + PATH, data={"To": NUMBER, "Body": TEXT}, auth=("AC1", SECRET)
        )


def get(client: ConnectorHttpClient, url: str, budget: float | None = None) -> Any:
    return client.request(
        "GET", url + PATH, params={"To": NUMBER}, auth=("AC1", SECRET), timeout=budget
    )


# --------------------------------------------------------------- not a byte left us
def test_a_refused_connection_is_not_sent(make: Make) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(DeliveryNotSent):
        post(make(), f"http://127.0.0.1:{port}")


def test_a_name_that_does_not_resolve_is_not_sent(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_: object) -> list[object]:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(DeliveryNotSent, match="NewConnectionError"):
        post(make(), "http://api.twilio.invalid")


def test_a_connection_that_never_opens_is_not_sent(make: Make) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        waiting = [socket.socket() for _ in range(8)]
        try:
            for each in waiting:
                each.setblocking(False)
                each.connect_ex(full.getsockname())
            with pytest.raises(DeliveryNotSent):
                post(make(), f"http://127.0.0.1:{full.getsockname()[1]}", SHORT)
        finally:
            for each in waiting:
                each.close()


def test_the_next_address_of_a_host_is_tried(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        refusing = free.getsockname()
    with RawServer([answer(201, message())]) as server:
        live = ("127.0.0.1", int(server.url.rpartition(":")[2]))
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", at) for at in (refusing, live)]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_: found)
        assert post(make(), "http://api.twilio.invalid").status_code == 201


def test_time_used_up_before_connecting_is_not_sent(make: Make) -> None:
    ticks = iter(range(0, 100_000, 100))
    client = make(clocks=Clocks(monotonic=lambda: float(next(ticks))))
    with RawServer([answer(201, message())]) as server:
        with pytest.raises(DeliveryNotSent):
            post(client, server.url)
        assert server.requests == []


def test_connected_too_late_is_not_sent(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """The handshake took all of the time there was for connecting: half of the budget."""
    now = [0.0]
    client = make(clocks=Clocks(monotonic=lambda: now[0]))
    connect = socket.socket.connect

    def slowly(self: socket.socket, address: Any) -> None:
        connect(self, address)
        now[0] += 6.0

    with RawServer([answer(201, message())]) as server:
        monkeypatch.setattr(socket.socket, "connect", slowly)
        with pytest.raises(DeliveryNotSent):
            post(client, server.url, 10.0)
        assert server.requests == []


def test_a_request_that_cannot_be_written_is_a_matter_of_settings(make: Make) -> None:
    with pytest.raises(DeliveryBlocked, match="TWILIO_BASE_URL"):
        post(make(), "http://")


# ------------------------------------------------------------------------------ TLS
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


@pytest.mark.parametrize("on_connect", [reset, hang_up, send(b"HTTP/1.1 400 Bad\r\n\r\n")])
def test_a_handshake_that_fails_is_not_sent(
    make: Make, certificates: Certificates, on_connect: Step
) -> None:
    with RawServer([hang_up], on_connect=on_connect) as server:
        with pytest.raises(DeliveryNotSent):
            post(trusting(make, certificates), server.url.replace("http:", "https:"))
        assert server.requests == []


def test_a_handshake_that_never_ends_is_not_sent(make: Make, certificates: Certificates) -> None:
    with RawServer([hang_up], on_connect=silence) as server, pytest.raises(DeliveryNotSent):
        post(trusting(make, certificates), server.url.replace("http:", "https:"), SHORT)


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


# ------------------------------------------------------------------- something left us
HALVES = {
    "reset after reading": reset,
    "hung up without a word": hang_up,
    "half a status line": send(b"HTTP/1.1 20"),
    "no status line": send(b"hello\r\n\r\n"),
    "too many headers": send(b"HTTP/1.1 201 Created\r\n" + b"A: b\r\n" * 200 + b"\r\n"),
    "an endless header": send(b"HTTP/1.1 201 Created\r\nA: " + b"b" * 70_000 + b"\r\n\r\n"),
    "half a body": send(b'HTTP/1.1 201 Created\r\nContent-Length: 900\r\n\r\n{"sid": "S'),
    "a broken chunk": send(
        b'HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"sid\r\nzz\r\n'
    ),
    "a missing last chunk": send(
        b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n"
    ),
    "gzip that is none": answer(201, b"{}", headers=("Content-Encoding: gzip",)),
    "text that is not UTF-8": answer(201, b'{"sid": "\xff\xfe"}'),
}


@pytest.mark.parametrize("step", HALVES.values(), ids=HALVES.keys())
def test_a_create_without_a_whole_answer_is_unknown(make: Make, step: Step) -> None:
    with RawServer([step]) as server:
        with pytest.raises(DeliveryOutcomeUnknown) as failed:
            post(make(), server.url)
        assert server.posts == 1
    assert failed.value.__cause__ is None
    assert failed.value.__context__ is None


def test_a_reset_before_the_request_is_read_is_unknown(make: Make) -> None:
    """Bytes were handed to the network: who knows where they ended."""

    def reset_unread(connection: socket.socket) -> bool:
        connection.recv(1, socket.MSG_PEEK)
        return reset(connection)

    with RawServer([hang_up], on_connect=reset_unread) as server:
        with pytest.raises(DeliveryOutcomeUnknown):
            post(make(), server.url)
        assert server.requests == []


def test_a_request_cut_off_in_the_middle_is_unknown(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut_off(self: socket.socket, data: bytes) -> None:
        self.send(data[:10])
        self.shutdown(socket.SHUT_WR)
        raise BrokenPipeError

    with RawServer([hang_up]) as server:
        monkeypatch.setattr(socket.socket, "sendall", cut_off)
        with pytest.raises(DeliveryOutcomeUnknown):
            post(make(), server.url)
        assert server.requests == []


def test_no_answer_in_time_is_unknown(make: Make) -> None:
    with RawServer([silence]) as server:
        with pytest.raises(DeliveryOutcomeUnknown, match="Timeout"):
            post(make(), server.url, SHORT)
        assert server.posts == 1


@pytest.mark.parametrize("headers_first", [True, False])
def test_the_budget_bounds_the_whole_call_not_each_byte(
    make: Make,
    headers_first: bool,
) -> None:
    raw = b"HTTP/1.1 201 Created\r\nContent-Length: 2000\r\n\r\n" + b" " * 2000
    split = raw.index(b"\r\n\r\n") + 4 if headers_first else 0
    leave = threading.Event()

    def dripping(connection: socket.socket) -> bool:
        connection.sendall(raw[:split])
        return drip(raw[split:], leave, 0.02)(connection)

    with RawServer([dripping]) as server:
        started = time.monotonic()
        with pytest.raises(DeliveryOutcomeUnknown):
            post(make(), server.url, SHORT)
        # All of it would take 40 seconds, and no two bytes are as far apart as the budget.
        assert time.monotonic() - started < LONG
        leave.set()


# ----------------------------------------------------------------------------- answers
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(make: Make, status: int) -> None:
    with RawServer([answer(status, headers=("Location: /elsewhere",))]) as server:
        with pytest.raises(DeliveryOutcomeUnknown):
            post(make(), server.url)
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, {"code": 21211}, DeliveryRejected),
        (401, {"code": 20003}, DeliveryBlocked),
        (429, {"code": 20429}, DeliveryTransient),
        (500, {"code": 20500}, DeliveryOutcomeUnknown),
        (503, b"<html>", DeliveryOutcomeUnknown),
    ],
)
def test_a_create_is_tried_once_whatever_the_answer(
    make: Make, status: int, body: object, kind: type[DeliveryError]
) -> None:
    with RawServer([answer(status, body, headers=("Retry-After: 7",))]) as server:
        with pytest.raises(DeliveryError) as refused:
            post(make(), server.url)
        assert type(refused.value) is kind
        assert refused.value.retry_after == 7
        assert refused.value.http_status == status
        assert len(server.requests) == 1


# ---------------------------------------------------------------- kept connections
def test_twenty_sends_use_one_connection(make: Make) -> None:
    with RawServer([answer(201, message())]) as server:
        client = make()
        for _ in range(20):
            post(client, server.url)
        assert (server.connections, server.posts) == (1, 20)


def test_a_server_that_closes_is_reconnected_to(make: Make) -> None:
    with RawServer([answer(201, message(), keep=False)]) as server:
        client = make()
        assert [post(client, server.url).status_code for _ in range(2)] == [201, 201]
        assert server.connections == 2


def test_a_server_that_hangs_up_between_calls_is_reconnected_to(make: Make) -> None:
    def answer_and_leave(connection: socket.socket) -> bool:
        answer(201, message())(connection)
        return False

    with RawServer([answer_and_leave]) as server:
        client = make()
        for _ in range(2):
            assert post(client, server.url).status_code == 201
            server.wait_until_hung_up()
        assert server.connections == 2


@pytest.mark.parametrize(
    ("steady", "wall"),
    [(3.5, 3.5), (3.5, 0.0), (0.0, 3600.0), (0.0, -1.0)],
    ids=["idle", "wall clock stood still", "frozen: steady clock stood still", "clock set back"],
)
def test_a_connection_idle_for_too_long_is_not_used_again(
    make: Make, steady: float, wall: float
) -> None:
    now = [1000.0, 5000.0]
    client = make(max_idle=3.0, clocks=Clocks(lambda: now[0], lambda: now[1]))
    with RawServer([once_per_connection(answer(201, message()))]) as server:
        post(client, server.url)
        now[0] += steady
        now[1] += wall
        assert post(client, server.url).status_code == 201
        assert server.connections == 2


def test_used_again_it_would_have_left_the_outcome_unknown(make: Make) -> None:
    """The control of the test above: a forgotten connection, used after a short while."""
    now = [1000.0, 5000.0]
    client = make(max_idle=3.0, clocks=Clocks(lambda: now[0], lambda: now[1]))
    with RawServer([once_per_connection(answer(201, message()))]) as server:
        post(client, server.url)
        now[:] = [1002.0, 5002.0]
        with pytest.raises(DeliveryOutcomeUnknown):
            post(client, server.url)
        assert server.connections == 1


def test_threads_do_not_see_each_others_calls(make: Make) -> None:
    """One waits for an answer that never comes while others send; each gets its own outcome."""
    client = make()
    outcomes: dict[str, object] = {}

    def slow() -> None:
        try:
            post(client, silent.url, SHORT)
        except DeliveryError as error:
            outcomes["slow"] = type(error)

    def refused() -> None:
        try:
            post(client, f"http://127.0.0.1:{port}")
        except DeliveryError as error:
            outcomes["refused"] = type(error)

    def fine() -> None:
        outcomes["fine"] = post(client, server.url).status_code

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with RawServer([silence]) as silent, RawServer([answer(201, message())]) as server:
        threads = [threading.Thread(target=each) for each in (slow, refused, fine)]
        for each in threads:
            each.start()
        for each in threads:
            each.join(LONG)
    assert outcomes == {"slow": DeliveryOutcomeUnknown, "refused": DeliveryNotSent, "fine": 201}


# ------------------------------------------------------------------------------- reads
class Naps:
    """Stands in for time: sleeping is noted and moves the clock."""

    def __init__(self) -> None:
        self.taken: list[float] = []
        self.now = 0.0

    def sleep(self, seconds: float) -> None:
        self.taken.append(seconds)
        self.now += seconds

    def clocks(self) -> Clocks:
        return Clocks(monotonic=lambda: self.now)


POLICY = ReadPolicy(attempts=4, attempt=8.0, budget=20.0, base=0.5, cap=4.0)


def reader(make: Make, naps: Naps, policy: ReadPolicy = POLICY) -> ConnectorHttpClient:
    return make(
        reads=policy, clocks=naps.clocks(), sleep=naps.sleep, draw=lambda _, longest: longest
    )


def test_a_read_is_repeated_with_growing_waits(make: Make) -> None:
    naps = Naps()
    with RawServer([answer(503), answer(429), reset, answer(200, {})]) as server:
        assert get(reader(make, naps), server.url).status_code == 200
        assert len(server.requests) == 4
    # The 429 asks for nothing, so the table's one second stands in for the same drawn wait.
    assert naps.taken == [0.5, 1.0, 2.0]


def test_waits_have_full_jitter_and_a_cap(make: Make) -> None:
    naps, drawn = Naps(), []

    def draw(shortest: float, longest: float) -> float:
        drawn.append((shortest, longest))
        return 0.0

    client = make(
        reads=replace(POLICY, attempts=6), clocks=naps.clocks(), sleep=naps.sleep, draw=draw
    )
    with RawServer([answer(503)]) as server, pytest.raises(DeliveryTransient):
        get(client, server.url)
    assert drawn == [(0.0, 0.5), (0.0, 1.0), (0.0, 2.0), (0.0, 4.0), (0.0, 4.0), (0.0, 4.0)]


def test_a_read_waits_as_long_as_it_is_told(make: Make) -> None:
    naps = Naps()
    with RawServer([answer(429, headers=("Retry-After: 7",)), answer(200, {})]) as server:
        get(reader(make, naps), server.url)
    assert naps.taken == [7.0]


def test_a_read_ends_when_it_is_told_to_wait_beyond_its_budget(make: Make) -> None:
    naps = Naps()
    with RawServer([answer(429, headers=("Retry-After: 30",))]) as server:
        with pytest.raises(DeliveryTransient) as refused:
            get(reader(make, naps), server.url)
        assert len(server.requests) == 1
    assert refused.value.retry_after == 30
    assert naps.taken == []


def test_a_read_is_given_up_after_its_attempts(make: Make) -> None:
    naps = Naps()
    with RawServer([answer(500)]) as server:
        with pytest.raises(DeliveryTransient, match="500"):
            get(reader(make, naps), server.url)
        assert len(server.requests) == 4


def test_a_read_ends_with_the_budget_the_caller_gives(make: Make) -> None:
    naps = Naps()
    with RawServer([answer(503)]) as server:
        with pytest.raises(DeliveryTransient):
            get(reader(make, naps), server.url, budget=1.0)
        assert len(server.requests) == 2
    assert naps.taken == [0.5]


def test_a_read_with_no_answer_is_tried_again(make: Make) -> None:
    naps = Naps()
    policy = replace(POLICY, attempt=SHORT)
    with RawServer([silence, answer(200, {})]) as server:
        client = make(reads=policy, sleep=naps.sleep, draw=lambda *_: 0.0)
        assert get(client, server.url).status_code == 200
        assert len(server.requests) == 2


def test_a_refused_connection_is_tried_again_by_reads(make: Make) -> None:
    naps = Naps()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(DeliveryNotSent):
        get(reader(make, naps), f"http://127.0.0.1:{port}")
    assert len(naps.taken) == 3


@pytest.mark.parametrize(
    ("status", "code", "kind"), [(404, 20404, DeliveryBlocked), (401, 20003, DeliveryBlocked)]
)
def test_a_refused_read_is_not_repeated(
    make: Make, status: int, code: int, kind: type[DeliveryError]
) -> None:
    with RawServer([answer(status, {"code": code})]) as server:
        with pytest.raises(kind) as refused:
            get(make(), server.url)
        assert refused.value.provider_code == code
        assert len(server.requests) == 1


# ----------------------------------------------------------------- nothing leaks, nothing in
def test_no_log_and_no_traceback_names_a_number_a_text_or_a_secret(
    make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    naps = Naps()
    half = send(b"HTTP/1.1 200 OK\r\nContent-Le")
    refused = answer(400, {"code": 21211, "message": f"not {NUMBER}"})
    with RawServer([answer(201, message()), answer(503), half, reset, refused]) as s:
        client = reader(make, naps)
        post(client, s.url)
        for ask in (get, post, post):
            try:
                ask(client, s.url)
            except DeliveryError:
                logging.getLogger("caller").exception("it failed")
    shown = "\n".join(
        record.getMessage() + "".join(traceback.format_exception(*record.exc_info))
        if record.exc_info
        else record.getMessage()
        for record in caplog.records
    )
    assert "POST" in shown  # urllib3 did log at this level,
    assert "Failed to parse headers" in shown  # and about a read with a query
    for private in (NUMBER.strip("+"), TEXT, SECRET):
        assert private not in shown


def test_environment_proxies_and_netrc_are_not_used(
    make: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login stranger password stranger\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    with RawServer([answer(200, {})]) as proxy, RawServer([answer(200, {})]) as server:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        make().request("GET", server.url + PATH)
        assert proxy.connections == 0
        assert b"Authorization" not in server.requests[0]


def test_cookies_are_not_kept(make: Make) -> None:
    with RawServer([answer(201, message(), headers=("Set-Cookie: a=b; Path=/",))]) as server:
        client = make()
        post(client, server.url)
        post(client, server.url)
        assert b"Cookie" not in server.requests[1]
