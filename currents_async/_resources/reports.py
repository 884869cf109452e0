"""Runs as pages and documents: fetched as a whole, and rendered beside the event loop."""

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from currents_async._fanout.pool import OnProgress
from currents_async._fanout.results import InstanceResults
from currents_async._resources._group import Group, compound
from currents_async._resources._run_analysis import fetch_details
from currents_async._threads import in_thread
from currents_async._transport import Transport
from currents_async.analysis import RunDetails
from currents_async.models.common import OnError

T = TypeVar("T")


class Reports(Group):
    """Reports on runs, for people, pull requests and CI systems.

    ```python
    page = await currents.reports.render(run_id, run_html)
    ```

    The functions that render are in `currents_async.reports`. For several reports on one run,
    fetch its `details` once.
    """

    __slots__ = ("_fan_out",)

    def __init__(
        self,
        transport: Transport,
        project_id: str | None,
        fan_out: Callable[..., InstanceResults],
    ) -> None:
        super().__init__(transport, project_id)
        self._fan_out = fan_out

    @compound
    async def details(
        self,
        run_id: str,
        *,
        concurrency: int | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - of the client's clock
        on_error: OnError = "raise",
        on_progress: OnProgress | None = None,
    ) -> RunDetails:
        """Fetch a run with all its instances: what reports are made from.

        Takes the arguments of `runs.instances`. `on_progress` is called after each instance. With
        `on_error="collect"`, reports say which instances could not be fetched.
        """
        fan_out = self._fan_out(run_id, concurrency=concurrency, timeout=timeout, on_error=on_error)
        return await fetch_details(fan_out, on_progress)

    @compound
    async def render(
        self,
        run: RunDetails | str,
        form: Callable[[RunDetails], T],
        *,
        concurrency: int | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - of the client's clock
    ) -> T:
        """Return a report on a run, or on the run with an ID, which is fetched first.

        `form` is a function of `currents_async.reports`, or `functools.partial` of one: it is
        called in a thread, since the page of a large run takes up to a second.
        """
        details = (
            run
            if isinstance(run, RunDetails)
            else await self.details(run, concurrency=concurrency, timeout=timeout)
        )
        return await in_thread(partial(form, details))
