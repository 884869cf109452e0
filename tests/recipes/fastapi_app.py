"""Webhooks and runs behind FastAPI: `uvicorn --factory fastapi_app:make_app`.

CURRENTS_API_KEY=… CURRENTS_WEBHOOK_SECRET=…
"""

import logging
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request, Response

from currents_async import Currents
from currents_async.models import Run
from currents_async.receiver import Receiver, Router, RunFinished, Verifier


def make_app() -> FastAPI:
    router = Router()
    receiver = Receiver(Verifier({"X-Secret": os.environ["CURRENTS_WEBHOOK_SECRET"]}), router)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        # Left in reverse: accepted events are handled while the client is open.
        async with Currents() as app.state.currents, receiver:
            yield

    app = FastAPI(lifespan=lifespan)

    @router.on(RunFinished)
    async def report(event: RunFinished) -> None:
        run = await event.fetch(app.state.currents)
        logging.getLogger("bot").warning("run %s has %s", run.run_id, run.status)

    @app.post("/webhooks/currents")
    async def take(request: Request) -> Response:
        response = await receiver.deliver(request.headers, request.stream())
        return Response(response.message, response.status, response.headers)

    @app.get("/runs/{run_id}")
    async def read(run_id: str) -> Run:  # by this type, FastAPI responds with the JSON of the API
        run: Run = await app.state.currents.runs.get(run_id)
        return run

    return app
