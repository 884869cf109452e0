"""`assets`: screenshots, videos, traces and attachments."""

from collections.abc import AsyncIterator
from functools import partial

from cyclopts import App

import currents_async
from currents_async.cli import _exit
from currents_async.cli._messages import plain_words
from currents_async.cli._options import COMMON, CommonOptions, Count, Flag, Several
from currents_async.cli._progress import progress_bar
from currents_async.cli._progress.words import Work
from currents_async.cli._report_files import check_folder, in_thread
from currents_async.cli._streams import note
from currents_async.errors import InvalidArgumentError
from currents_async.models import AssetKind
from currents_async.models._model import Model

app = App(name="assets")

_SHOWN = "kind, path, size, error"


class Saved(Model, frozen=True, gc=False, kw_only=True):
    """What became of an artifact."""

    instance_id: str
    kind: str | None
    test_id: str | None
    path: str | None
    size: int | None
    """Bytes."""
    error: str | None


@app.command
async def download(
    run_id: str | None = None,
    /,
    *,
    to: str,
    instance: str | None = None,
    kind: Several[AssetKind] = (),
    only_failed: Flag = False,
    private_assets: Flag = False,
    concurrency: Count = 16,
    common: CommonOptions = COMMON,
) -> int:
    """Save all artifacts of a run or of an instance, each as a file of its own.

    Files are whole or not there. The exit code is 5 when some could not be saved.

    currents-async assets download RUN_ID --to artifacts

    currents-async assets download RUN_ID --kind screenshot --kind trace --to artifacts

    Parameters
    ----------
    run_id
        The run whose artifacts to save.
    to
        The directory; each instance has its own in there.
    instance
        Save the artifacts of this instance instead of a run's.
    kind
        Only artifacts of this kind; several can be given.
    only_failed
        Only artifacts of spec files that failed.
    private_assets
        Also fetch from private and loopback addresses, as where a company keeps its own artifacts;
        by default only where the API is at such an address too.
    concurrency
        Downloads at once.

    """
    await in_thread(partial(check_folder, "--to", to))
    limits = currents_async.Limits(concurrency=concurrency)
    async with common.open(Saved, _SHOWN, limits=limits, private_assets=private_assets) as (
        currents,
        printer,
    ):
        match run_id, instance:
            case str(), None:
                downloads = currents.assets.of_run(
                    run_id,
                    to=to,
                    kinds=kind or None,
                    only=(lambda spec: spec.failed) if only_failed else None,
                    on_error="collect",
                )
            case None, str() if only_failed:
                raise InvalidArgumentError("--only-failed is for runs")
            case None, str():
                downloads = currents.assets.of_instance(
                    instance, to=to, kinds=kind or None, on_error="collect"
                )
            case _:
                raise InvalidArgumentError("pass a run ID or --instance")
        with progress_bar("assets", currents) as work:
            async with downloads as results:
                saving = _Saving(results, work)
                await printer.stream(saving)
    if not saving.failures:
        return _exit.OK
    note(f"{saving.failures:,} could not be saved")
    return _exit.PARTIAL


class _Saving(AsyncIterator[Saved]):
    """Artifacts as they are saved, counted for a progress bar."""

    def __init__(self, results: "currents_async.AssetResults", work: Work) -> None:
        self.failures = 0
        self._results = results
        self._work = work
        self._done = 0

    async def __anext__(self) -> Saved:
        saved = _saved(await anext(self._results))
        self._done += 1
        self.failures += saved.error is not None
        failed = f"{self.failures:,} failed" if self.failures else ""
        self._work.advance(self._done, self._results.total, failed)
        return saved


def _saved(result: "currents_async.AssetResult") -> Saved:
    download = result.download
    return Saved(
        instance_id=result.instance_id,
        kind=result.kind,
        test_id=result.test_id,
        path=None if download is None else str(download.path),
        size=None if download is None else download.size,
        error=None if result.error is None else plain_words(result.error),
    )
