"""What a cold start costs: CPU to import each function and make its clients.

Each measurement is a fresh process in isolated mode without site-packages, so that the built
layers, bytecode included, are all it can import, as on Lambda. The candidates take turns in every
round, in a shuffled order; the figure is the median of user and system time over that of an empty
interpreter. The measure is `import boto3` with three clients of one session: what any function
that talks to DynamoDB, SQS and Secrets Manager has to pay. Ratios to it are taken round by round,
for a machine that others use is quicker in one round than in the next, and the median counts.
"""

from __future__ import annotations

import os
import random
import statistics
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bench.layers import LAYERS, ROOT, Interpreter, build
from bench.report import keep, table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

EMPTY = "empty interpreter"
MEASURE = "boto3 and three clients"
#: Function → the most it may cost, as a multiple of MEASURE.
TARGETS = {"poll": 1.3, "send": 1.5, "status_check": 1.3}
# What importing a function leaves to its first event: the other clients, Intacct's and Twilio's.
# Secrets come from here, for there is nobody to ask.
_TWILIO = """
class Secrets:
    client = container.client("secretsmanager")
    def read(self, secret_id, *, fresh=False):
        account = "AC" + "0" * 32
        known = {"account_sid": account, "auth_token": "token", "from": "+15550100000"}
        return known | SETTINGS
container.secrets = Secrets()
made = container.dispatch_ports
container.twilio.connection.warm_up()
"""
_FLOW = "FW" + "0" * 32
_TEXTS = _TWILIO.replace("SETTINGS", "{}")
# The first confirmed call of a container loads Studio's classes as well.
_CALLS = (
    _TWILIO.replace("SETTINGS", repr({"voice_flow": _FLOW}))
    + f"""
container.twilio.connection.flow({_FLOW!r})
"""
)
_INTACCT = """
class Secrets:
    client = container.client("secretsmanager")
    def read(self, secret_id, fresh=False):
        names = "company_id", "user_id", "user_password", "sender_id", "sender_password"
        entry = dict.fromkeys(names, "bench")
        return entry | {"companies": {"bench": entry}}
container.secrets = Secrets()
made = container.poll_ports.companies.source("bench"), container.doorbell, container.invoker
"""
_LATER = {"poll": _INTACCT, "send": _TEXTS, "status_check": _TEXTS}

_BOTO3 = """
import boto3
session = boto3.session.Session()
clients = [session.client(name) for name in ("dynamodb", "sqs", "secretsmanager")]
"""
# What a function of this kind imports when nobody looks: PynamoDB makes a session per table.
_USUAL = (
    _BOTO3
    + """
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType
from pynamodb.connection import Connection
from twilio.rest import Client
connections = [Connection().client for _ in range(5)]
Logger(), Metrics(), BatchProcessor(EventType.SQS), Client("AC", "token").messages
"""
)


def candidates(layers: Sequence[Path]) -> dict[str, str]:
    """What is measured: name → the program of its process.

    On Lambda the function's folder comes first on the path, then the layers'.
    """
    folders = [str(layer / "python") for layer in layers]
    programs = {EMPTY: "", MEASURE: _BOTO3, "the usual imports": _USUAL}
    made = {name: _program(folders, code) for name, code in programs.items()}
    for name, later in _LATER.items():
        path = [str(ROOT / "functions" / name), *folders]
        made[name] = _program(path, f"from app import container\n{later}")
        made[f"{name}, import alone"] = _program(path, "import app\n")
        if later is _TEXTS:
            made[f"{name}, with a call"] = _program(path, f"from app import container\n{_CALLS}")
    return made


def _program(path: list[str], code: str) -> str:
    return f"import sys\nsys.path[:0] = {path!r}\n{code}"


def measure(
    programs: Mapping[str, str], python: str, environment: Mapping[str, str], rounds: int
) -> dict[str, list[float]]:
    """Run every program once in each round: name → CPU milliseconds. SystemExit where one fails."""
    samples: dict[str, list[float]] = {name: [] for name in programs}
    order = list(programs)
    for number in range(rounds + 1):
        random.shuffle(order)
        for name in order:
            cpu = _run([python, "-I", "-S", "-B", "-c", programs[name]], environment, name)
            # The first round fills the file cache and does not count.
            if number:
                samples[name].append(cpu)
    return samples


