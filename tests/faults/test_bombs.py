"""Small answers that become large ones: the memory they take, in a process of its own."""

import asyncio
import sys
from pathlib import Path

import pytest

from currents_async.testing import FaultyServer, faults
from currents_async.testing.faulty import Fault

MiB = 1024 * 1024
CHILD = Path(__file__).with_name("bomb_child.py")


@pytest.mark.skipif(sys.platform == "win32", reason="no resource module")
@pytest.mark.parametrize(
    ("fault", "error"),
    [
        pytest.param(faults.gzip_bomb(128 * MiB, "string"), "ResponseTooLargeError", id="a string"),
        # Just below the limit, so that all of it is kept until the end.
        pytest.param(faults.gzip_bomb(31 * MiB, "string"), "DecodeError", id="a string of 31 MiB"),
        pytest.param(faults.gzip_bomb(31 * MiB, "objects"), "ResponseTooLargeError", id="objects"),
    ],
)
async def test_sixteen_bombs_at_once(fault: Fault, error: str) -> None:
    async with FaultyServer(fault) as server:
        child = await asyncio.create_subprocess_exec(
            sys.executable, str(CHILD), server.url, stdout=asyncio.subprocess.PIPE
        )
        out, _ = await child.communicate()
    assert child.returncode == 0
    grown, *errors = out.decode().split()
    assert errors == [error]
    assert int(grown) <= 192, grown
