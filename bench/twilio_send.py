"""What sending costs: CPU of one alert, warm, and the first send after a quiet spell.

The send function as it ships, on the built layers, with everything it does: secret, case, person,
claim, POST, record, logs and metrics. DynamoDB and Twilio answer from processes of their own on
loopback, Twilio over TLS with the usual root certificates, so that neither a network's round trips
nor their CPU are in the figures.

The measure is a floor: the very requests to DynamoDB that an alert takes, made once more with boto3
and nothing around it, and the POST (docs/decisions/cpu-of-a-send.md).
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import certifi
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bench.cold_start import environment
from bench.layers import ROOT, Interpreter, build
from bench.measured import measured, served
from bench.report import keep, table, verdict
from bench.twilio_stand_in import HOST, READY
from sandbox.aws.local import LocalAws
from tests.support.tables import RESOURCES, create_tables

if TYPE_CHECKING:
    from collections.abc import Mapping

#: CPU of one alert, all in, as a multiple of the floor. Alone, it bears a whole invocation.
TARGETS = {"a batch of 10": 1.5, "a batch of one": 1.75}
#: The measured process's names, in words, in the order of the table.
OURS = "ours"
BARE = "bare"
FLOOR = "floor"
CPU = {
    "a batch of 10": "an alert, all in, in a batch of 10",
    "a batch of one": "an alert, all in, alone in its batch",
    FLOOR: "the floor: its requests alone, and the POST",
    BARE: "its requests to DynamoDB alone, boto3",
    "in memory": "an alert, stores in memory",
    "one read": "one read of DynamoDB, boto3",
    OURS: "the POST, as it ships",
    "kept": "the POST, official client, kept",
    "new": "the POST, a new official client each",
}
WARM = "warm"
FIRST = {
    WARM: "warm",
    "closed": "first after the server closed the connection",
    "forgotten": "first after longer than a connection is trusted",
    "new client": "with a new official client",
}
ACCOUNT = "AC" + "5a" * 16


@dataclass(frozen=True, slots=True)
class Row:
    """One line: CPU in ms and its multiple of the floor; the most that may be."""

    name: str
    cpu: float
    ratio: float
    target: float | None

    @property
    def met(self) -> bool | None:
        """Whether it is; None where nothing is asked of it."""
        return None if self.target is None else self.ratio <= self.target


def summary(medians: Mapping[str, float]) -> list[Row]:
    """The lines, from medians in ms."""
    floor = medians[BARE] + medians[OURS]
    return [
        Row(words, cpu, cpu / floor, TARGETS.get(name))
        for name, words in CPU.items()
        for cpu in [floor if name == FLOOR else medians[name]]
    ]


def show(seen: Mapping[str, Any], python: Interpreter, rounds: int) -> None:
    """Print both tables."""
    print(
        f"CPU to send, warm, Python {python.number}, median of {rounds} interleaved rounds; "
        f"{seen['dynamodb']:.1f} requests to DynamoDB an alert"
    )
    print(
        table(
            ["what", "CPU ms", "times the floor", "target", ""],
            [
                [row.name, row.cpu, row.ratio, target, verdict(row.met)]
                for row in summary(seen["cpu_ms"])
                for target in ["" if row.target is None else f"≤ {row.target:g}"]
            ],
        )
    )
    print("\nThe first send after a quiet spell: ms on loopback, without a network's round trips")
    warm = seen["first_ms"][WARM]
    rows = []
    for name, words in FIRST.items():
        median, percentile = seen["first_ms"][name]
        rows.append([words, median, percentile, f"{percentile / warm[1]:.1f}"])
    print(table(["send", "median", "p95", "times warm p95"], rows))


def certificates(folder: Path) -> tuple[Path, Path]:
    """A certificate for this machine with its key, and all the usual roots with its own."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "bench")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(HOST))]),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    public = certificate.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    own, roots = folder / "own.pem", folder / "roots.pem"
    own.write_bytes(public + private)
    roots.write_bytes(Path(certifi.where()).read_bytes() + b"\n" + public)
    return own, roots


def measure(python: Interpreter, rounds: int) -> dict[str, Any]:
    """Medians of CPU in ms, requests to DynamoDB, medians and percentiles of first sends in ms."""
    subprocess.run([sys.executable, "-m", "tools.environment", "localaws"], cwd=ROOT, check=True)
    with tempfile.TemporaryDirectory(prefix="ml-connector-bench-") as name, LocalAws() as aws:
        folder = Path(name)
        layers = build(folder, python)
        own, roots = certificates(folder)
        variables = environment() | RESOURCES
        secret = {
            "account_sid": ACCOUNT,
            "auth_token": "sandbox-auth-token",  # nosec B105 # of the simulator
            "from": "+15550100000",
        }
        create_tables(aws.client("dynamodb"))
        aws.client("secretsmanager").create_secret(
            Name=variables["TWILIO_SECRET"], SecretString=json.dumps(secret)
        )
        with served("bench.twilio_stand_in", [own], READY) as url:
            reached = {"AWS_ENDPOINT_URL": aws.endpoint, "TWILIO_BASE_URL": url}
            return measured(
                python,
                layers,
                "bench.twilio_send_child",
                [url, roots, rounds],
                first=[ROOT / "functions" / "send"],
                environment=variables | reached,
            )


def run(python: Interpreter, rounds: int) -> None:
    """Measure, print the tables and keep the figures."""
    seen = measure(python, rounds)
    show(seen, python, rounds)
    warm = seen["first_ms"][WARM][1]
    keep(
        "twilio_send",
        python.number,
        {
            "rounds": rounds,
            "dynamodb_requests_an_alert": round(seen["dynamodb"], 2),
            "cpu": {
                row.name: {
                    "cpu_ms": round(row.cpu, 2),
                    "times_the_floor": round(row.ratio, 2),
                    **({"target": row.target, "met": row.met} if row.target else {}),
                }
                for row in summary(seen["cpu_ms"])
            },
            "first_send": {
                words: {
                    "median_ms": round(seen["first_ms"][name][0], 2),
                    "p95_ms": round(seen["first_ms"][name][1], 2),
                    "times_warm_p95": round(seen["first_ms"][name][1] / warm, 2),
                }
                for name, words in FIRST.items()
            },
        },
    )