def _run(command: list[str], environment: Mapping[str, str], name: str) -> float:
    with tempfile.TemporaryFile() as errors:
        child = subprocess.Popen(
            command,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
        )
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            errors.seek(0)
            raise SystemExit(f"{name} failed:\n{errors.read().decode(errors='replace')}")
    return (usage.ru_utime + usage.ru_stime) * 1000


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the result: median CPU in ms over the empty interpreter's, and its multiple of
    MEASURE's.
    """

    name: str
    cpu: float
    ratio: float
    target: float | None


def summary(samples: Mapping[str, Sequence[float]]) -> list[Row]:
    """Medians and ratios of what was measured, the empty interpreter left out."""
    empty = statistics.median(samples[EMPTY])
    rows = []
    for name, taken in samples.items():
        if name != EMPTY:
            pairs = zip(taken, samples[MEASURE], strict=True)
            ratio = statistics.median((cpu - empty) / (whole - empty) for cpu, whole in pairs)
            rows.append(Row(name, statistics.median(taken) - empty, ratio, TARGETS.get(name)))
    return rows


def environment() -> dict[str, str]:
    """A function's variables as the template sets them, with values that reach nothing."""
    tables = ("SESSIONS", "DOCUMENTS", "ALERTS", "FLOWS", "APPROVERS", "AUDIT")
    return {
        **{f"{name}_TABLE": f"bench-{name.lower()}" for name in tables},
        "STAGE": "bench",
        "ALERTS_QUEUE_URL": "http://127.0.0.1:9/000000000000/alerts",
        "INTACCT_SECRET": "ml-connector/bench/intacct",  # nosec B105 # the name of a secret
        "TWILIO_SECRET": "ml-connector/bench/twilio",  # nosec B105 # the name of a secret
        "SESSION_CAP_SECONDS": "3000",
        "TIMINGS": "{}",
        "FUNCTION_TIMEOUT_SECONDS": "30",
        "SEND_TIMEOUT_SECONDS": "30",
        "POWERTOOLS_SERVICE_NAME": "ml-connector",
        "POWERTOOLS_METRICS_NAMESPACE": "MlConnector",
        "POWERTOOLS_LOG_LEVEL": "INFO",
        "AWS_LAMBDA_FUNCTION_NAME": "bench",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "bench",
        "AWS_SECRET_ACCESS_KEY": "bench",  # nosec B105 # opens nothing
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "LANG": "C.UTF-8",
        "PATH": os.defpath,
    }


def show(rows: Sequence[Row], python: Interpreter, rounds: int) -> None:
    """Print the table."""
    print(
        f"Cold start: CPU over an empty interpreter, Python {python.number}, "
        f"median of {rounds} interleaved rounds"
    )
    heads = ["imports and clients", "CPU ms", "ratio", "target"]
    print(
        table(
            heads,
            [
                [
                    row.name,
                    f"{row.cpu:.0f}",
                    row.ratio,
                    f"≤ {row.target}" if row.target else "",
                ]
                for row in rows
            ],
        )
    )


def run(python: Interpreter, rounds: int) -> None:
    """Build the layers, measure, print the table and keep the figures."""
    with tempfile.TemporaryDirectory(prefix="ml-connector-bench-") as folder:
        layers = build(Path(folder), python)
        programs = candidates([layers[name] for name in LAYERS])
        samples = measure(programs, python.executable, environment(), rounds)
    rows = summary(samples)
    show(rows, python, rounds)
    figures = {
        row.name: {
            "cpu_ms": round(row.cpu, 1),
            "ratio": round(row.ratio, 3),
            "target": row.target,
        }
        for row in rows
    }
    keep("cold_start", python.number, {"rounds": rounds, "over_empty": figures})
