"""Runs whose end a webhook has reported."""

from currents_async._checks import check_int


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
