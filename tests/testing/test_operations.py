from pathlib import Path
from typing import Any

import msgspec
import pytest

from currents_async.testing import World, WorldProject, WorldRun

SAMPLES = Path(__file__).parent.parent / "samples"


def failed(message: str) -> dict[str, str]:
    return {"status": "FAILED", "error": message}


def sample(name: str) -> Any:
    return msgspec.json.decode((SAMPLES / name).read_bytes())


class TestGetRun:
    async def test_returns_the_run(self, served: Any, world: World) -> None:
        run = world.project().run()
        assert await served.call("GET", f"runs/{run.run_id}") == (
            200,
            {"status": "OK", "data": run.payload},
        )

    async def test_unknown(self, served: Any) -> None:
        assert await served.call("GET", "runs/nope") == (404, failed("Run not found"))

    @pytest.mark.parametrize("name", ["run-playwright.json", "run-cypress.json"])
    async def test_serves_samples_verbatim(self, served: Any, world: World, name: str) -> None:
        world.add_run_payload(sample(name)["data"])
        path = f"runs/{sample(name)['data']['runId']}"
        assert await served.call("GET", path) == (200, sample(name))


class TestGetInstance:
    @pytest.mark.parametrize("framework", ["playwright", "cypress"])
    async def test_returns_the_instance(
        self, served: Any, project: WorldProject, framework: Any
    ) -> None:
        run = project.run(framework=framework)
        for index in (39, 0):
            path = f"instances/{run.specs[index].instance_id}"
            assert await served.call("GET", path) == (
                200,
                {"status": "OK", "data": run.instance(index)},
            )

    async def test_unknown(self, served: Any) -> None:
        response = await served.call("GET", "instances/nope")
        assert response == (404, sample("error-404.json"))

    @pytest.mark.parametrize("name", ["instance-playwright.json", "instance-cypress.json"])
    async def test_serves_samples_verbatim(self, served: Any, world: World, name: str) -> None:
        world.add_instance_payload(sample(name)["data"])
        path = f"instances/{sample(name)['data']['instanceId']}"
        assert await served.call("GET", path) == (200, sample(name))

    async def test_a_replaced_payload_is_not_served_from_the_cache(
        self, served: Any, world: World
    ) -> None:
        for number in (1, 2):
            data = {"instanceId": "i", "number": number}
            world.add_instance_payload(data)
            for _ in range(2):
                assert (await served.call("GET", "instances/i"))[1]["data"] == data


