from typing import Any

import pytest

from currents_async.testing import World, WorldJira, WorldProject

PROJECTS = "integrations/jira/projects"


@pytest.fixture
def jira(world: World) -> WorldJira:
    return world.jira()


async def test_the_number_of_projects_and_types_can_be_chosen(served: Any, world: World) -> None:
    jira = world.jira(projects=237, issue_types=237)
    installation = ("jira_installation_id", jira.installation_id)
    projects = await served.turn(PROJECTS, installation, limit=50)
    path = f"{PROJECTS}/{projects[100]['id']}/issue-types"
    types = await served.turn(path, installation, limit=100)
    key = projects[7]["key"]
    found = await served.turn(PROJECTS, installation, ("search", key.lower()))
    assert projects[7] in found
    assert len(found) < 20
    named = await served.turn(path, installation, ("search", "TASK"))
    assert projects == jira.projects
    assert types == jira.issue_types
    for items, name in ((projects, "key"), (projects, "id"), (types, "id"), (types, "name")):
        assert len({item[name] for item in items}) == 237
    assert [one["name"] for one in named] == ["Task", "Sub-task"]


def test_same_seed_same_jira() -> None:
    one, two = World(seed=3), World(seed=3)
    assert one.jira().projects == two.jira().projects
    assert one.jira().installation_id == two.jira().installation_id
    assert len({jira.installation_id for jira in one.jiras}) == 2


class TestIssues:
    @pytest.fixture
    def body(self, world: World, project: WorldProject, jira: WorldJira) -> dict[str, Any]:
        run = project.run(failures=3)
        test = next(one for one in world.view.of_run(run) if one.state == "failed")
        return {
            "runId": run.run_id,
            "testId": test.test_id,
            "jiraInstallationId": jira.installation_id,
            "jiraProjectId": jira.projects[1]["id"],
            "jiraIssueType": jira.issue_types[0]["id"],
        }

    async def test_create(
        self, served: Any, project: WorldProject, jira: WorldJira, body: Any
    ) -> None:
        path = f"projects/{project.project_id}/jira/issues"
        fields = [{"fieldId": "customfield_1", "value": "größe"}]
        keys: list[str] = []
        for extra in ({}, {"customFields": fields}):
            status, response = await served.call("POST", path, json={**body, **extra})
            assert status == 200
            keys.append(response["data"]["key"])
        project_key = jira.projects[1]["key"]
        assert keys == [f"{project_key}-1", f"{project_key}-2"]
        assert [issue.key for issue in jira.issues] == keys
        assert jira.issues[1].fields == {"customfield_1": "größe"}
        assert jira.issues[1].test_id == body["testId"]

    async def test_link(
        self, served: Any, project: WorldProject, jira: WorldJira, body: Any
    ) -> None:
        key = f"{jira.projects[1]['key']}-12"
        path = f"projects/{project.project_id}/jira/issues/{key}/link"
        for extra, expected in (
            ({}, 200),
            ({"includeContextInComment": True}, 200),
            ({"includeContextInComment": False}, 400),
            ({"includeContextInComment": False, "comment": "  "}, 400),
            ({"includeContextInComment": False, "comment": "Seen again"}, 200),
            ({"customFields": []}, 400),
        ):
            status, response = await served.call("POST", path, json={**body, **extra})
            assert status == expected
            assert status != 200 or response["data"]["key"] == key
        wrong = path.replace(key, "OTHER-1")
        assert (await served.call("POST", wrong, json=body))[0] == 404
        assert jira.issues[-1].comment == "Seen again"
        assert len({issue.issue_id for issue in jira.issues}) == 1

    @pytest.mark.parametrize(
        "name", ["runId", "testId", "jiraInstallationId", "jiraProjectId", "jiraIssueType"]
    )
    async def test_unknown_ids(
        self,
        served: Any,
        world: World,
        project: WorldProject,
        jira: WorldJira,
        body: Any,
        name: str,
    ) -> None:
        other = world.project()
        issues = f"projects/{project.project_id}/jira/issues"
        for path in (issues, f"{issues}/{jira.projects[1]['key']}-1/link"):
            for value, expected in (("nope", 404), ("", 400), (None, 400), (1, 400)):
                response = await served.call("POST", path, json={**body, name: value})
                assert response[0] == expected
            elsewhere = path.replace(project.project_id, other.project_id)
            assert (await served.call("POST", elsewhere, json=body))[0] == 404
        assert jira.issues == []
