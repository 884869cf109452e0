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
    """Make an application receive deliveries at a path; it enters and leaves the receiver.

    The path is literal: braces are not placeholders. Raises `InvalidArgumentError` for an invalid
    path. When the application shuts down, it handles the accepted events first.

    aiohttp keeps any number of connections that send no headers: limit them in front of it if
    strangers can connect.
    """

    async def run(_: web.Application) -> AsyncIterator[None]:
        async with receiver:
            yield  # noqa: ASYNC119 - aiohttp always resumes it

    resource = web.PlainResource(_literal(path))
    resource.add_route("POST", webhook_handler(receiver), expect_handler=_expect)
    app.router.register_resource(resource)
    app.cleanup_ctx.append(run)


def webhook_handler(receiver: Receiver) -> Handler:
    """Return a handler of POST requests for a receiver that you enter and leave yourself.

    It reads at most `receiver.max_body` bytes, whatever the application's `client_max_size`, and
    nothing from a sender that does not know the secret.
    """

    async def handle(request: web.Request) -> web.Response:
        response = await receiver.deliver(request.headers, _body_of(request))
        sent = web.Response(status=response.status, text=response.message, headers=response.headers)
        if response.status >= 400:  # noqa: PLR2004 - refused: do not keep the connection
            sent.force_close()
        return sent

    return handle


def _literal(path: str) -> str:
    """Return a path in the form in which aiohttp compares it with those of requests."""
    if not path.startswith("/") or {"?", "#"} & set(path):
        raise InvalidArgumentError(f"path must begin with a slash, without a query, not {path!r}")
    return URL.build(path=path, encoded=True).path_safe


_ASK_FOR_BODY = web.RequestKey("ask_for_body", bool)


async def _expect(request: web.Request) -> None:
    """Let the handler send `100 Continue` when it wants the body."""
    request[_ASK_FOR_BODY] = request.version == HttpVersion11


async def _body_of(request: web.Request) -> AsyncGenerator[bytes]:
    if request.get(_ASK_FOR_BODY, False):
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0  # as aiohttp does: the response has not begun
    async for chunk in request.content.iter_any():
        yield chunk
