"""`webhooks listen`: a server for webhooks, from its first event to Ctrl-C."""

import re
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime

from aiohttp import web

from currents_async.cli._execute import stop_signals
from currents_async.cli._messages import listening_words
from currents_async.cli._output import Output, Printer
from currents_async.cli._streams import note
from currents_async.errors import InvalidArgumentError
from currents_async.models._model import Model
from currents_async.models.common import Commit
from currents_async.receiver import Receiver, Router, RunEvent, Verifier
from currents_async.receiver.web import setup_webhooks

_SHOWN = "sentAt, event, runId, groupId, commit.branch, passes, failures, flaky"

_PATH = re.compile(r"/[^{}?#\s]*")
"""A path that stands in the URL that is printed as it is in the option."""


class Received(Model, frozen=True, gc=False, kw_only=True):
    """An event that was received. Nothing of it is signed: it is a hint."""

    event: str
    sent_at: datetime | None
    run_id: str | None
    run_url: str | None
    build_id: str | None
    group_id: str | None
    tags: tuple[str, ...]
    commit: Commit | None
    overall: int
    passes: int
    failures: int
    pending: int
    skipped: int
    retries: int
    flaky: int

    @classmethod
    def of(cls, event: RunEvent) -> "Received":
        """Take from an event what there is of every kind."""
        shared = {name: getattr(event, name) for name in cls.__struct_fields__ if name != "event"}
        return cls(event=event.name, **shared)


async def print_events(
    host: str,
    port: int,
    path: str,
    *,
    secret: Mapping[str, str] | None,
    insecure: bool,
    output: Output,
) -> None:
    """Print events until Ctrl-C or SIGTERM; what was accepted by then is printed too."""
    printer = Printer(Received, _SHOWN, output)
    if not _PATH.fullmatch(path):
        raise InvalidArgumentError(
            f"--path must begin with a slash and have no {{}}?# or blanks, not {path!r}"
        )
    verifier = Verifier(secret, insecure=insecure)
    router = Router()
    errors: list[Exception] = []
    with stop_signals() as stopped, printer.live() as add:

        @router.on(RunEvent)
        async def _print(event: RunEvent) -> None:
            add(Received.of(event))

        def give_up(_event: RunEvent, error: Exception) -> None:
            # What cannot be printed must not be accepted.
            errors.append(error)
            stopped.set()

        receiver = Receiver(verifier, router, on_error=give_up)
        async with _serving(host, port, path, receiver) as url:
            note(f"listening on {url}; Ctrl-C ends it")
            await stopped.wait()
    if errors:
        raise errors[0]


@asynccontextmanager
async def _serving(host: str, port: int, path: str, receiver: Receiver) -> AsyncGenerator[str]:
    """Serve deliveries; on exit, what was accepted is finished first."""
    app = web.Application()
    setup_webhooks(app, receiver, path)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await _listen(runner, host, port)
        yield f"http://{host}:{runner.addresses[0][1]}{path}"
    finally:
        await runner.cleanup()


async def _listen(runner: web.AppRunner, host: str, port: int) -> None:
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        raise OSError(listening_words(error, host)) from None
