"""Wiring for the daily root. What it needs is loaded and connected once a day, by the tick that has
time for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date, datetime

    from .container import Container


class RootKeeper:
    """Keeps one root a day; a container that knows it is done asks nobody."""

    def __init__(self, container: Container) -> None:
        self._container = container
        self._done: date | None = None

    def go_on(self, until: datetime) -> None:
        """Go on with today's root while there is time."""
        container = self._container
        bucket, today = container.settings.roots_bucket, container.clock.now().date()
        if not bucket or self._done == today:
            return
        from ml_connector.aws.roots import S3RootShelf  # noqa: PLC0415 - no tick but this one
        from ml_connector.store.heads import DynamoHeads  # noqa: PLC0415 - as above
        from ml_connector.usecases.rooting import RootPorts, keep_root  # noqa: PLC0415 - as above

        container.connection  # noqa: B018 - binds the models
        ports = RootPorts(
            heads=DynamoHeads(),
            shelf=S3RootShelf(container.client("s3"), bucket),
            clock=container.clock,
            telemetry=container.telemetry,
        )
        if keep_root(ports, until):
            self._done = today
