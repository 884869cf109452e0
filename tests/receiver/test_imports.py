import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("imported", "unwanted"),
    [
        ("currents_async", "currents_async.receiver"),
        ("currents_async.receiver", "aiohttp.web"),
    ],
)
def test_extras_are_not_imported_before_they_are_used(imported: str, unwanted: str) -> None:
    program = f"import sys, {imported}; sys.exit({unwanted!r} in sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True)  # noqa: S603 - our own program
