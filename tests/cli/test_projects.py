"""`projects`."""

import pytest

from currents_async.cli._app import run
from currents_async.testing import FakeCurrents, WorldProject
from tests.cli.stdio import rows


def test_list(
    project: WorldProject, service: FakeCurrents, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["projects", "list", "--limit", "5"]) == 0
    assert [one["projectId"] for one in rows(capsys)] == [project.project_id]
