"""A project of a world, and how its runs are made."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from currents_async.testing._world.facts import Framework, RunFacts, Wire
from currents_async.testing._world.ids import epoch_ms, hexadecimal, stream
from currents_async.testing._world.platforms import make_groups
from currents_async.testing._world.play import FRAMEWORKS, play
from currents_async.testing._world.run import WorldRun
from currents_async.testing._world.text import author, commit_message

_BETWEEN_RUNS = 60 * 60 * 1000


class WorldProject:
    """A project: its runs share a test suite, and begin an hour after one another."""

    def __init__(
        self,
        key: str,
        *,
        name: str,
        project_id: str,
        org: str,
        runs: Mapping[str, WorldRun],
        versions: Iterator[int],
        add: Callable[[WorldRun], None],
    ) -> None:
        self.name = name
        self.project_id = project_id
        self._key = key
        self._org = org
        self._all_runs = runs
        self._versions = versions
        self._add = add
        self._made = 0

    @property
    def runs(self) -> list[WorldRun]:
        """The project's runs, without deleted ones, in the order in which they were made."""
        return [run for run in self._all_runs.values() if run.project_id == self.project_id]

    def run(
        self,
        *,
        specs: int = 40,
        framework: Framework = "playwright",
        tests: int | tuple[int, int] = (1, 12),
        failures: float = 0.03,
        flaky: float = 0.03,
        branch: str = "main",
        tags: Sequence[str] = (),
        ci_build_id: str | None = None,
        github_run: tuple[str, int] | None = None,
        groups: int = 1,
        unclaimed: int = 0,
        running: bool = False,
    ) -> WorldRun:
        """Make a run, complete unless it is `running` or has unclaimed specs.

        `tests` is how many each spec has: a number, or the fewest and the most. `failures` and
        `flaky` are a number of tests when they are an int, and a share of the run's tests when
        they are a float. The last `unclaimed` specs have not been claimed by any machine yet.
        """
        _check(framework, specs, unclaimed, groups, tags)
        key = f"{self._key}:{self._made + 1}"
        created = self._made * _BETWEEN_RUNS
        commit = _commit(key, branch)
        build = ci_build_id or _ci_build_id(framework, created, commit, github_run)
        facts = RunFacts(
            key=key,
            suite=f"{self._key}:{framework}",
            org=self._org,
            project_id=self.project_id,
            run_id=hexadecimal(stream(key, "id"), 16 if framework == "playwright" else 32),
            framework=framework,
            created=created,
            running=running,
            tags=list(tags),
            ci_build_id=build,
            commit=commit,
            groups=make_groups(framework, build, groups),
        )
        payload, played = play(
            facts, specs=specs, unclaimed=unclaimed, tests=tests, failures=failures, flaky=flaky
        )
        run = WorldRun(payload, self._versions, github_run=github_run, played=played)
        # Counted only now, so that refused arguments do not shift the runs after them.
        self._made += 1
        self._add(run)
        return run


def _check(framework: str, specs: int, unclaimed: int, groups: int, tags: Sequence[str]) -> None:
    if framework not in FRAMEWORKS:
        raise ValueError(f"framework must be one of {sorted(FRAMEWORKS)}, not {framework!r}")
    if specs < 1:
        raise ValueError(f"specs must be at least 1, not {specs}")
    if not 0 <= unclaimed <= specs:
        raise ValueError(f"unclaimed must be 0 to {specs}, the number of specs, not {unclaimed}")
    if groups < 1:
        raise ValueError(f"groups must be at least 1, not {groups}")
    if isinstance(tags, str):
        raise ValueError(f"tags must be a sequence of str, not {tags!r}")  # noqa: TRY004 - one of many values


def _commit(key: str, branch: str) -> Wire:
    rng = stream(key, "commit")
    name, email = author(rng)
    return {
        "sha": hexadecimal(rng, 40),
        "branch": branch,
        "authorName": name,
        "authorEmail": email,
        "message": commit_message(rng),
        "remoteOrigin": "https://github.com/nasa/monorepo",
    }


def _ci_build_id(
    framework: Framework, created: int, commit: Wire, github_run: tuple[str, int] | None
) -> str:
    if github_run is not None:
        run_id, attempt = github_run
        return f"{run_id}-{attempt}"
    seconds = epoch_ms(created) // 1000
    return str(seconds) if framework == "playwright" else f"regression-{commit['sha']}-{seconds}-1"
