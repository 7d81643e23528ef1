"""The real `ml-connector` command, run by somebody with credentials of their own."""

from __future__ import annotations

import os
from collections.abc import Sequence

import boto3
import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from sandbox.aws.local import REGION
from sandbox.world import LocalWorld


def run(
    world: LocalWorld, person: boto3.Session, *words: str, answers: Sequence[str] = ()
) -> Result:
    """A command against the stack of a world, with answers for standard input."""
    keys = person.get_credentials()
    environment = {
        "AWS_ENDPOINT_URL": world.aws.endpoint,
        "AWS_ACCESS_KEY_ID": keys.access_key,
        "AWS_SECRET_ACCESS_KEY": keys.secret_key,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        **world.aws.access.bundle,
    }
    with pytest.MonkeyPatch.context() as patched:
        for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION"):
            patched.delenv(name, raising=False)
        for name, value in environment.items():
            patched.setenv(name, value)
        try:
            return CliRunner().invoke(
                app, [*words, "--stage", "local"], input="".join(f"{line}\n" for line in answers)
            )
        finally:
            # The command points the models of this process at its own connection.
            world.rebind()
