"""What all parts of the language have in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Part(BaseModel):
    """Nothing unknown is taken, for a misspelt condition would match every bill."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
