"""Webhooks of Currents: checked, responded to at once, and handled in the background.

```python
router = Router()

@router.on(RunFinished)
async def on_finished(event: RunFinished) -> None:
    run = await event.fetch(currents)
    print(run.status, event.run_url)

verifier = Verifier({"X-Secret": os.environ["CURRENTS_WEBHOOK_SECRET"]})
app = web.Application()
setup_webhooks(app, Receiver(verifier, router))
```

Webhooks are not signed: take the body as a hint, and fetch the run with
`await event.fetch(currents)`.

`setup_webhooks`, for aiohttp, is in `currents_async.receiver.web`. With another framework, enter a
`Receiver` for as long as the application runs, pass headers and body of each request to its
`deliver`, and send the `Response` that it returns. `Verifier` alone checks deliveries that you
handle elsewhere.
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
from currents_async.receiver.reconcile import SeenRuns, reconcile
from currents_async.receiver.replays import MemoryReplays, ReplayStore
from currents_async.receiver.router import Router
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
