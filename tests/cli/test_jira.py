import pytest

from currents_async.testing import FakeCurrents, WorldRun
from tests.cli.stdio import CommandLine

ABOUT = [
    *("--run", "r", "--test", "t", "--installation", "i"),
    *("--jira-project", "p", "--issue-type", "10"),
]


def test_from_a_failed_test_to_an_issue(
    made: WorldRun, service: FakeCurrents, cli: CommandLine
) -> None:
    jira = service.world.jira()
    there = ("--installation", jira.installation_id)
    [project] = cli("jira", "projects", *there, "--limit", "1").rows
    kinds = cli("jira", "issue-types", project["id"], *there, "--search", "bug").rows
    assert [one["name"] for one in kinds] == ["Bug"]
    test = service.world.view.of_run(made)[0]
    about = ["--run", made.run_id, "--test", test.test_id, *there, "--jira-project", project["id"]]
    about += ["--issue-type", kinds[0]["id"]]
    [issue] = cli("jira", "create", *about, "--field", "f=1=2").rows
    assert issue["url"].endswith(issue["key"])
    [linked] = cli("jira", "link", issue["key"], *about, "--comment", "c").rows
    assert linked["key"] == issue["key"]
    created, commented = jira.issues
    assert (created.fields, commented.comment) == ({"f": "1=2"}, "c")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["projects"], "installation"),
        (["create", *ABOUT[2:]], "run"),
        (["create", *ABOUT, "--field", "f"], "--field must be ID=VALUE"),
        (["create", *ABOUT, "--field", "f=1", "--field", "f=2"], "once for each ID"),
        (["link", "SHOP-1", *ABOUT, "--project", "p", "--without-context"], "comment is needed"),
    ],
)
def test_mistakes(
    service: FakeCurrents, cli: CommandLine, arguments: list[str], message: str
) -> None:
    assert message in cli("jira", *arguments, code=2).err
    assert service.requests == []
