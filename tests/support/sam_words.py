"""The SAM CLI as the runbooks type it: `sam build`, `sam deploy`, `sam delete`.

A deployment is the local world's matter, which knows the code and the template; here only the words
count, taken apart as the SAM CLI takes them (`Name=value`, a backslash before a quote): what was
built and deployed is noted in the folder, for `runbook.py`. A stack is really deleted.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import boto3

from sandbox.aws import wait

_STARTED = "DELETE_IN_PROGRESS"


def main(words: list[str]) -> int:
    """Run one command in the folder it is typed in."""
    commands = {"build": _build, "deploy": _deploy, "delete": _delete}
    if not words or words[0] not in commands:
        sys.stderr.write(f"no such command here: sam {' '.join(words)}\n")
        return 2
    return commands[words[0]](words[1:])


def _build(_: list[str]) -> int:
    for mark in ("built", "built_once"):
        Path(mark).touch()
    return 0


def _deploy(words: list[str]) -> int:
    if not Path("built_once").exists():
        # SAM would take the layers' sources for the layers, and no function could import.
        sys.stderr.write("nothing was built here\n")
        return 1
    name = "--parameter-overrides"
    given = words[words.index(name) + 1 :] if name in words else []
    named = dict(word.split("=", 1) for word in given if not word.startswith("--"))
    parameters = {name: value.replace('\\"', '"') for name, value in named.items()}
    Path("deployed.json").write_text(json.dumps(parameters), encoding="utf-8")
    return 0


def _delete(words: list[str]) -> int:
    """Ask as the SAM CLI does, delete, and wait until CloudFormation has come to its end."""
    name = words[words.index("--stack-name") + 1]
    sys.stdout.write(f"Are you sure you want to delete the stack {name}? [y/N]: ")
    if sys.stdin.readline().strip() != "y":
        return 1
    client = boto3.client("cloudformation")
    stack = client.describe_stacks(StackName=name)["Stacks"][0]["StackId"]
    client.delete_stack(StackName=name)

    def ended() -> str | None:
        status = str(client.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"])
        return None if status == _STARTED else status

    status = wait.until(ended, f"stack {name} to be gone", timeout=60.0)
    sys.stdout.write(f"\n{status}\n")
    return 0 if status == "DELETE_COMPLETE" else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
