"""A runbook page as a program: its own code blocks, run by a shell against a local world.

    page = Runbook("dead-letters", world, folder)
    page.run("ml-connector redrive", answers="n")

The commands are those of the page, to the letter, but for what it leaves to its reader: the stage,
and words such as BILL. `ml-connector` is the real one; `aws` and `sam` are small stand-ins (neither
need be installed) that ask the local AWS. What `sam` builds is the tree with what is `at_hand`.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.aws.local import ROOT
from sandbox.aws.stack import deploy
from sandbox.world import LocalWorld
from tests.support.runbook_pages import LEFT_TO_THE_READER, blocks_of, inline_of

_STAND_INS = {
    "ml-connector": "-m cli",
    "aws": "-m tests.support.aws_words",
    "sam": "-m tests.support.sam_words",
}
_TIMEOUT = 120.0


@dataclass
class Runbook:
    """One page and what was run of it. `words` are put in the place of the page's own.

    `at_hand` changes the tree its reader has: the version that is deployed next, once it is built.
    """

    name: str
    world: LocalWorld
    folder: Path
    words: Mapping[str, str] = field(default_factory=dict)
    done: set[str] = field(default_factory=set)
    at_hand: Sequence[tuple[str, str, str]] = ()
    status: int = 0

    def run(self, part: str, *, answers: str = "", **words: str) -> str:
        """Run the one code block that has `part` in it; what it printed, errors too.

        `answers` is what somebody types. Each of the `words` stands in the page.
        """
        (block,) = [text for text in blocks_of(self.name) if part in text]
        self.done.add(block)
        return self.shell(block, answers, words)

    def run_inline(self, part: str, *, answers: str = "", **words: str) -> str:
        """The same for a command within a sentence or a table."""
        (command,) = {text for text in inline_of(self.name) if part in text}
        return self.shell(command, answers, words)

    def left(self) -> list[str]:
        """Code blocks of the page that were not run, but for those that are left to its reader."""
        listed = LEFT_TO_THE_READER.get(self.name, {})
        return [
            block
            for block in blocks_of(self.name)
            if block not in self.done and not any(part in block for part in listed)
        ]

    def shell(self, text: str, answers: str = "", words: Mapping[str, str] | None = None) -> str:
        """What commands print; `status` is how the last of them ended."""
        for word, value in {**self._usual(), **self.words, **(words or {})}.items():
            text = text.replace(word, value)
        done = subprocess.run(
            ["/bin/bash", "-u", "-c", text],
            cwd=self.folder,
            env=self._environment(),
            input=answers,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT,
            check=False,
        )
        self._deploy()
        self.status = done.returncode
        return done.stdout + done.stderr

    # ------------------------------------------------------------------------------ inside
    @property
    def _stage(self) -> str:
        return self.world.stack.name.removeprefix("ml-connector-")

    def _usual(self) -> dict[str, str]:
        return {
            "ml-connector-prod": self.world.stack.name,
            "ml-connector/prod/": f"ml-connector/{self._stage}/",
            "Stage=prod": f"Stage={self._stage}",
            "--config-env prod": f"--config-env {self._stage}",
        }

    def _deploy(self) -> None:
        """What `sam deploy` was asked for: the code as well, if it was built since the last one."""
        built, asked = self.folder / "built", self.folder / "deployed.json"
        if not asked.exists():
            return
        given = json.loads(asked.read_text(encoding="utf-8"))
        asked.unlink()
        if not built.exists():
            self.world.stack.update(given)
            return
        built.unlink()
        stack = self.world.stack
        self.world.stack = deploy(
            self.world.aws,
            ROOT / "template.yaml",
            stack.parameters | given,
            name=stack.name,
            mutations=self.at_hand,
        )

    def _environment(self) -> dict[str, str]:
        programs = self.folder / "programs"
        programs.mkdir(exist_ok=True)
        for name, module in _STAND_INS.items():
            program = programs / name
            words = f"{shlex.quote(sys.executable)} {module}"
            program.write_text(f'#!/bin/sh\nexec {words} "$@"\n', encoding="utf-8")
            program.chmod(0o700)
        path = os.pathsep.join([str(programs), os.environ.get("PATH", os.defpath)])
        return self.world.aws.environment() | {
            "PATH": path,
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "layers" / "connector")]),
            "ML_CONNECTOR_STAGE": self._stage,
            "COLUMNS": "300",
        }
