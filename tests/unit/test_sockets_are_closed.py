from __future__ import annotations

import socket

import pytest
from pytest_socket import SocketBlockedError


def test_a_unit_test_cannot_open_a_socket() -> None:
    blocked = pytest.raises(SocketBlockedError)
    with pytest.warns(UserWarning, match="tried to use socket"), blocked:
        socket.socket(socket.AF_INET, socket.SOCK_STREAM)