class TestFindRun:
    async def find(self, served: Any, project: WorldProject, *query: tuple[str, str]) -> Any:
        pairs = [("projectId", project.project_id), *query]
        status, response = await served.call("GET", "runs/find", params=pairs)
        return response["data"]["runId"] if status == 200 else (status, response["error"])

    async def test_most_recent_complete_run(
        self, served: Any, world: World, project: WorldProject
    ) -> None:
        project.run()
        expected = project.run()
        project.run(running=True)
        project.run(unclaimed=1)
        world.project().run()
        assert await self.find(served, project) == expected.run_id
        expected = project.run(framework="cypress")
        assert await self.find(served, project) == expected.run_id

    async def test_by_branch(self, served: Any, project: WorldProject) -> None:
        one = project.run(branch="release/1")
        two = project.run(branch="release/2")
        main = project.run(branch="main")
        for branch, expected in [
            ("release/1", one.run_id),
            ("release/*", two.run_id),
            ("release/1*", one.run_id),
            ("main", main.run_id),
            ("m*", main.run_id),
            ("release", (404, "Run not found")),
            ("MAIN", (404, "Run not found")),
        ]:
            assert await self.find(served, project, ("branch", branch)) == expected

    async def test_by_build_which_wins_over_the_branch(
        self, served: Any, project: WorldProject
    ) -> None:
        run = project.run(ci_build_id="build 7 é")
        project.run(ci_build_id="build 7 é 8")
        by_build = ("ciBuildId", "build 7 é")
        assert await self.find(served, project, by_build) == run.run_id
        assert await self.find(served, project, by_build, ("branch", "other")) == run.run_id
        assert (await self.find(served, project, ("ciBuildId", "build*")))[0] == 404

    async def test_by_all_tags(self, served: Any, project: WorldProject) -> None:
        both = project.run(tags=["a", "b", "c"])
        one = project.run(tags=["a"])
        a, b, d = (("tags[]", tag) for tag in "abd")
        assert await self.find(served, project, a) == one.run_id
        assert await self.find(served, project, a, b) == both.run_id
        assert await self.find(served, project, a, d) == (404, "Run not found")

    @pytest.mark.parametrize("value", ["true", "false"])
    async def test_last_run_of_playwright(
        self, served: Any, project: WorldProject, value: str
    ) -> None:
        run = project.run()
        assert await self.find(served, project, ("pwLastRun", value)) == run.run_id

    async def test_given_runs_are_found_too(self, served: Any, world: World) -> None:
        data = sample("run-cypress.json")["data"]
        world.add_run_payload(data)
        query = {"projectId": data["projectId"], "branch": "feat/*", "tags[]": "tagB"}
        status, response = await served.call("GET", "runs/find", params=query)
        assert (status, response["data"]) == (200, data)

    @pytest.mark.parametrize(
        ("query", "words"),
        [
            ([], "projectId is required"),
            ([("branch", "main")], "projectId is required"),
            ([("projectId", "")], "projectId is required"),
            ([("projectId", "p"), ("branch", "a b")], "no spaces"),
            ([("projectId", "p"), ("branch", "")], "no spaces"),
            ([("projectId", "p"), ("branch", "*")], "only at its end"),
            ([("projectId", "p"), ("branch", "a*b")], "only at its end"),
            ([("projectId", "p"), ("branch", "a**")], "only at its end"),
            ([("projectId", "p"), ("branch", "x" * 251)], "at most 250"),
            ([("projectId", "p"), ("branch", "a"), ("branch", "b")], "branch must not be repeated"),
            ([("projectId", "p"), ("projectId", "q")], "projectId must not be repeated"),
            ([("projectId", "p"), ("pwLastRun", "yes")], "true or false"),
            ([("projectId", "p"), ("labels", "a")], "labels is not a parameter"),
        ],
    )
    async def test_bad_parameters(
        self, served: Any, query: list[tuple[str, str]], words: str
    ) -> None:
        status, response = await served.call("GET", "runs/find", params=query)
        assert (status, response["status"]) == (400, "FAILED")
        assert words in response["error"]

    async def test_maximum_length_of_a_branch(self, served: Any) -> None:
        query = {"projectId": "p", "branch": "x" * 249 + "*"}
        status, _ = await served.call("GET", "runs/find", params=query)
        assert status == 404


class TestCancelRun:
    async def test_cancels_once(self, served: Any, project: WorldProject) -> None:
        run = project.run(unclaimed=3)
        await served.call("GET", f"runs/{run.run_id}")
        status, response = await served.call("PUT", f"runs/{run.run_id}/cancel")
        assert status == 200
        assert response["data"].keys() == sample("cancel-run.json")["data"].keys()
        assert response["data"].pop("runId") == run.run_id
        _, after = await served.call("GET", f"runs/{run.run_id}")
        assert after["data"]["cancellation"] == response["data"]
        assert after["data"]["completionState"] == "CANCELED"
        assert after["data"]["status"] == "FAILED"
        again = await served.call("PUT", f"runs/{run.run_id}/cancel")
        assert again == (422, sample("error-422-already-cancelled.json"))

    async def test_a_cancelled_run_is_not_found_as_complete(
        self, served: Any, project: WorldProject
    ) -> None:
        run = project.run(running=True)
        await served.call("PUT", f"runs/{run.run_id}/cancel")
        query = {"projectId": project.project_id}
        assert (await served.call("GET", "runs/find", params=query))[0] == 404

    async def test_a_complete_run(self, served: Any, project: WorldProject) -> None:
        run = project.run()
        response = await served.call("PUT", f"runs/{run.run_id}/cancel")
        assert response == (422, failed("Run already completed"))
        assert run.completion_state == "COMPLETE"

    async def test_unknown(self, served: Any) -> None:
        assert await served.call("PUT", "runs/nope/cancel") == (404, failed("Run not found"))


