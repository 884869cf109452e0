"""Tests address loopback only, and so does what they start."""

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.guard.plugin import take_report

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parents[2]
ELSEWHERE = "192.0.2.1"
"""Of TEST-NET-1, which is for documents."""


def connect() -> None:
    with socket.socket() as tcp:
        tcp.connect((ELSEWHERE, 9))


def connect_through_the_loop() -> None:
    asyncio.run(asyncio.wait_for(asyncio.open_connection(ELSEWHERE, 9), 5))


def send() -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as udp:
        udp.sendto(b"", (ELSEWHERE, 9))


def resolve() -> None:
    socket.getaddrinfo("host.invalid", 443)


@pytest.mark.parametrize("address", [connect, connect_through_the_loop, send, resolve])
def test_what_addresses_another_machine_is_stopped(address: Callable[[], None]) -> None:
    with pytest.raises(RuntimeError, match="loopback only"):
        address()
    assert take_report().startswith("socket.")


def test_a_child_is_guarded_as_well() -> None:
    program = f"import socket; socket.create_connection(({ELSEWHERE!r}, 9), 5)"
    child = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)  # noqa: S603
    assert child.returncode == 1
    assert ELSEWHERE in take_report()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_loopback_is_free(host: str, unused_port: int) -> None:
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, unused_port))


def test_catching_the_error_does_not_hide_the_attempt(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT), prepend=os.pathsep)
    pytester.makepyfile(
        """
        import socket

        def test_of_a_client_that_catches_everything():
            try:
                socket.create_connection(("192.0.2.1", 9), 5)
            except Exception:
                pass
        """
    )
    result = pytester.runpytest_subprocess("-ptests.guard.plugin", "-pno:xdist")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*more than loopback was addressed:", "socket.connect*192.0.2.1*"])
