"""Fail the test in which anything but loopback was addressed, by it or by what it started."""

import os
import sys
import tempfile
from pathlib import Path

import pytest

from tests.guard.sitecustomize import REPORT, guard


def pytest_configure(config: pytest.Config) -> None:
    descriptor, name = tempfile.mkstemp(prefix="loopback-guard-")
    os.close(descriptor)
    config.add_cleanup(Path(name).unlink)
    os.environ[REPORT] = name
    here, others = str(Path(__file__).parent), os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = f"{here}{os.pathsep}{others}" if others else here
    sys.addaudithook(guard)


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown() -> None:
    if outside := take_report():
        pytest.fail(f"more than loopback was addressed:\n{outside}", pytrace=False)


def take_report() -> str:
    """Return what has been stopped since the last time."""
    path = Path(os.environ[REPORT])
    if path.stat().st_size == 0:
        return ""
    text = path.read_text(encoding="utf-8")
    path.write_bytes(b"")
    return text
