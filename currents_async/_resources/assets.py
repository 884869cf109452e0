"""Assets: the screenshots, videos, traces and attachments of instances, on other hosts.

Source: `docs/api/asset-urls.md`, "Artifacts of an instance" and "Expiry".
"""

from collections.abc import Callable, Collection, Coroutine, Iterable
from functools import partial
from typing import Any

from currents_async._checks import check_segment
from currents_async._downloads.artifacts import FetchInstance, find_url
from currents_async._downloads.results import AssetResults
from currents_async._downloads.save import (
    MAX_BYTES,
    AssetDownload,
    Saver,
    Target,
    save_asset,
)
from currents_async._downloads.sources import (
    Source,
    given_instance,
    instances_by_id,
    instances_of_run,
)
from currents_async._resources._group import Group, compound
from currents_async._streams import RunStream
from currents_async._transport import Transport
from currents_async.analysis.artifacts import Artifact
from currents_async.models.common import OnError
from currents_async.models.instances import AssetKind, Instance, TerminalOutput
from currents_async.models.runs import RunSpec


class Assets(Group):
    """Files that tests produced.

    They are streamed to the disk, and appear there as a whole or not at all. Their hosts receive
    neither the API key nor cookies. They are not paced like the API, but at most
    `Limits.concurrency` connections are open to them. No URL and no redirect is followed to a
    private or loopback address, unless the API's own host has such an address, or the client was
    made with `private_assets`.

    A download that breaks off is tried again as `Retries` says, and continues where it broke off if
    the host supports it. `Timeouts.connect` and `Timeouts.read` apply; `attempt` and `total`, which
    are meant for responses of 1 MB, do not: each asset may take `timeout` seconds, by default any
    time.

    Besides what all groups raise, `ResponseTooLargeError` is for more than `max_bytes` bytes,
    `DecodeError` for an encoding that was not asked for, and `OSError` for a file that cannot be
    written. No error, log or trace contains a signature.
    """

    __slots__ = ("_fetch_instance", "_stream_run")

    def __init__(
        self,
        transport: Transport,
        project_id: str | None,
        fetch_instance: FetchInstance,
        stream_run: Callable[[str], RunStream[RunSpec]],
    ) -> None:
        super().__init__(transport, project_id)
        self._fetch_instance = fetch_instance
        self._stream_run = stream_run

    # Not `async`: no frame of the call is to hold the signed URL as an argument.
    @compound
    def download(
        self,
        asset: str | Artifact | TerminalOutput,
        *,
        to: Target,
        instance_id: str | None = None,
        max_bytes: int = MAX_BYTES,
        timeout: float | None = None,
    ) -> Coroutine[Any, Any, AssetDownload]:
        """Save one asset: a signed URL, an artifact of a test, or the terminal output of a file.

        ```python
        saved = await currents.assets.download(screenshot, to="failure.png")
        ```

        `to` is a file, which is replaced if it exists, or an existing directory, in which the file
        gets the name in the URL as far as that is safe. With `instance_id`, the instance that the
        asset belongs to, that instance is fetched again for a fresh signature: before the download
        if the URL says that its own is over, or will be within a minute, and once after a refusal.
        Raises `ForbiddenError` if that does not help, or `instance_id` is None.
        """
        return save_asset(
            self._transport,
            self._fetch_instance,
            find_url(asset),
            to=to,
            instance_id=instance_id,
            max_bytes=max_bytes,
            timeout=timeout,
        )

    @compound
    def of_instance(
        self,
        instance: Instance | str,
        *,
        to: Target,
        kinds: Collection[AssetKind] | None = None,
        concurrency: int | None = None,
        on_error: OnError = "raise",
        max_bytes: int = MAX_BYTES,
        timeout: float | None = None,
    ) -> AssetResults:
        """Save all artifacts of an instance, or of the instance with an ID, concurrently.

        Takes the arguments of `of_run`, and saves to the same places.
        """
        return AssetResults(
            self._one(instance, concurrency, on_error),
            self._saver(max_bytes, timeout),
            to=to,
            kinds=kinds,
            concurrency=self._concurrency(concurrency),
            on_error=on_error,
        )

    @compound
    def of_run(
        self,
        run_id: str,
        *,
        to: Target,
        kinds: Collection[AssetKind] | None = None,
        only: Callable[[RunSpec], bool] | None = None,
        concurrency: int | None = None,
        on_error: OnError = "raise",
        max_bytes: int = MAX_BYTES,
        timeout: float | None = None,
    ) -> AssetResults:
        """Save all artifacts of all instances of a run concurrently.

        ```python
        async with currents.assets.of_run(run_id, to="artifacts", kinds=["trace"]) as results:
            async for result in results:
                ...  # result.download.path
        ```

        Each is saved as `<to>/<instance ID>/<kind>-<number>-<name>`; the number counts the
        artifacts of that kind in that instance from 1, so that no two share a name. Directories are
        created. `kinds` are `screenshot`, `video`, `trace` and `attachment`, by default all. `only`
        selects the specs, for example `lambda spec: spec.failed`. At most `concurrency` downloads
        are in flight, by default `Limits.concurrency`; instances are fetched besides. Expired
        signatures are replaced as in `download`, by one fetch for all artifacts of an instance. The
        first error ends the iteration; with `on_error="collect"` it is the `error` of its result,
        and all other results follow. An artifact without a URL has a result with neither download
        nor error. Results come in order of completion; `results.total` says how many there will be,
        once that is known.
        """
        by_ids = self._by_ids(concurrency, on_error)
        return AssetResults(
            partial(instances_of_run, self._stream_run(run_id), only, by_ids),
            self._saver(max_bytes, timeout),
            to=to,
            kinds=kinds,
            concurrency=self._concurrency(concurrency),
            on_error=on_error,
        )

    def _one(self, instance: Instance | str, concurrency: int | None, on_error: OnError) -> Source:
        if isinstance(instance, Instance):
            return partial(given_instance, instance)
        check_segment("instance", instance)
        return self._by_ids(concurrency, on_error)([instance])

    def _by_ids(
        self, concurrency: int | None, on_error: OnError
    ) -> Callable[[Iterable[str]], Source]:
        return partial(
            instances_by_id,
            transport=self._transport,
            fetch_instance=self._fetch_instance,
            concurrency=self._concurrency(concurrency),
            on_error=on_error,
        )

    def _saver(self, max_bytes: int, timeout: float | None) -> Saver:
        return Saver(self._transport, self._fetch_instance, max_bytes=max_bytes, timeout=timeout)
