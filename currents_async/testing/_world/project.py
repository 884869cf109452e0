"""A project of a world, and how its runs are made."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import cycle

from currents_async._checks import check_choice, check_texts
from currents_async.errors import InvalidArgumentError
from currents_async.testing._world.facts import (
    Framework,
    RunFacts,
    SchemaVersion,
    Wire,
    make_groups,
)
from currents_async.testing._world.ids import base62, date_ms, epoch_ms, hexadecimal, iso, stream
from currents_async.testing._world.playback import FRAMEWORKS, play
from currents_async.testing._world.run import WorldRun
from currents_async.testing._world.text import AUTHORS, COMMIT_MESSAGES, pull_request_title

_BETWEEN_RUNS = 60 * 60 * 1000
_FOUNDED = -30 * 24 * 60 * 60 * 1000
_INACTIVITY_SECONDS = 3600
_REPOSITORY = "https://github.com/nasa/monorepo"


class WorldProject:
    """A project: its runs share a test suite, and start an hour after one another."""

    record_key: str
    """The key that the project's reporters use."""

    def __init__(
        self,
        key: str,
        *,
        number: int,
        name: str,
        project_id: str,
        org: str,
        runs: Mapping[str, WorldRun],
        versions: Iterator[int],
        add: Callable[[WorldRun], None],
        serve: Callable[[WorldRun, Iterable[int]], None],
    ) -> None:
        self.name = name
        self.project_id = project_id
        self.created_at: str = iso(_FOUNDED + number * 1000)
        self._number = number
        self._key = key
        self._org = org
        self._all_runs = runs
        self._versions = versions
        self._add = add
        self._serve = serve
        self._made = 0
        self.record_key = base62(stream(key, "record key"), 16)

    def __repr__(self) -> str:
        return f"<WorldProject {self.project_id} {self.name!r}, {len(self.runs)} runs>"

    @property
    def runs(self) -> list[WorldRun]:
        """The project's runs that are not deleted, in the order in which they were made."""
        return [run for run in self._all_runs.values() if run.project_id == self.project_id]

    @property
    def payload(self) -> Wire:
        """The `data` of getProject; not every project has all fields."""
        given: Wire = {
            "projectId": self.project_id,
            "name": self.name,
            "createdAt": self.created_at,
        }
        if self._number % 3:
            given["failFast"] = self._number % 2 == 0
            given["inactivityTimeoutSeconds"] = _INACTIVITY_SECONDS
            given["defaultBranchName"] = "main"
        return given

    def run(
        self,
        *,
        specs: int = 40,
        framework: Framework = "playwright",
        schema_version: SchemaVersion = 1,
        tests: int | tuple[int, int] = (1, 12),
        failures: float = 0.03,
        flaky: float = 0.03,
        branch: str = "main",
        tags: Sequence[str] = (),
        ci_build_id: str | None = None,
        github_run: tuple[str, int] | None = None,
        groups: int = 1,
        completed: int | None = None,
        unclaimed: int = 0,
        running: bool = False,
        timed_out: bool = False,
        created_at: datetime | None = None,
        author: tuple[str, str] | None = None,
        pull_request: int | None = None,
        environments: Sequence[str] = (),
        annotations: Sequence[tuple[str, str]] = (),
    ) -> WorldRun:
        """Make a run, complete unless it is `running`, `timed_out` or has specs that are not.

        `tests` is the number of tests in each spec, or its minimum and maximum. `failures` and
        `flaky` are a number of tests if they are an int, and a share of the run's tests if they are
        a float. The last `unclaimed` specs have not been claimed by any machine yet, and have no
        results. Of the others the first `completed` are complete, by default all;
        `WorldRun.complete` completes the rest.

        `created_at` is by default an hour after the previous run; `author` is a name and an email
        address. `environments` are assigned to the groups in turn. `annotations`, a type and a
        description each, are assigned to the tests of each spec in turn; Cypress has none.

        `schema_version` is that of the instances. Those of Playwright have 2 since 2026; those in
        the documents, and all of Cypress, have 1. Raises `InvalidArgumentError` for arguments that
        contradict each other.
        """
        _check_kind(framework, schema_version, tags, annotations)
        _check("specs", specs, 1)
        _check("groups", groups, 1)
        _check("unclaimed", unclaimed, 0, specs, ", the number of specs")
        completed = specs - unclaimed if completed is None else completed
        _check("completed", completed, 0, specs - unclaimed, ", specs without unclaimed")
        key = f"{self._key}:{self._made + 1}"
        created = self._made * _BETWEEN_RUNS if created_at is None else date_ms(created_at)
        commit = _commit(key, branch, author)
        about = self._pull_request(pull_request, branch)
        build = ci_build_id or _ci_build_id(framework, created, commit, github_run)
        facts = RunFacts(
            key=key,
            suite=f"{self._key}:{framework}",
            org=self._org,
            project_id=self.project_id,
            run_id=hexadecimal(stream(key, "id"), 16 if framework == "playwright" else 32),
            framework=framework,
            schema_version=schema_version,
            created=created,
            running=running,
            timed_out=timed_out,
            tags=list(tags),
            ci_build_id=build,
            commit={**commit, **_event(key, commit, about)}
            if framework == "playwright"
            else commit,
            pull_request=about,
            annotations=[{"type": kind, "description": text} for kind, text in annotations],
            groups=make_groups(framework, build, groups),
        )
        payload, playback = play(
            facts,
            specs=specs,
            completed=completed,
            unclaimed=unclaimed,
            tests=tests,
            failures=failures,
            flaky=flaky,
        )
        if environments:
            payload["environments"] = [*dict.fromkeys(check_texts("environments", environments))]
            for group, environment in zip(payload["groups"], cycle(environments), strict=False):
                group["environment"] = environment
        run = WorldRun(
            payload, self._versions, github_run=github_run, playback=playback, serve=self._serve
        )
        # Counted only now, so that refused arguments do not change later runs.
        self._made += 1
        self._add(run)
        return run

    def _pull_request(self, number: int | None, branch: str) -> Wire:
        if number is None:
            return {}
        title = pull_request_title(stream(self._key, "pull request", number))
        pull_request = {
            "id": str(number),
            "link": f"{_REPOSITORY}/pull/{number}",
            "title": title,
            "source": branch,
            "destination": "main",
        }
        return {"title": title, "pr": pull_request}


