"""A receiver behind `aiohttp.web`.

app = web.Application()
setup_webhooks(app, Receiver(verifier, router))
web.run_app(app)
"""

from collections.abc import AsyncGenerator, AsyncIterator

from aiohttp import HttpVersion11, web
from aiohttp.typedefs import Handler
from yarl import URL

from currents_async.errors import InvalidArgumentError
from currents_async.receiver.receiver import Receiver

__all__ = ["setup_webhooks", "webhook_handler"]


def setup_webhooks(
    app: web.Application, receiver: Receiver, path: str = "/webhooks/currents"
) -> None:
    """Have an application take deliveries at a path: it enters and leaves the receiver.

    The path is what it says: braces are no placeholders. Raises `InvalidArgumentError` for what is
    no path. Shutting down, the application works off what was accepted before it leaves.

    Connections over which no headers come are the server's own: aiohttp keeps any number of them,
    so bound them in front of it where strangers can connect.
    """

    async def run(_: web.Application) -> AsyncIterator[None]:
        async with receiver:
            yield  # noqa: ASYNC119 - aiohttp goes on with it, always

    resource = web.PlainResource(_literal(path))
    resource.add_route("POST", webhook_handler(receiver), expect_handler=_expect)
    app.router.register_resource(resource)
    app.cleanup_ctx.append(run)


def webhook_handler(receiver: Receiver) -> Handler:
    """Return a handler of POST requests for a receiver that you enter and leave yourself.

    It reads at most `receiver.max_body`, whatever the application's `client_max_size`, and nothing
    from who does not know the secret.
    """

    async def handle(request: web.Request) -> web.Response:
        answer = await receiver.deliver(request.headers, _body_of(request))
        response = web.Response(status=answer.status, text=answer.message, headers=answer.headers)
        if answer.status >= 400:  # noqa: PLR2004 - nothing is kept open for who was refused
            response.force_close()
        return response

    return handle


def _literal(path: str) -> str:
    """Return a path as aiohttp compares it with those of requests."""
    if not path.startswith("/") or {"?", "#"} & set(path):
        raise InvalidArgumentError(f"path must begin with a slash, without a query, not {path!r}")
    return URL.build(path=path, encoded=True).path_safe


_ASK_FOR_BODY = web.RequestKey("ask_for_body", bool)


async def _expect(request: web.Request) -> None:
    """Leave it to the handler to ask for the body of a client that waits for being asked."""
    request[_ASK_FOR_BODY] = request.version == HttpVersion11


async def _body_of(request: web.Request) -> AsyncGenerator[bytes]:
    if request.get(_ASK_FOR_BODY, False):
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0  # as aiohttp does: the response has not begun
    async for chunk in request.content.iter_any():
        yield chunk
