"""The client that openapi-python-client makes of the API's OpenAPI document."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

DOCUMENT = Path(__file__).parents[1] / "docs/api/openapi-runs-instances.json"


def generate(folder: Path) -> None:
    """Write the package `generated` into a folder; do nothing without the generator."""
    if find_spec("openapi_python_client") is None:
        return
    config = folder / "openapi-python-client.json"
    config.write_text('{"post_hooks": []}')  # what it looks like is of no interest
    subprocess.run(  # noqa: S603 - a fixed command
        [
            *(sys.executable, "-c", "from openapi_python_client.cli import app; app()"),
            *("generate", "--path", str(DOCUMENT), "--config", str(config)),
            *("--output-path", str(folder / "generated"), "--meta", "none", "--overwrite"),
        ],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
