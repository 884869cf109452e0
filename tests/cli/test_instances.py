from currents_async.testing import FakeCurrents, WorldProject
from tests.cli.stdio import CommandLine


def test_get(project: WorldProject, service: FakeCurrents, cli: CommandLine) -> None:
    made = project.run(specs=4, failures=1, flaky=1)
    [spec, *_] = made.specs
    rows = cli("instances", "get", str(spec.instance_id), "--fields", "spec,runId").rows
    assert rows == [{"spec": spec.path, "runId": made.run_id}]
