"""Cut what the functions never use out of an installed layer: `python prune.py FOLDER`.

A layer is unpacked at every cold start and counts against Lambda's 250 MB, and two packages bring
far more than is used: botocore describes every AWS service, twilio has a module for every product.
Only what stands in the lists below stays of those two. Everything else that is removed is named,
and a name that is no longer there ends the build, so that the lists cannot go stale unseen.

Package metadata (`*.dist-info`) stays: it holds the licences and answers `importlib.metadata`.
Standard library only, for it runs before anything is installed.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

# AWS services a function talks to. Add one here together with its first use.
AWS_SERVICES = frozenset({"dynamodb", "lambda", "s3", "secretsmanager", "sns", "sqs"})

# Twilio products a function talks to: messages and calls (api), confirmed voice calls (studio),
# checks of senders and numbers (messaging, lookups, verify).
TWILIO_PRODUCTS = frozenset({"api", "lookups", "messaging", "studio", "verify"})

# Removed as a whole, each for its reason.
UNUSED = {
    "bin": "scripts of the command line",
    "aws_lambda_powertools/event_handler/openapi/swagger_ui": "browser code; we serve no web page",
    "boto3/examples": "sample texts for generated documentation",
    "certifi/tests": "tests",
}


def main(root: Path) -> None:
    """Prune the packages installed in `root`, in place.

    Raises SystemExit, naming it, where something in the lists is missing.
    """
    for name in UNUSED:
        shutil.rmtree(_existing(root / name))
    _keep(root / "twilio" / "rest", TWILIO_PRODUCTS)
    _keep(root / "botocore" / "data", AWS_SERVICES)
    # Only some services have resources besides a client, so none of these has to be there.
    for folder in _folders(root / "boto3" / "data"):
        if folder.name not in AWS_SERVICES:
            shutil.rmtree(folder)
    # Sample requests, read by nothing but the documentation generator.
    for examples in (root / "botocore" / "data").glob("*/*/examples-1.json*"):
        examples.unlink()
    _keep_endpoints(root / "botocore" / "data" / "endpoints.json")


def _keep(folder: Path, names: frozenset[str]) -> None:
    """Remove every sub-folder of `folder` that is not in `names`."""
    for name in names:
        _existing(folder / name)
    for child in _folders(folder):
        if child.name not in names:
            shutil.rmtree(child)


def _keep_endpoints(path: Path) -> None:
    """Leave out the endpoints of other services: botocore parses this file at every cold start."""
    endpoints = json.loads(_existing(path).read_text(encoding="utf-8"))
    for partition in endpoints["partitions"]:
        services = partition["services"]
        partition["services"] = {
            name: services[name] for name in sorted(AWS_SERVICES & services.keys())
        }
    path.write_text(json.dumps(endpoints, separators=(",", ":")), encoding="utf-8")


def _folders(folder: Path) -> list[Path]:
    return [child for child in folder.iterdir() if child.is_dir()]


def _existing(path: Path) -> Path:
    if not path.exists():
        sys.exit(f"prune.py: {path} is not there; bring the lists in prune.py up to date")
    return path


if __name__ == "__main__":
    main(Path(sys.argv[1]))
