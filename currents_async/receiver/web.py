"""A receiver behind `aiohttp.web`.

app = web.Application()
setup_webhooks(app, Receiver(verifier, router))
web.run_app(app)
"""

from collections.abc import AsyncIterator

from aiohttp import web
from aiohttp.typedefs import Handler

from currents_async.receiver.receiver import Receiver

__all__ = ["setup_webhooks", "webhook_handler"]


def setup_webhooks(
    app: web.Application, receiver: Receiver, path: str = "/webhooks/currents"
) -> None:
    """Have an application take deliveries at a path: it enters and leaves the receiver.

    Shutting down, it works off what was accepted before it leaves.
    """

    async def run(_: web.Application) -> AsyncIterator[None]:
        async with receiver:
            yield  # noqa: ASYNC119 - aiohttp goes on with it, always

    app.cleanup_ctx.append(run)
    app.router.add_post(path, webhook_handler(receiver))


def webhook_handler(receiver: Receiver) -> Handler:
    """Return a handler of POST requests for a receiver that you enter and leave yourself.

    It reads at most `receiver.max_body`, whatever the application's `client_max_size`.
    """

    async def handle(request: web.Request) -> web.Response:
        most = receiver.max_body
        if (request.content_length or 0) > most:
            raise web.HTTPRequestEntityTooLarge(most, request.content_length or 0)
        try:
            # One byte too many is enough for the receiver to refuse it.
            body = await _read(request, most + 1)
        except web.RequestPayloadError:
            raise web.HTTPBadRequest(text="the body cannot be decoded") from None
        answer = await receiver.deliver(request.headers, body)
        return web.Response(status=answer.status, text=answer.message, headers=answer.headers)

    return handle


async def _read(request: web.Request, most: int) -> bytes:
    body = bytearray()
    while len(body) < most and (piece := await request.content.read(most - len(body))):
        body += piece
    return bytes(body)
