"""Unit tests open no socket: what needs one is an adapter's test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_socket import disable_socket, enable_socket


@pytest.fixture(autouse=True)
def sockets_closed() -> Iterator[None]:
    disable_socket(allow_unix_socket=True)
    yield
    enable_socket()
