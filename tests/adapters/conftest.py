"""What many tests of adapters stand on, started for a file that asks for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from sandbox.twilio.simulator import TwilioSimulator


@pytest.fixture(scope="module")
def simulator() -> Iterator[TwilioSimulator]:
    """A simulated Twilio whose time passes only when it is told to."""
    from sandbox.twilio.simulator import TwilioSimulator  # noqa: PLC0415 - most files need none

    with TwilioSimulator(clock_running=False) as running:
        yield running
