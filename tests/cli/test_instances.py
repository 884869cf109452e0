"""`instances`."""

import pytest

from currents_async.cli._app import run
from currents_async.testing import FakeCurrents, WorldProject
from tests.cli.stdio import rows


def test_get(
    project: WorldProject, service: FakeCurrents, capsys: pytest.CaptureFixture[str]
) -> None:
    made = project.run(specs=4, failures=1, flaky=1)
    [spec, *_] = made.specs
    assert run(["instances", "get", str(spec.instance_id), "--fields", "spec,runId"]) == 0
    assert rows(capsys) == [{"spec": spec.path, "runId": made.run_id}]
