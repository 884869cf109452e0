"""The API key is never shown: not in errors, logs, tracebacks or pickles."""

import asyncio
import gc
import inspect
import logging
import pickle
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
from aiohttp import web

import currents_async
from currents_async import (
    Currents,
    CurrentsError,
    ForbiddenError,
    InvalidArgumentError,
    NotFoundError,
)
from currents_async.testing import FakeCurrents, RecordedRequest
from tests.support import shown_of

KEY = "sk-a-very-secret-key"
PACKAGE = Path(currents_async.__file__).parent


class TestSecrets:
    @pytest.fixture
    async def echo(self) -> AsyncIterator[str]:
        """Serve errors that quote the request's key in every place there is."""

        async def handle(request: web.Request) -> web.Response:
            key = request.headers["Authorization"]
            return web.json_response(
                {"status": "FAILED", "error": f"bad key {key}"},
                status=403,
                headers={"X-Request-Id": key},
            )

        app = web.Application()
        app.router.add_route("*", "/{rest:.*}", handle)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
        await runner.cleanup()

    async def test_a_key_that_the_server_echoes_is_redacted(
        self, echo: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        async with Currents(KEY, base_url=echo) as currents:
            with pytest.raises(CurrentsError) as caught:
                await currents.runs.get("r")
        shown = shown_of(caught.value, without=__file__) + caplog.text
        assert "[API key]" in shown
        assert KEY not in shown

    @pytest.mark.parametrize(
        "query",
        [
            "X-Amz-Algorithm=AWS4&X-Amz-Credential=AKIA%2F1&X-Amz-Signature=5ec2e7",
            "Expires=17&Signature=5ec2e7~&Key-Pair-Id=K",
            "X-Goog-Signature=5ec2e7",
            "sv=2024&sig=5ec2e7%3D&se=2026",
        ],
    )
    async def test_a_signed_url_that_the_server_echoes_is_redacted(
        self, server: FakeCurrents, currents: Currents, query: str
    ) -> None:
        message = f"cannot read https://assets.example/v/1.mp4?{query}, sorry; see /docs?page=2"
        body = msgspec.json.encode({"status": "FAILED", "error": message})
        server.fail("getRun", status=400, body=body)
        with pytest.raises(CurrentsError) as caught:
            await currents.runs.get("r")
        shown = shown_of(caught.value, without=__file__)
        assert "5ec2e7" not in shown
        assert "assets.example/v/1.mp4?[signature]" in shown
        assert "see /docs?page=2" in shown

    async def test_a_key_in_a_failure_with_status_200_is_redacted(
        self, server: FakeCurrents
    ) -> None:
        body = msgspec.json.encode({"status": "FAILED", "error": f"bad key {KEY}"})
        server.fail("getRun", status=200, body=body)
        async with Currents(KEY, base_url=server.url) as currents:
            with pytest.raises(CurrentsError, match=r"bad key \[API key\]") as caught:
                await currents.runs.get("r")
        assert KEY not in shown_of(caught.value, without=__file__) + repr(caught.value.__reduce__())

    async def test_middlewares_of_the_caller_do_not_see_the_key(self, server: FakeCurrents) -> None:
        shown: list[str] = []

        async def watch(
            request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
        ) -> aiohttp.ClientResponse:
            shown.append(repr(request.headers))
            response = await handler(request)
            shown.extend([repr(request.headers), repr(response.request_info)])
            return response

        async with (
            aiohttp.ClientSession(middlewares=[watch]) as session,
            Currents(server.api_key, base_url=server.url, session=session) as currents,
        ):
            with pytest.raises(NotFoundError):
                await currents.runs.get("r")
        assert server.requests[0].authorized
        assert len(shown) == 3
        assert server.api_key not in "".join(shown)

    async def test_no_object_that_lives_during_a_request_shows_the_key(
        self, server: FakeCurrents, caplog: pytest.LogCaptureFixture
    ) -> None:
        """The key is in a request only while its head is written."""
        caplog.set_level(logging.DEBUG)
        shown: list[str] = []

        async def look(_: RecordedRequest) -> None:
            awaited: Any = calling.get_coro()
            while awaited is not None:
                if inspect.iscoroutine(awaited):
                    assert awaited.cr_frame is not None
                    for value in awaited.cr_frame.f_locals.values():
                        if isinstance(value, str | bytes | list | tuple | Mapping):
                            shown.append(repr(value))
                        elif isinstance(value, aiohttp.ClientRequest):
                            shown.append(repr(value.headers))
                    awaited = awaited.cr_await
                else:  # what `__await__` returned, around a coroutine or at the end
                    inner = filter(inspect.iscoroutine, gc.get_referents(awaited))
                    awaited = next(inner, None)

        server.before_response = look
        async with Currents(server.api_key, base_url=server.url) as currents:
            calling = asyncio.create_task(currents.runs.get("r"))
            with pytest.raises(NotFoundError):
                await calling
            assert server.requests[0].authorized
            shown += [repr(vars(currents)), repr(vars(currents._channel))]
        assert len(shown) > 10
        assert server.api_key not in "".join(shown) + caplog.text

    async def test_a_netrc_file_does_not_replace_the_key(
        self, echo: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        """With `trust_env` aiohttp looks for credentials there, and does not like to find two."""
        netrc = tmp_path / "netrc"
        netrc.write_text("machine 127.0.0.1 login other password other\n")
        netrc.chmod(0o600)
        monkeypatch.setenv("NETRC", str(netrc))
        async with aiohttp.ClientSession(trust_env=True) as session:
            response = await session.get(echo)
            assert "bad key Basic " in await response.text()
            for theirs in (session, None):
                async with Currents(KEY, base_url=echo, session=theirs, trust_env=True) as currents:
                    with pytest.raises(ForbiddenError, match=r"bad key Bearer \[API key\]"):
                        await currents.runs.get("r")

    async def test_connection_errors_do_not_show_the_key(self, unused_port: int) -> None:
        async with Currents(KEY, base_url=f"http://127.0.0.1:{unused_port}") as currents:
            with pytest.raises(CurrentsError) as caught:
                await currents.runs.get("r")
        assert caught.value.__context__ is None
        assert caught.value.__cause__ is None
        assert KEY not in shown_of(caught.value, without=__file__)

    async def test_the_client_does_not_show_the_key(self) -> None:
        currents = Currents(KEY)
        parts = [currents, currents.runs, currents._transport, vars(currents._transport)]
        assert all(KEY not in repr(part) for part in parts)
        with pytest.raises(TypeError, match="cannot be pickled"):
            pickle.dumps(currents)
        await currents.aclose()

    @pytest.mark.parametrize("where", ["argument", "environment"])
    def test_an_invalid_key_is_not_shown(self, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
        bad = KEY + "\n"
        if where == "environment":
            monkeypatch.setenv("CURRENTS_API_KEY", bad)
        with pytest.raises(InvalidArgumentError, match="CURRENTS_API_KEY") as caught:
            Currents(bad if where == "argument" else None)
        assert KEY not in shown_of(caught.value, without=__file__)
