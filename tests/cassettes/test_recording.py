"""What gets into the file, and what does not."""

import asyncio
import base64
import json
import re
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from yarl import URL

from currents_async import (
    InvalidArgumentError,
    NotFoundError,
    RedirectError,
    ServerError,
    UnauthorizedError,
)
from currents_async.testing import FakeCurrents, FaultyServer, WorldProject, faults
from currents_async.testing.cassettes import CassettePlayer, CassetteRecorder, cassette
from tests.cassettes.conftest import Connect, Record
from tests.support import KEY, client, shown_of

ADA = ("Ada Lovelace", "ada.lovelace+ci@analytical.engine.co.uk")


THE_FILE = """\
{
  "exchanges": [
    {
      "request": {
        "method": "GET",
        "path": "/actions",
        "query": {
          "projectId": [
            "PROJECT"
          ],
          "status": [
            "active",
            "disabled"
          ]
        }
      },
      "response": {
        "headers": {
          "Content-Type": "application/json; charset=utf-8",
          "X-Request-Id": "fake-00000001"
        },
        "json": {
          "data": [],
          "status": "OK"
        },
        "status": 200
      }
    }
  ],
  "version": 1
}
"""


def contents(directory: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in directory.iterdir()}


def exchanges(tape: Path) -> list[Any]:
    found: list[Any] = json.loads(tape.read_bytes())["exchanges"]
    return found


def bearer(server: CassetteRecorder | CassettePlayer) -> dict[str, str]:
    return {"Authorization": f"Bearer {server.api_key}"}


async def test_the_file(
    record: Record, connect: Connect, project: WorldProject, tape: Path
) -> None:
    async with record() as server, connect(server) as currents:
        await currents.actions.list(project.project_id, status=["active", "disabled"])
    assert contents(tape.parent) == {"tape.json": THE_FILE.replace("PROJECT", project.project_id)}


async def test_no_secret_is_in_it(
    upstream: FakeCurrents, record: Record, connect: Connect, project: WorldProject, tape: Path
) -> None:
    run = project.run(specs=3, failures=4, author=ADA)
    trace = "https://t.example/?trace=https%3A%2F%2Fa.example%3FSignature%3Dsigned-by-us"
    upstream.fail("findRun", 403, body=f'{{"error": "{KEY} may not do {trace}"}}'.encode())
    upstream.fail("findRun", 402, body=f"<p>{KEY}: ask {ADA[1]}".encode())
    upstream.fail("findRun", 402, body=f"<p>{KEY}: ask {ADA[1]}, \xe9".encode("latin-1"))
    async with record() as server, connect(server) as currents:
        await currents.runs.get_instances(run.run_id)
        for _ in range(3):
            with pytest.raises(Exception, match="findRun"):
                await currents.runs.find(run.project_id, branch=ADA[1])
        with pytest.raises(Exception, match="getRun"):
            await currents.runs.get(ADA[1])
        await currents.webhooks.create(
            f"https://{KEY}:pass-word@127.0.0.1/{ADA[1]}",
            project_id=run.project_id,
            headers={"X-Secret": "open-sesame"},
        )
        await currents.webhooks.create(
            "https://hooks.slack.com/services/T0/B0/xoxb-hook", project_id=run.project_id
        )
        await currents.webhooks.list(run.project_id)
    written = contents(tape.parent)["tape.json"]
    [binary] = re.findall(r'"base64": "(.+?)"', written)
    written += base64.b64decode(binary).decode("latin-1")
    assert ": ask user1@scrubbed.example, \xe9" in written
    signed = json.dumps([upstream.world.instance(spec.instance_id or "") for spec in run.specs])
    signatures = re.findall(r"Signature=([^&\"]+)", signed)
    assert len(signatures) > 5
    for secret in (
        KEY,
        ADA[1],
        "lovelace",
        "engine.co.uk",
        "open-sesame",
        "pass-word",
        "signed-by-us",
        "Ada Lovelace",
        "xoxb-hook",
    ):
        assert secret not in written
    for signature in signatures:
        assert signature not in written
    assert "https://hooks.slack.com/services/[secret]" in written


async def test_the_same_address_has_the_same_name(
    record: Record, connect: Connect, project: WorldProject, tape: Path
) -> None:
    runs = [project.run(specs=1, author=ADA) for _ in range(2)]
    other = project.run(specs=1, author=("Charles Babbage", "charles@analytical.engine.co.uk"))
    async with record() as server, connect(server) as currents:
        for run in (*runs, other):
            await currents.runs.get(run.run_id)
    async with CassettePlayer(tape) as player, connect(player) as currents:
        found = [await currents.runs.get(run.run_id) for run in (*runs, other)]
    emails = [str(run.meta and run.meta.commit and run.meta.commit.author_email) for run in found]
    assert emails[0] == emails[1] != emails[2]
    assert all(re.fullmatch(r"user\d+@scrubbed\.example", email) for email in emails)