class TestCancelRunByGithubCI:
    PATH = "runs/cancel-ci/github"

    async def cancel(self, served: Any, **body: Any) -> Any:
        status, response = await served.call("PUT", self.PATH, json=body)
        return response["data"]["runId"] if status == 200 else (status, response["error"])

    async def test_by_run_and_attempt(self, served: Any, project: WorldProject) -> None:
        first = project.run(github_run=("123", 1), running=True)
        second = project.run(github_run=("123", 2), running=True)
        assert await self.cancel(served, githubRunId="123", githubRunAttempt=2) == second.run_id
        assert (first.completion_state, second.completion_state) == ("IN_PROGRESS", "CANCELED")
        again = await self.cancel(served, githubRunId="123", githubRunAttempt=2)
        assert again == (422, "Run already cancelled")
        missing = await self.cancel(served, githubRunId="124", githubRunAttempt=1)
        assert missing == (404, "Run not found")

    async def test_scopes(self, served: Any, world: World, project: WorldProject) -> None:
        github: Any = {"github_run": ("123", 1), "running": True}
        here = project.run(**github, ci_build_id="a")
        there = project.run(**github, ci_build_id="b")
        elsewhere = world.project().run(**github, ci_build_id="a")
        ask = {"githubRunId": "123", "githubRunAttempt": 1}
        scope = {"projectId": project.project_id, "ciBuildId": "a"}
        assert await self.cancel(served, **ask, **scope) == here.run_id
        assert await self.cancel(served, **ask, ciBuildId="b") == there.run_id
        assert await self.cancel(served, **ask, ciBuildId="c") == (404, "Run not found")
        # Of several matches, the one that can still be cancelled.
        assert await self.cancel(served, **ask) == elsewhere.run_id

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"{",
            b"\xff",
            b"[]",
            b'{"githubRunId": "1"}',
            b'{"githubRunAttempt": 1}',
            b'{"githubRunId": 1, "githubRunAttempt": 1}',
            b'{"githubRunId": "1", "githubRunAttempt": "one"}',
            b'{"githubRunId": "1", "githubRunAttempt": 1, "projectID": "p"}',
        ],
    )
    async def test_bad_body(self, served: Any, body: bytes) -> None:
        status, response = await served.call("PUT", self.PATH, data=body)
        assert (status, response["status"]) == (400, "FAILED")
        assert "body" in response["error"]


