"""Webhooks behind Starlette: `uvicorn --factory starlette_app:make_app`.

CURRENTS_API_KEY=… CURRENTS_WEBHOOK_SECRET=…
"""

import logging
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from currents_async import Currents
from currents_async.receiver import Receiver, Router, RunFinished, Verifier


def make_app() -> Starlette:
    router = Router()
    receiver = Receiver(Verifier({"X-Secret": os.environ["CURRENTS_WEBHOOK_SECRET"]}), router)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncGenerator[None]:
        # Left in reverse: accepted events are handled while the client is open.
        async with Currents() as app.state.currents, receiver:
            yield

    async def take(request: Request) -> Response:
        response = await receiver.deliver(request.headers, request.stream())
        return Response(response.message, response.status, response.headers)

    app = Starlette(routes=[Route("/webhooks/currents", take, methods=["POST"])], lifespan=lifespan)

    @router.on(RunFinished)
    async def report(event: RunFinished) -> None:
        run = await event.fetch(app.state.currents)
        logging.getLogger("bot").warning("run %s has %s", run.run_id, run.status)

    return app