async def test_the_same_person_has_the_same_name_wherever_it_stands(
    record: Record, connect: Connect, upstream: FakeCurrents, project: WorldProject, tape: Path
) -> None:
    """Also in a text that comes before the name does."""
    ada = [project.run(specs=1, author=ADA) for _ in range(2)]
    other = project.run(specs=1, author=("Charles Babbage", "c@example.com"))
    upstream.fail("findRun", 404, body=b'{"error": "no run of Ada Lovelace\'s, Charles Babbage"}')
    async with record() as server, connect(server) as currents:
        with pytest.raises(NotFoundError):
            await currents.runs.find(project.project_id)
        for run in (*ada, other):
            await currents.runs.get(run.run_id)
        await currents.runs.list(project.project_id, authors=[ADA[0]])
    async with CassettePlayer(tape) as player, connect(player) as currents:
        with pytest.raises(NotFoundError) as caught:
            await currents.runs.find(project.project_id)
        found = [await currents.runs.get(run.run_id) for run in (*ada, other)]
        # A test may ask for the person whom it knows.
        page = await currents.runs.list(project.project_id, authors=[ADA[0]])
    names = [str(run.meta and run.meta.commit and run.meta.commit.author_name) for run in found]
    assert all(re.fullmatch(r"Person \d", name) for name in names)
    assert names[0] == names[1] != names[2]
    assert f"no run of {names[0]}'s, {names[2]}" in str(caught.value)
    assert len(page.items) == 2
    assert not re.search("Lovelace|Babbage", contents(tape.parent)["tape.json"])


async def test_what_scrub_matches_is_not_in_it(
    upstream: FakeCurrents, connect: Connect, project: WorldProject, tape: Path
) -> None:
    scrub: list[str | re.Pattern[str]] = [
        r"acme-\w+",
        re.compile("(?<=/hooks/)SECRET", re.IGNORECASE),
    ]
    url = "https://chat.acme-corp.example/hooks/secret"
    async with (
        CassetteRecorder(tape, base_url=upstream.url, api_key=KEY, scrub=scrub) as server,
        connect(server) as currents,
    ):
        await currents.webhooks.create(url, project_id=project.project_id, label="acme-bot")
    written = contents(tape.parent)["tape.json"]
    assert "acme" not in written
    assert "secret" not in written
    async with CassettePlayer(tape, scrub=scrub) as player, connect(player) as currents:
        hook = await currents.webhooks.create(url, project_id=project.project_id, label="acme-bot")
    assert hook.url == "https://chat.[scrubbed].example/hooks/[scrubbed]"
    async with cassette(tape, scrub=scrub, allow_unused=True) as again, connect(again) as currents:
        await currents.webhooks.create(url, project_id=project.project_id, label="acme-bot")


@pytest.mark.parametrize("scrub", ["acme", ["("], [".*"], [rb"a"], [1], [re.compile(rb"a")]])
def test_patterns_that_cannot_be_used(tape: Path, scrub: Any) -> None:
    for make in (
        lambda: CassetteRecorder(tape, api_key=KEY, scrub=scrub),
        lambda: CassettePlayer(tape, scrub=scrub),
    ):
        with pytest.raises(InvalidArgumentError, match="scrub"):
            make()


async def test_nothing_shows_the_key(record: Record, connect: Connect) -> None:
    server = record()
    assert KEY not in repr(server) + repr(vars(server))
    async with server, connect(server) as currents:
        with pytest.raises(Exception, match="404") as caught:
            await currents.runs.get("nope")
        assert KEY not in repr(server.requests) + shown_of(caught.value)


@pytest.mark.parametrize("key", [None, "", f"{KEY}\n"])
def test_a_key_that_cannot_be_used(tape: Path, key: str | None) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        CassetteRecorder(tape, api_key=key)
    assert KEY not in str(caught.value) + repr(caught.traceback[-1].frame.f_locals)


def test_the_key_does_not_travel_in_the_open(tape: Path) -> None:
    with pytest.raises(InvalidArgumentError, match="https://"):
        CassetteRecorder(tape, base_url="http://api.currents.dev/v1", api_key=KEY)


async def test_only_the_made_up_key_opens_it(record: Record, upstream: FakeCurrents) -> None:
    async with record() as server:
        async with client(server.url) as currents:
            with pytest.raises(UnauthorizedError):
                await currents.runs.get("r")
        assert not upstream.requests
        assert [one.authorized for one in server.requests] == [False]


async def test_only_what_is_for_the_api_is_passed_on(
    record: Record, upstream: FakeCurrents, tape: Path
) -> None:
    async with record() as server, aiohttp.ClientSession(headers=bearer(server)) as session:
        response = await session.get(server.url.removesuffix("/v1") + "/elsewhere")
        assert response.status == 404
    assert not upstream.requests
    assert exchanges(tape) == []


