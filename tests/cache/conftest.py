from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from currents_async import Cache, Currents
from currents_async.testing import FakeCurrents
from tests.support import NoBackoff

Connect = Callable[..., Currents]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the cache is, which does not exist yet."""
    return tmp_path / "made by the cache" / "responses"


@pytest.fixture
def connect(server: FakeCurrents, folder: Path) -> Connect:
    """Make a client with the cache; the keyword arguments are its other ones."""

    def connect(**options: Any) -> Currents:
        known: dict[str, Any] = {
            "base_url": server.url,
            "cache": Cache(folder),
            "clock": NoBackoff(),
        }
        return Currents(options.pop("api_key", server.api_key), **{**known, **options})

    return connect
