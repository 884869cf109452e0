from pathlib import Path

import pytest

from currents_async.testing import FakeCurrents
from tests.export.exporting import Exporter


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "lake"


@pytest.fixture
def exporter(server: FakeCurrents, target: Path) -> Exporter:
    return Exporter(server, target)
