"""A runbook page as a program: its own code blocks, run by a shell against a local world.

    page = Runbook("dead-letters", world, folder)
    page.run("ml-connector redrive", answers="n")

The commands are those of the page, to the letter, but for what it leaves to its reader: the stage,
and words such as BILL. `ml-connector` is the real one; `aws` and `sam` are small stand-ins (neither
need be installed) that ask the local AWS.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.aws.local import ROOT
from sandbox.world import LocalWorld

PAGES = ROOT / "docs" / "runbooks"
_FENCED = re.compile(r"^(?P<indent> *)```\n(?P<text>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`((?:ml-connector|sam|aws) [^`]+)`")
_STAND_INS = {
    "ml-connector": "-m cli",
    "aws": "-m tests.support.aws_words",
    "sam": "-m tests.support.sam_words",
}
_TIMEOUT = 120.0


def blocks_of(page: str) -> list[str]:
    """The code blocks of a page, without their indentation."""
    text = (PAGES / f"{page}.md").read_text(encoding="utf-8")
    return [textwrap.dedent(found["text"]) for found in _FENCED.finditer(text)]


def inline_of(page: str) -> list[str]:
    """The commands within its sentences and tables."""
    text = (PAGES / f"{page}.md").read_text(encoding="utf-8")
    return _INLINE.findall(_FENCED.sub("", text))


@dataclass
class Runbook:
    """One page and what was run of it. `words` are put in the place of the page's own."""

    name: str
    world: LocalWorld
    folder: Path
    words: Mapping[str, str] = field(default_factory=dict)
    done: set[str] = field(default_factory=set)
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
        """Code blocks of the page that were not run."""
        return [block for block in blocks_of(self.name) if block not in self.done]

    def shell(self, text: str, answers: str = "", words: Mapping[str, str] | None = None) -> str:
        """What commands print; `status` is how the last of them ended."""
        for word, value in {**self._usual(), **self.words, **(words or {})}.items():
            text = text.replace(word, value)
        asked = self.folder / "deployed.json"
        asked.unlink(missing_ok=True)
        done = subprocess.run(
            ["/bin/bash", "-u", "-c", text],
            cwd=self.folder,
            env=self._environment(asked),
            input=answers,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT,
            check=False,
        )
        if asked.exists():
            self.world.stack.update(json.loads(asked.read_text()))
        self.status = done.returncode
        return done.stdout + done.stderr

    # ------------------------------------------------------------------------------ inside
    def _usual(self) -> dict[str, str]:
        return {
            "ml-connector-prod-": f"{self.world.stack.name}-",
            "ml-connector/prod/": "ml-connector/local/",
            "Stage=prod": "Stage=local",
            "--config-env prod": "--config-env local",
        }

    def _environment(self, asked: Path) -> dict[str, str]:
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
            "ML_CONNECTOR_STAGE": "local",
            "COLUMNS": "300",
            "SAM_WORDS_FILE": str(asked),
        }