def _check(name: str, value: int, minimum: int, maximum: int | None = None, of: str = "") -> None:
    bounds = f"at least {minimum}" if maximum is None else f"{minimum} to {maximum}{of}"
    if value < minimum or (maximum is not None and value > maximum):
        raise InvalidArgumentError(f"{name} must be {bounds}, not {value}")


def _check_kind(
    framework: str, schema_version: int, tags: Sequence[str], annotations: Sequence[tuple[str, str]]
) -> None:
    check_choice("framework", framework, FRAMEWORKS)
    known = {1, 2} if framework == "playwright" else {1}
    if schema_version not in known:
        raise InvalidArgumentError(f"schema_version must be one of {known}, not {schema_version!r}")
    if isinstance(tags, str):
        raise InvalidArgumentError(f"tags must be a sequence of str, not {tags!r}")
    if framework == "cypress" and annotations:
        raise InvalidArgumentError("annotations must be empty for Cypress, which has none")


def _commit(key: str, branch: str, author: tuple[str, str] | None) -> Wire:
    rng = stream(key, "commit")
    drawn = rng.choice(AUTHORS)
    name, email = drawn if author is None else author
    return {
        "sha": hexadecimal(rng, 40),
        "branch": branch,
        "authorName": name,
        "authorEmail": email,
        "message": rng.choice(COMMIT_MESSAGES),
        "remoteOrigin": _REPOSITORY,
    }


def _event(key: str, commit: Wire, about: Wire) -> Wire:
    """Return what GitHub Actions adds to the commit of a run of a pull request."""
    if not about:
        return {}
    pull_request: Wire = about["pr"]
    head, base = commit["sha"], hexadecimal(stream(key, "base"), 40)
    return {
        "ghaEventData": {
            "headRef": commit["branch"],
            "headSha": head,
            "baseRef": pull_request["destination"],
            "baseSha": base,
            "issueUrl": pull_request["link"].replace("/pull/", "/issues/"),
            "htmlUrl": pull_request["link"],
            "prTitle": pull_request["title"],
            "senderAvatarUrl": "https://avatars.example.com/u/1",
            "senderHtmlUrl": "https://github.com/john-doe",
        },
        "replacedCommitData": {
            "sha": hexadecimal(stream(key, "merge"), 40),
            "branch": f"refs/pull/{pull_request['id']}/merge",
            "message": f"Merge {head} into {base}\n",
        },
    }


def _ci_build_id(
    framework: Framework, created: int, commit: Wire, github_run: tuple[str, int] | None
) -> str:
    if github_run is not None:
        run_id, attempt = github_run
        return f"{run_id}-{attempt}"
    seconds = epoch_ms(created) // 1000
    return str(seconds) if framework == "playwright" else f"regression-{commit['sha']}-{seconds}-1"
