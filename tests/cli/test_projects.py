from currents_async.testing import FakeCurrents, WorldProject
from tests.cli.stdio import CommandLine


def test_list(project: WorldProject, service: FakeCurrents, cli: CommandLine) -> None:
    rows = cli("projects", "list", "--limit", "5").rows
    assert [one["projectId"] for one in rows] == [project.project_id]