async def test_what_is_passed_on(record: Record, upstream: FakeCurrents, tape: Path) -> None:
    sent = {"Accept": "text/markdown", "User-Agent": "bot/1", "Cookie": "a=b", "X-Mine": "1"}
    async with record() as server, aiohttp.ClientSession(headers=bearer(server)) as session:
        path = "/runs/a%2Fb%20c?x=1&y=%C3%A9&x=2%2B"
        async with session.get(server.url + path, headers=sent) as response:
            assert response.status == 400
    (request,) = upstream.requests
    assert request.authorized
    assert (request.path, request.query) == ("/runs/a/b c", [("x", "1"), ("y", "é"), ("x", "2+")])
    assert request.headers["Accept"] == "text/markdown"
    assert request.headers["User-Agent"] == "bot/1"
    assert request.headers["Accept-Encoding"] == "gzip"
    assert not {"Cookie", "X-Mine"} & set(request.headers)
    assert exchanges(tape)[0]["request"] == {
        "method": "GET",
        "path": "/runs/a%2Fb c",
        "query": {"x": ["1", "2+"], "y": ["é"]},
    }


async def test_it_stays_encoded_as_it_was(tape: Path) -> None:
    path = "/runs/%7Eb%2fc?x=%41&x"
    async with (
        FaultyServer() as upstream,
        CassetteRecorder(tape, base_url=upstream.url, api_key=KEY) as server,
        aiohttp.ClientSession(headers=bearer(server)) as session,
    ):
        await session.get(URL(server.url + path, encoded=True))
        assert [request.target for request in upstream.requests] == [f"/v1{path}"]


async def test_failures_are_recorded_too(
    record: Record, upstream: FakeCurrents, connect: Connect, project: WorldProject, tape: Path
) -> None:
    run = project.run(specs=1)
    upstream.fail("getRun", 429, headers={"Retry-After": "7"})
    upstream.fail("getRun", 500, body=b"<html>oops")
    async with record() as server, connect(server) as currents:
        await currents.runs.get(run.run_id)
    first, second, third = [one["response"] for one in exchanges(tape)]
    assert (first["status"], first["headers"]["Retry-After"]) == (429, "7")
    assert (second["status"], second["text"]) == (500, "<html>oops")
    assert third["status"] == 200


@pytest.mark.parametrize("fault", [faults.reset(), faults.truncated_gzip()], ids=["reset", "cut"])
async def test_requests_without_a_response_are_not(
    fault: Any, connect: Connect, tape: Path
) -> None:
    async with (
        FaultyServer(fault) as upstream,
        CassetteRecorder(tape, base_url=upstream.url, api_key=KEY) as server,
        connect(server) as currents,
    ):
        with pytest.raises(ServerError, match="502 the service sent no response to record"):
            await currents.runs.get("r")
    assert exchanges(tape) == []


async def test_redirects_are_not_followed(connect: Connect, tape: Path) -> None:
    location = "https://elsewhere.example/x?Signature=abcdef"
    async with (
        FaultyServer(faults.redirect(location=location)) as upstream,
        CassetteRecorder(tape, base_url=upstream.url, api_key=KEY) as server,
        connect(server) as currents,
    ):
        with pytest.raises(RedirectError):
            await currents.runs.get("r")
        assert len(upstream.requests) == 1
    (exchange,) = exchanges(tape)
    assert exchange["response"]["headers"]["Location"] == "https://elsewhere.example/x?[signature]"


async def test_a_client_that_leaves_early_is_not_recorded(
    record: Record, upstream: FakeCurrents, connect: Connect, tape: Path
) -> None:
    asked = asyncio.Event()

    async def hold(_: object) -> None:
        asked.set()
        await asyncio.Event().wait()

    upstream.before_response = hold
    async with record() as server, connect(server) as currents:
        task = asyncio.create_task(currents.runs.get("r"))
        await asked.wait()
        task.cancel()
        await asyncio.wait([task])
        upstream.before_response = None
        with pytest.raises(Exception, match="404"):
            await currents.runs.get("other")
    assert [one["request"]["path"] for one in exchanges(tape)] == ["/runs/other"]


async def test_an_error_does_not_lose_it(record: Record, connect: Connect, tape: Path) -> None:
    async def fail_midway() -> None:
        async with record() as server, connect(server) as currents:
            with pytest.raises(Exception, match="404"):
                await currents.runs.get("nope")
            raise KeyError("midway")

    with pytest.raises(KeyError, match="midway"):
        await fail_midway()
    assert len(exchanges(tape)) == 1


async def test_it_is_the_same_each_time(
    upstream: FakeCurrents, connect: Connect, project: WorldProject, tape: Path
) -> None:
    run = project.run(specs=5)
    written: list[dict[str, str]] = []
    for _ in range(2):
        async with (
            FakeCurrents(upstream.world, api_key=KEY) as fresh,
            CassetteRecorder(tape, base_url=fresh.url, api_key=KEY) as server,
            connect(server) as currents,
        ):
            async for _ in currents.runs.list(run.project_id, branches=["main"]):
                await currents.instances.get(run.specs[0].instance_id or "")
        written.append(contents(tape.parent))
    assert written[0] == written[1]


async def test_a_full_disk_leaves_the_old_one(
    record: Record, tape: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with record():
        pass
    old = contents(tape.parent)

    def full(*_: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        async with record():
            pass
    assert contents(tape.parent) == old
