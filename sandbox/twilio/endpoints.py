"""What one operation of Twilio's API is, to the simulator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.twilio.wire import ApiRequest, ApiResponse
    from sandbox.twilio.world import World


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One operation, under the name by which faults and restricted keys know it."""

    name: str
    method: str
    path: str
    handler: Callable[[World, ApiRequest], ApiResponse]
