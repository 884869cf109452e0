"""What `assets` does."""

from collections.abc import AsyncIterator, Sequence
from typing import NamedTuple

from currents_async import AssetResult, AssetResults, Currents, Limits
from currents_async.cli import _exit
from currents_async.cli._answer import open_session
from currents_async.cli._options import Connection, Output
from currents_async.cli._output.printer import Printer
from currents_async.cli._progress import Advance, Throttles, progress_bar
from currents_async.cli._text import note
from currents_async.errors import InvalidArgumentError
from currents_async.models._model import Model
from currents_async.models.instances import AssetKind

_SHOWN = ("kind", "path", "size", "error")


class Wanted(NamedTuple):
    """Which assets to save, and where."""

    run_id: str | None
    instance_id: str | None
    to: str
    kinds: Sequence[AssetKind]
    only_failed: bool
    private_assets: bool


class Saved(Model, frozen=True, gc=False, kw_only=True):
    """What became of an artifact."""

    instance_id: str
    kind: str | None
    test_id: str | None
    path: str | None
    size: int | None
    """Bytes."""
    error: str | None


class _Saving(AsyncIterator[Saved]):
    """Artifacts as they are saved, counted for a progress bar."""

    def __init__(self, results: AssetResults, advance: Advance) -> None:
        self.failures = 0
        self._results = results
        self._advance = advance
        self._done = 0

    async def __anext__(self) -> Saved:
        saved = _saved(await anext(self._results))
        self._done += 1
        self.failures += saved.error is not None
        failed = f"{self.failures:,} failed" if self.failures else ""
        self._advance(self._done, self._results.total, failed)
        return saved


async def download_assets(
    wanted: Wanted, *, concurrency: int, connection: Connection, output: Output
) -> int:
    """Save artifacts, and print where each is."""
    printer = Printer(Saved, _SHOWN, output)
    throttles = Throttles()
    limits = Limits(concurrency=concurrency)
    async with open_session(
        connection, limits=limits, observer=throttles, private_assets=wanted.private_assets
    ) as session:
        currents = session.currents
        with progress_bar("assets", currents.traffic, throttles) as advance:
            async with _results(currents, wanted) as results:
                saving = _Saving(results, advance)
                await printer.stream(saving)
    if not saving.failures:
        return _exit.OK
    note(f"{saving.failures:,} could not be saved")
    return _exit.PARTIAL


def _results(currents: Currents, wanted: Wanted) -> AssetResults:
    kinds = wanted.kinds or None
    match wanted:
        case Wanted(run_id=str(run_id), instance_id=None):
            return currents.assets.of_run(
                run_id,
                to=wanted.to,
                kinds=kinds,
                only=(lambda spec: spec.failed) if wanted.only_failed else None,
                on_error="collect",
            )
        case Wanted(run_id=None, instance_id=str(instance_id)):
            if wanted.only_failed:
                raise InvalidArgumentError("--only-failed is for runs")
            return currents.assets.of_instance(
                instance_id, to=wanted.to, kinds=kinds, on_error="collect"
            )
        case _:
            raise InvalidArgumentError("say what of: a run, or --instance")


def _saved(result: AssetResult) -> Saved:
    download = result.download
    return Saved(
        instance_id=result.instance_id,
        kind=result.kind,
        test_id=result.test_id,
        path=None if download is None else str(download.path),
        size=None if download is None else download.size,
        error=None if result.error is None else str(result.error),
    )
