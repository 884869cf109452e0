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
def test_nobody_pays_for_what_he_does_not_use(imported: str, unwanted: str) -> None:
    program = f"import sys, {imported}; sys.exit({unwanted!r} in sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True)  # noqa: S603 - our own program
