"""Runs whose end a webhook has reported, and those whose webhooks never arrived."""

from collections.abc import AsyncIterator, Container

from currents_async._checks import check_int
from currents_async._client import Currents
from currents_async._wire.filters import Moment
from currents_async.models import ListedRun


class SeenRuns:
    """The IDs of the last `max_runs` runs whose end has been handled: a `Container[str]`."""

    def __init__(self, max_runs: int = 10_000) -> None:
        self._max_runs = check_int("max_runs", max_runs)
        self._run_ids: dict[str, None] = {}

    def __contains__(self, run_id: object) -> bool:
        return run_id in self._run_ids

    def __len__(self) -> int:
        return len(self._run_ids)

    def add(self, run_id: str) -> None:
        """Add a run as the newest; drop the oldest if there are too many."""
        self._run_ids.pop(run_id, None)
        self._run_ids[run_id] = None
        if len(self._run_ids) > self._max_runs:
            del self._run_ids[next(iter(self._run_ids))]


def reconcile(
    currents: Currents,
    project_id: str | None = None,
    *,
    since: Moment,
    seen: Container[str],
    until: Moment | None = None,
) -> AsyncIterator[ListedRun]:
    """Iterate over the runs that have ended without a webhook: those that are not in `seen`.

    ```python
    async for run in reconcile(currents, since=yesterday, seen=receiver.seen):
        ...
    ```

    The newest come first, without their specs. `since` and `until` limit when runs were created, so
    `since` must be earlier than the first missed webhook by the duration of a run. `seen` is
    consulted during the iteration; the webhook of a run that has just ended may still arrive. If
    webhooks are about groups of a run, the first one counts for the run.

    Nothing is open between two steps. Raises what `currents.runs.list` raises.
    """
    runs = currents.runs.list(project_id, date_start=since, date_end=until)
    return _Missed(aiter(runs), seen)


class _Missed(AsyncIterator[ListedRun]):
    # A class: an async generator left early would be closed by a task of the loop.

    def __init__(self, runs: AsyncIterator[ListedRun], seen: Container[str]) -> None:
        self._runs = runs
        self._seen = seen

    async def __anext__(self) -> ListedRun:
        async for run in self._runs:
            if run.has_ended and run.run_id not in self._seen:
                return run
        raise StopAsyncIteration
