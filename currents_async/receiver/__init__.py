"""Webhooks of Currents: checked, answered at once, and worked off behind the answer.

    router = Router()

    @router.on(RunFinished)
    async def tell(event: RunFinished) -> None:
        run = await event.fetch(currents)
        print(run.status, event.run_url)

    verifier = Verifier({"X-Secret": os.environ["CURRENTS_WEBHOOK_SECRET"]})
    app = web.Application()
    setup_webhooks(app, Receiver(verifier, router))

Nothing in a webhook is signed: the body is a hint, and `await event.fetch(currents)` is the truth.

`setup_webhooks`, for aiohttp, is in `currents_async.receiver.web`. With another framework, enter a
`Receiver` for as long as the application runs, and answer what its `deliver` says of the headers
and the stream of the body. `Verifier` alone checks deliveries that you work off elsewhere.
"""

from currents_async.receiver._handling import HandlerTimeoutError, UnfinishedError
from currents_async.receiver.events import (
    RunCanceled,
    RunEvent,
    RunFinished,
    RunStarted,
    RunTimedOut,
    UnknownEvent,
)
from currents_async.receiver.receiver import Receiver, Response
from currents_async.receiver.reconcile import reconcile
from currents_async.receiver.replays import MemoryReplays, ReplayStore
from currents_async.receiver.router import Router
from currents_async.receiver.seen import SeenRuns
from currents_async.receiver.verifier import Verifier

__all__ = [
    "HandlerTimeoutError",
    "MemoryReplays",
    "Receiver",
    "ReplayStore",
    "Response",
    "Router",
    "RunCanceled",
    "RunEvent",
    "RunFinished",
    "RunStarted",
    "RunTimedOut",
    "SeenRuns",
    "UnfinishedError",
    "UnknownEvent",
    "Verifier",
    "reconcile",
]
