"""The executions of a world, read from its payloads once for each change."""

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from currents_async.testing._world.executions import (
    RunContext,
    WorldExecution,
    executions_of,
    run_context,
)
from currents_async.testing._world.facts import Wire
from currents_async.testing._world.run import Versions, WorldRun

T = TypeVar("T")


class View:
    """What a world's runs contain, cached until one changes; only that one is read again."""

    def __init__(
        self,
        runs: dict[str, WorldRun],
        versions: Versions,
        instance: Callable[[str], Wire | None],
    ) -> None:
        self._runs = runs
        self._versions = versions
        self._instance = instance
        self._seen = 0
        self._kept: dict[Hashable, Any] = {}
        self._by_run: dict[str, tuple[int, list[WorldExecution]]] = {}

    def cached(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return what `make` makes, cached until the world changes."""
        if self._seen != self._versions.latest:
            self._seen = self._versions.latest
            self._kept.clear()
        if key not in self._kept:
            self._kept[key] = make()
        kept: T = self._kept[key]
        return kept

    def runs(self, project_id: str) -> list[WorldRun]:
        """List the runs of a project, the newest first."""
        return self.cached(
            ("runs", project_id),
            lambda: sorted(
                (run for run in self._runs.values() if run.project_id == project_id),
                key=lambda run: (run.created_at, run.run_id),
                reverse=True,
            ),
        )

    def context(self, run: WorldRun) -> RunContext:
        """Return what the executions of a run share."""
        return self.cached(("context", run.run_id), lambda: run_context(run))

    def executions(self, project_id: str) -> list[WorldExecution]:
        """List the executions of a project's tests, those of the newest run first."""

        def collect() -> list[WorldExecution]:
            return [one for run in self.runs(project_id) for one in self.of_run(run)]

        return self.cached(("executions", project_id), collect)

    def with_signature(self, signature: str) -> list[WorldExecution]:
        """List the executions of one test, the newest first."""

        def index() -> dict[str, list[WorldExecution]]:
            found: dict[str, list[WorldExecution]] = {}
            for project_id in dict.fromkeys(run.project_id for run in self._runs.values()):
                for execution in self.executions(project_id):
                    found.setdefault(execution.signature, []).append(execution)
            return found

        return self.cached("signatures", index).get(signature, [])

    def of_run(self, run: WorldRun) -> list[WorldExecution]:
        """List the executions of a run, in the order of its specs."""
        version, executions = self._by_run.get(run.run_id, (0, []))
        if version != run.version:
            executions = self._read(run)
            self._by_run[run.run_id] = run.version, executions
        return executions

    def forget(self, run_id: str | None) -> None:
        """Drop what was read from a run, or None for all runs: their instances have changed."""
        if run_id is None:
            self._by_run.clear()
        else:
            self._by_run.pop(run_id, None)

    def _read(self, run: WorldRun) -> list[WorldExecution]:
        context = self.context(run)
        found: list[WorldExecution] = []
        for index, spec in enumerate(run.payload.get("specs") or []):
            instance = self._instance(spec["instanceId"]) if "instanceId" in spec else None
            if instance is not None:
                found.extend(executions_of(context, index, instance))
        return found
