"""What runs, instances and tests consist of, as tables: spec files, tests and results."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from currents_async.analysis import TestChange
from currents_async.analysis.executed import first_line
from currents_async.cli._output.columns import Column
from currents_async.models import Instance, InstanceTest, Outcome, Run, RunSpec, TestResult
from currents_async.reports._verdict import verdict_of

ItemT = TypeVar("ItemT")

_WORST_FIRST = ("failed", "flaky", "running", "pending", "skipped", "passed")


def specs_of(run: Run) -> Sequence[RunSpec]:
    """Return the spec files of a run, the worst first."""
    return _sorted(run.specs, standing)


def tests_of(instance: Instance) -> Sequence[InstanceTest]:
    """Return the tests of an instance, the worst first."""
    return _sorted(instance.tests, _verdict)


def _sorted(items: Sequence[ItemT], verdict: Callable[[ItemT], str]) -> list[ItemT]:
    ranks = {word: rank for rank, word in enumerate(_WORST_FIRST)}
    return sorted(items, key=lambda item: ranks.get(verdict(item), 0))


def standing(spec: RunSpec) -> str:
    """Return the verdict on a spec file, or how far it is."""
    if spec.failed:
        return "failed"
    if not spec.is_complete:
        return "running" if spec.claimed_at else "pending"
    return "flaky" if spec.flaky else "passed"


def run_status(run: Run) -> str:
    """Return how a run ended or is doing: cancelled, for example, though it counts as failed."""
    first, _, last = verdict_of(run).words.partition(", ")
    return {"in progress": "running", "failing": "failing"}.get(first) or last or first


def _verdict(test: InstanceTest) -> str:
    return "flaky" if test.is_flaky else str(test.state or "unknown")


def _result_verdict(result: TestResult) -> str | Outcome | None:
    return "flaky" if result.flaky and not result.failed else result.status


def _count(name: str) -> Callable[[RunSpec], int | None]:
    def count(spec: RunSpec) -> int | None:
        stats = None if spec.results is None else spec.results.stats
        return None if stats is None else getattr(stats, name)

    return count


SPECS: tuple[Column[RunSpec], ...] = (
    Column("status", standing, "verdict"),
    Column("spec", lambda spec: spec.spec, "path"),
    Column("passed", _count("passes"), "number", rank=3),
    Column("failed", _count("failures"), "number", rank=2),
    Column("flaky", lambda spec: spec.results and spec.flaky, "number", rank=3),
    Column("duration", lambda spec: spec.duration, "duration", rank=1),
    Column("machine", lambda spec: spec.machine_id, "id", rank=5),
    Column("instance", lambda spec: spec.instance_id, "id", rank=4),
)
TESTS: tuple[Column[InstanceTest], ...] = (
    Column("status", _verdict, "verdict"),
    Column("test", lambda test: test.full_title),
    Column("attempts", lambda test: len(test.attempts), "number", rank=2),
    Column("duration", lambda test: test.duration, "duration", rank=1),
    Column("error", lambda test: first_line(test.attempts, test.display_error), rank=1),
    Column("id", lambda test: test.test_id, "id", rank=3),
)
CHANGES: tuple[Column[TestChange], ...] = (
    Column("change", lambda change: change.kind.replace("_", " "), "verdict"),
    Column("test", lambda change: change.full_title),
    Column("age", lambda change: change.at, "age"),
    Column("spec", lambda change: change.spec, "path", rank=2),
    Column("error", lambda change: change.error, rank=1),
    Column("run", lambda change: change.after[0].run_id if change.after else None, "id", rank=3),
    Column("signature", lambda change: change.signature, "id", rank=4),
)
RESULTS: tuple[Column[TestResult], ...] = (
    Column("status", _result_verdict, "verdict"),
    Column("age", lambda result: result.created_at, "age"),
    Column("branch", lambda result: result.commit and result.commit.branch, rank=2),
    Column("attempts", lambda result: len(result.attempts), "number", rank=4),
    Column("duration", lambda result: result.duration, "duration", rank=3),
    Column("error", lambda result: first_line(result.attempts, result.display_error), rank=1),
    Column("run", lambda result: result.run_id, "id", rank=5),
)