class TestResetRun:
    @pytest.mark.parametrize("framework", ["playwright", "cypress"])
    async def test_takes_the_specs_of_a_machine_back(
        self, served: Any, project: WorldProject, framework: Any
    ) -> None:
        run = project.run(framework=framework, groups=2)
        machine, *others = run.machine_ids
        assert others
        before = run.specs
        status, response = await served.call(
            "PUT",
            f"runs/{run.run_id}/reset",
            json={"machineId": [machine, "unknown"], "isBatchedOr8n": True},
        )
        mine = [spec for spec in before if spec.machine_id == machine]
        assert (status, response["data"]) == (200, {"runId": run.run_id, "specs": len(mine)})
        _, after = await served.call("GET", f"runs/{run.run_id}")
        self.check(after["data"], run, machine)
        for spec in before:
            expected = 404 if spec.machine_id == machine else 200
            status, _ = await served.call("GET", f"instances/{spec.instance_id}")
            assert status == expected

    def check(self, data: dict[str, Any], run: WorldRun, machine: str) -> None:
        assert (data["completionState"], data["status"]) == ("IN_PROGRESS", "RUNNING")
        assert machine not in run.machine_ids
        waiting = [entry for entry in data["specs"] if "instanceId" not in entry]
        assert waiting
        for entry in waiting:
            assert entry["claimedAt"] is entry["completedAt"] is entry["results"] is None
            assert entry.keys().isdisjoint({"machineId", "worker"})
        for name in ("passes", "failures", "pending", "skipped", "flaky"):
            specs = sum(getattr(spec, name) for spec in run.specs)
            assert sum(group["tests"][name] for group in data["groups"]) == specs
        counts = [group["instances"] for group in data["groups"]]
        assert sum(count["overall"] for count in counts) == 40
        assert sum(count["claimed"] for count in counts) == 40 - len(waiting)

    async def test_given_run(self, serve: Any, world: World) -> None:
        for name in ("playwright", "cypress"):
            data = sample(f"run-{name}.json")["data"]
            run = world.add_run_payload(data)
            instance = {"instanceId": data["specs"][0]["instanceId"], "runId": run.run_id}
            world.add_instance_payload(instance)
            async with serve(world) as served:
                body = {"machineId": run.machine_ids}
                path = f"runs/{run.run_id}/reset"
                assert (await served.call("PUT", path, json=body))[0] == 200
                assert run.specs[0].instance_id is None
                assert run.status == "RUNNING"
                assert run.payload["groups"][0]["tests"]["failures"] == 0
                path = f"instances/{instance['instanceId']}"
                assert (await served.call("GET", path))[0] == 404

    async def test_machines_without_specs_change_nothing(
        self, served: Any, project: WorldProject
    ) -> None:
        run = project.run()
        version = run.version
        body = {"machineId": ["unknown"]}
        status, response = await served.call("PUT", f"runs/{run.run_id}/reset", json=body)
        assert (status, response["data"]["specs"]) == (200, 0)
        assert (run.completion_state, run.version) == ("COMPLETE", version)

    async def test_a_cancelled_run_goes_on(self, served: Any, project: WorldProject) -> None:
        run = project.run(unclaimed=1)
        run.cancel()
        body = {"machineId": run.machine_ids}
        await served.call("PUT", f"runs/{run.run_id}/reset", json=body)
        assert run.completion_state == "IN_PROGRESS"
        assert "cancellation" not in run.payload

    @pytest.mark.parametrize(
        "body",
        [
            {"machineId": []},
            {"machineId": [f"m{number}" for number in range(64)]},
            {"machineId": "m1"},
            {"machineId": [1]},
            {"machineId": ["m1"], "isBatchedOr8n": "yes"},
            {"machineIds": ["m1"]},
            {},
        ],
    )
    async def test_bad_body(self, served: Any, project: WorldProject, body: Any) -> None:
        path = f"runs/{project.run().run_id}/reset"
        status, response = await served.call("PUT", path, json=body)
        assert (status, response["status"]) == (400, "FAILED")
        assert response["error"].startswith("Invalid request body: ")

    async def test_malformed_body(self, served: Any, project: WorldProject) -> None:
        response = await served.call("PUT", f"runs/{project.run().run_id}/reset", data=b"{")
        assert response == (400, failed("Request body is not valid JSON"))

    async def test_63_machines_are_not_too_many(self, served: Any, project: WorldProject) -> None:
        path, body = f"runs/{project.run().run_id}/reset", {"machineId": [*map(str, range(63))]}
        assert (await served.call("PUT", path, json=body))[0] == 200

    async def test_unknown(self, served: Any) -> None:
        response = await served.call("PUT", "runs/nope/reset", json={"machineId": ["m"]})
        assert response == (404, failed("Run not found"))


class TestDeleteRun:
    async def test_deletes_the_run_and_its_instances(
        self, served: Any, world: World, project: WorldProject
    ) -> None:
        run, other = project.run(), project.run()
        world.add_instance_payload({"instanceId": "given", "runId": run.run_id})
        instance = f"instances/{run.specs[0].instance_id}"
        assert (await served.call("GET", instance))[0] == 200
        status, response = await served.call("DELETE", f"runs/{run.run_id}")
        assert (status, response["data"]) == (
            200,
            {"runId": run.run_id, "actor": "API Request"},
        )
        assert response["data"].keys() == sample("delete-run.json")["data"].keys()
        for path in (f"runs/{run.run_id}", instance, "instances/given"):
            assert (await served.call("GET", path))[0] == 404
        again = await served.call("DELETE", f"runs/{run.run_id}")
        assert again == (404, failed("Run not found"))
        other_instance = f"instances/{other.specs[0].instance_id}"
        assert (await served.call("GET", other_instance))[0] == 200
        assert project.runs == [other]
