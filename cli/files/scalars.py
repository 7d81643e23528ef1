"""Texts of others in the files the command writes."""

from __future__ import annotations

import yaml


def quoted(text: str) -> str:
    """A text as a YAML scalar in double quotes, whatever it holds."""
    scalar = yaml.safe_dump(text, default_style='"', allow_unicode=True, width=10_000)
    return str(scalar).strip()
