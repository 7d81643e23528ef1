"""What a driver has seen, told to a person on stdout and to the harness in a file."""

from __future__ import annotations

import json
import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any


class Report:
    """Collects while it prints; `write` ends it."""

    def __init__(self, package: str) -> None:
        print(f"{package} {version(package)} on Python {platform.python_version()}")
        self._seen: dict[str, Any] = {"errors": {}, "bills": []}

    def logged_in(self) -> None:
        print("  logged in")
        self._seen["logged_in"] = True

    def vendors(self, names: dict[str, str]) -> None:
        shown = ", ".join(f"{number} {name}" for number, name in sorted(names.items()))
        print(f"  {len(names)} vendors: {shown}")
        self._seen["vendors"] = names

    def bills(self, numbers: list[str]) -> None:
        """One page of them, or all at once where the client pages by itself."""
        self._seen["bills"] += numbers
        print(f"  bills: {len(numbers)}")

    def error(self, about: str, error: Exception) -> None:
        text = " ".join(str(error).split())
        print(f"  {about}: {type(error).__name__}: {text[:160]}")
        self._seen["errors"][about] = type(error).__name__

    def write(self) -> None:
        Path(os.environ["SANDBOX_REPORT"]).write_text(json.dumps(self._seen))
