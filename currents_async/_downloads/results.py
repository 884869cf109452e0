"""All artifacts of instances, saved as files and handed out as they complete."""

from collections.abc import Awaitable, Callable, Collection, Iterable
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import NamedTuple

import msgspec

from currents_async._checks import accepted, check_path
from currents_async._downloads.artifacts import ArtifactToSave, artifacts_to_save, check_kinds
from currents_async._downloads.file_names import labelled, safe_id
from currents_async._downloads.save import AssetDownload, Saver, Target
from currents_async._downloads.signer import Signer
from currents_async._downloads.sources import Source
from currents_async._fanout.plans import InstanceResult
from currents_async._fanout.pool import Jobs, Pool, outcome_of
from currents_async._fanout.results import is_collecting
from currents_async._threads import in_thread
from currents_async._wire.asset_url import AssetUrl
from currents_async.errors import CurrentsError, InvalidArgumentError
from currents_async.models._brief import Brief
from currents_async.models.common import OnError
from currents_async.models.instances import AssetKind


class AssetResult(Brief, frozen=True, kw_only=True):
    """The outcome of one artifact of an instance."""

    instance_id: str
    kind: AssetKind | None = None
    """None when the instance itself could not be fetched: then `error` says why."""
    number: int | None = None
    """The position among the artifacts of that kind in the instance, from 1."""
    test_id: str | None = None
    """None for the video of a whole spec file."""
    test_attempt_index: int | None = None
    """Counts from 0."""
    download: AssetDownload | None = None
    """None without an error if the artifact has no URL."""
    error: CurrentsError | None = None
    """Why there is no file, with `on_error="collect"`."""


class _Job(NamedTuple):
    """A result that still lacks its download, the artifact to download, and what signs it again."""

    result: AssetResult
    artifact: ArtifactToSave | None = None
    signer: Signer | None = None


class AssetResults(Pool[_Job, AssetResult]):
    """Artifacts as they are saved: an async context manager, and inside it an async iterator.

    Leaving the context, by `break`, an error or at the end, cancels the downloads in progress;
    nothing goes on afterwards, and no file is left incomplete. At most `concurrency` downloads are
    in progress or have results waiting to be taken.
    """

    def __init__(
        self,
        source: Source,
        saver: Saver,
        *,
        to: Target,
        kinds: Collection[AssetKind] | None,
        concurrency: int,
        on_error: OnError,
    ) -> None:
        collect = is_collecting(on_error)
        self._directory = check_path("to", to)
        jobs = _Saving(source, saver, self._directory, check_kinds(kinds), collect=collect)
        super().__init__(jobs, concurrency)

    async def _open(self, stack: AsyncExitStack) -> None:
        await in_thread(partial(_check_directory, self._directory))
        await super()._open(stack)


class _Saving(Jobs[_Job, AssetResult]):
    """Artifacts that still lack their download, and how to save them."""

    def __init__(
        self,
        source: Source,
        saver: Saver,
        directory: Path,
        kinds: Collection[str],
        *,
        collect: bool,
    ) -> None:
        self._source = source
        self._saver = saver
        self._directory = directory
        self._kinds = kinds
        self._collect = collect

    async def plan(self, put: Callable[[Iterable[_Job]], Awaitable[None]]) -> None:
        await self._source(partial(self._put, put))

    async def _put(
        self, put: Callable[[Iterable[_Job]], Awaitable[None]], found: InstanceResult
    ) -> None:
        await put(self._jobs(found))

    def _jobs(self, found: InstanceResult) -> list[_Job]:
        instance_id = found.instance_id or ""
        if found.instance is None:
            return [_Job(AssetResult(instance_id=instance_id, error=found.error))]
        signer = self._saver.signer(instance_id)
        return [
            _Job(
                AssetResult(
                    instance_id=instance_id,
                    kind=artifact.kind,
                    number=artifact.number,
                    test_id=artifact.test_id,
                    test_attempt_index=artifact.test_attempt_index,
                ),
                artifact,
                signer,
            )
            for artifact in artifacts_to_save(found.instance)
            if artifact.kind in self._kinds
        ]

    async def do(self, job: _Job) -> AssetResult:
        result, artifact, _ = job
        if artifact is None or artifact.url is None:
            return result
        saving = self._save(job, artifact, artifact.url)
        outcome = await outcome_of(saving, collect=self._collect)
        if isinstance(outcome, CurrentsError):
            return msgspec.structs.replace(result, error=outcome)
        return msgspec.structs.replace(result, download=outcome)

    async def _save(
        self, job: _Job, artifact: ArtifactToSave, url: AssetUrl | InvalidArgumentError
    ) -> AssetDownload:
        url = accepted(url)
        name = f"{artifact.kind}-{artifact.number}-{labelled(artifact.label, url.name)}"
        goal = self._directory / safe_id(job.result.instance_id) / name
        return await self._saver.save(url, goal, job.signer)


def _check_directory(directory: Path) -> None:
    if directory.exists() and not directory.is_dir():
        raise InvalidArgumentError(f"to must be a directory: {str(directory)!r}")
