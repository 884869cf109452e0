"""Files attached: declared, uploaded to the second socket of the fake, and what fails alone."""

import asyncio
import gc
import os
import traceback
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from currents_async import (
    AttachmentFile,
    AttachResult,
    ConnectError,
    Currents,
    FileChangedError,
    ForbiddenError,
    InvalidArgumentError,
    NotFoundError,
    RedirectError,
    ServerError,
)
from currents_async._transport import file_body
from currents_async.testing import FakeCurrents, ManualClock, RecordedRequest, World, WorldProject
from tests.support import NoBackoff

pytestmark = pytest.mark.usefixtures("no_task_is_left")

BLOCK = 256 * 1024


@pytest.fixture
async def server(world: World) -> AsyncIterator[FakeCurrents]:
    async with FakeCurrents(world, assets=True) as server:
        yield server


@pytest.fixture
async def currents(server: FakeCurrents) -> AsyncIterator[Currents]:
    async with Currents(server.api_key, base_url=server.url, clock=NoBackoff()) as currents:
        yield currents


@pytest.fixture
def run_id(project: WorldProject) -> str:
    return project.run(specs=1, tests=1).run_id


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a.log"
    path.write_bytes(b"log")
    return path


def contents(server: FakeCurrents) -> list[bytes | None]:
    return [one.content for one in server.world.attachments.values()]


async def test_a_file_arrives_as_declared(
    server: FakeCurrents, currents: Currents, project: WorldProject, tmp_path: Path
) -> None:
    run = project.run(specs=1, tests=1)
    content = bytes(range(256)) * 4096 + b"end"
    (tmp_path / "shot.png").write_bytes(content)
    (tmp_path / "trace").write_bytes(b"PK")
    seen: list[tuple[int, int]] = []
    result = await currents.runs.attach(
        run.run_id,
        [
            AttachmentFile(path=tmp_path / "shot.png", type="screenshot", meta={"a": "b"}),
            AttachmentFile(path=tmp_path / "trace", type="trace", name="t.zip", caption="c"),
        ],
        on_progress=lambda so_far: seen.append((so_far.bytes_sent, so_far.bytes_total)),
        spec=run.specs[0].path,
        test_id=(await currents.instances.get(run.specs[0].instance_id or "")).tests[0].test_id,
        attempt=0,
    )
    assert not result.failed
    assert [(one.name, one.attempts) for one in result.files] == [("shot.png", 1), ("t.zip", 1)]
    assert result.target is not None
    assert result.bytes_sent == result.bytes_total == len(content) + 2
    assert seen[-1] == (result.bytes_total, result.bytes_total)
    assert seen[0][0] > 0
    first, second = server.world.attachments.values()
    assert (first.content, first.content_type, first.meta) == (content, "image/png", {"a": "b"})
    assert (second.content, second.content_type) == (b"PK", "application/zip")
    assert (second.caption, second.owner["level"]) == ("c", "attempt")
    assert [one.attachment_id for one in result.files] == [*server.world.attachments]
    for request in server.asset_requests:
        assert (request.operation, request.status) == ("uploadAttachment", 200)
        assert not request.authorized
        assert {*request.headers} == {
            *("Host", "User-Agent", "Content-Type", "Content-Length", "Accept", "Accept-Encoding")
        }
    assert "Signature" not in repr(result)


@pytest.mark.parametrize(("status", "attempts"), [(500, 3), (408, 3), (429, 3)])
async def test_what_passes_is_tried_again(
    server: FakeCurrents, currents: Currents, run_id: str, file: Path, status: int, attempts: int
) -> None:
    server.fail("uploadAttachment", status, times=2)
    result = await currents.runs.attach(run_id, [AttachmentFile(path=file)])
    assert [(one.attempts, one.error) for one in result.files] == [(attempts, None)]
    assert contents(server) == [b"log"]
    server.requests.assert_sent("addRunAttachments", times=1)


async def test_a_broken_connection(
    server: FakeCurrents, currents: Currents, run_id: str, file: Path
) -> None:
    server.fail("uploadAttachment", fault="reset")
    result = await currents.runs.attach(run_id, [AttachmentFile(path=file)])
    assert result.files[0].attempts == 2
    assert contents(server) == [b"log"]


async def test_a_refusal_is_declared_anew_once(
    server: FakeCurrents, currents: Currents, run_id: str, file: Path
) -> None:
    server.fail("uploadAttachment", 403)
    result = await currents.runs.attach(run_id, [AttachmentFile(path=file)])
    assert not result.failed
    assert contents(server) == [None, b"log"]
    assert result.files[0].attachment_id == list(server.world.attachments)[1]


async def test_one_failure_does_not_stop_the_others(
    server: FakeCurrents, currents: Currents, run_id: str, file: Path
) -> None:
    quoting = b"<Error><Code>Bad</Code><Message>?X-Amz-Credential=fake%2F1</Message></Error>"
    server.fail("uploadAttachment", 403, times=2, body=quoting)
    files = [AttachmentFile(path=file, name=f"{n}") for n in range(5)]
    result = await currents.runs.attach(run_id, files)
    assert [one.name for one in result.files] == [one.name for one in files]
    # Two files were refused, or one twice.
    assert contents(server).count(b"log") == 5 - len(result.failed)
    assert all(isinstance(one.error, ForbiddenError) for one in result.failed)
    server.fail("uploadAttachment", 503, times=None)
    result = await currents.runs.attach(run_id, files[:1])
    assert isinstance(result.files[0].error, ServerError)
    assert result.bytes_sent == 0


async def test_redirects_are_not_followed(
    server: FakeCurrents, currents: Currents, run_id: str, file: Path
) -> None:
    server.fail("uploadAttachment", 307, headers={"Location": "/elsewhere"})
    result = await currents.runs.attach(run_id, [AttachmentFile(path=file)])
    assert isinstance(result.files[0].error, RedirectError)
    assert len(server.asset_requests) == 1


async def test_an_expired_url_is_declared_anew(world: World, run_id: str, file: Path) -> None:
    clock = ManualClock()

    async def slowly(request: RecordedRequest) -> None:
        if request.operation == "addRunAttachments" and len(world.attachments) == 0:
            clock.advance(596)

    async with (
        FakeCurrents(world, assets=True, clock=clock) as server,
        Currents(server.api_key, base_url=server.url, clock=clock) as currents,
    ):
        server.before_response = slowly
        options = currents.with_options(timeouts=None)
        result = await options.runs.attach(run_id, [AttachmentFile(path=file)])
    assert not result.failed
    assert contents(server) == [None, b"log"]
    assert len(server.asset_requests) == 1


async def test_any_life_of_a_url_is_understood(
    server: FakeCurrents, currents: Currents, run_id: str, file: Path
) -> None:
    body = b'{"status":"OK","data":{"runId":"r","attachments":[{"attachmentId":"a","uploadUrl":'
    body += b'"http://127.0.0.1:1/?x"}],"uploadExpiresInSeconds":1%b}}' % (b"0" * 400)
    server.fail("addRunAttachments", 201, body=body)
    result = await currents.runs.attach(run_id, [AttachmentFile(path=file)])
    assert isinstance(result.files[0].error, ConnectError)


@pytest.mark.parametrize("change", ["grows", "shrinks", "goes"])
async def test_a_file_changes_while_it_is_sent(
    server: FakeCurrents, currents: Currents, run_id: str, tmp_path: Path, change: str
) -> None:
    big, small = tmp_path / "big", tmp_path / "small"
    big.write_bytes(b"x" * 20 * BLOCK)
    small.write_bytes(b"small")

    def interfere(_: Any) -> None:
        if change != "goes":
            os.truncate(big, 21 * BLOCK if change == "grows" else 1)

    async def remove(request: RecordedRequest) -> None:
        if change == "goes" and request.operation == "addRunAttachments":
            await asyncio.to_thread(big.unlink)

    server.before_response = remove
    files = [AttachmentFile(path=big), AttachmentFile(path=small)]
    result = await currents.runs.attach(run_id, files, on_progress=interfere)
    assert isinstance(result.files[0].error, FileChangedError)
    assert str(big) in str(result.files[0].error)
    assert (result.files[0].attempts, result.files[1].error) == (1, None)
    await server.idle()
    assert contents(server) == [None, b"small"]
    server.requests.assert_sent("addRunAttachments", times=1)


@pytest.mark.parametrize(
    ("name", "content", "fields", "named"),
    [
        ("a", b"", {}, r"files\[0\].path '.*a': the file is empty"),
        (".env", b"A=1", {}, r"files\[0\].path: '.*\.env' may hold secrets"),
        (".env.local", b"A=1", {}, "allow_env=True"),
        ("a", b"a", {"name": ""}, r"files\[0\].name must not be empty"),
        ("a", b"a", {"type": "trace"}, "must be attachment at the level run"),
        ("a", b"a", {"content_type": "text"}, "must be a media type"),
        ("a", b"a", {"path": "/nowhere/a"}, r"cannot be read: '/nowhere/a': No such file"),
        ("a", b"a", {"path": "/dev/null"}, "must be a file"),
        ("a", b"a", {"path": "/tmp"}, "must be a file"),  # noqa: S108 - a directory
        ("a", b"a", {"path": 1}, "must be a path"),
    ],
)
async def test_files_are_checked_before_anything_is_sent(
    server: FakeCurrents,
    currents: Currents,
    run_id: str,
    tmp_path: Path,
    name: str,
    content: bytes,
    fields: dict[str, Any],
    named: str,
) -> None:
    (tmp_path / "good").write_bytes(b"good")
    (tmp_path / name).write_bytes(content)
    given: dict[str, Any] = {"path": tmp_path / name, **fields}
    files = [AttachmentFile(**given), AttachmentFile(path=str(tmp_path / "good"))]
    with pytest.raises(InvalidArgumentError, match=named):
        await currents.runs.attach(run_id, files)
    server.requests.assert_none()


async def test_other_bad_arguments(
    server: FakeCurrents, currents: Currents, run_id: str, file: Path
) -> None:
    one = AttachmentFile(path=file)
    attach: Any = currents.runs.attach
    for arguments, named in [
        (([],), "files must not be empty"),
        ((one,), "files must be a sequence of AttachmentFile, not a single AttachmentFile"),
        ((file,), "files must be a sequence of AttachmentFile, not PosixPath"),
        ((["a"],), r"files\[0\] must be an AttachmentFile"),
        (([one] * 201,), "at most 200 files"),
    ]:
        with pytest.raises(InvalidArgumentError, match=named):
            await attach(run_id, *arguments, spec="a.ts")
    with pytest.raises(InvalidArgumentError, match="attempt needs"):
        await attach(run_id, [one], attempt=1)
    with pytest.raises(InvalidArgumentError, match="timeout must be"):
        await attach(run_id, [one], timeout=0)
    for odd in (5, asyncio.sleep):
        with pytest.raises(InvalidArgumentError, match="on_progress must be a function"):
            await attach(run_id, [one], on_progress=odd)
    server.requests.assert_none()
    (file.parent / ".env").write_bytes(b"A=1")
    asked = await attach(run_id, [AttachmentFile(path=file.parent / ".env")], allow_env=True)
    assert not asked.failed


async def test_batches(server: FakeCurrents, currents: Currents, run_id: str, file: Path) -> None:
    server.fail("addRunAttachments", 403, after=1)
    files = [AttachmentFile(path=file, name=f"{n}") for n in range(101)]
    result = await currents.runs.attach(run_id, files)
    assert [one.name for one in result.failed] == [f"{n}" for n in range(50, 100)]
    assert all(isinstance(one.error, ForbiddenError) for one in result.failed)
    assert contents(server) == [b"log"] * 51
    server.requests.assert_sent("addRunAttachments", times=3)
    busiest = max(
        sum(two.started <= one.started < (two.finished or 0) for two in server.asset_requests)
        for one in server.asset_requests
    )
    assert busiest <= 4
    with pytest.raises(NotFoundError):
        await currents.runs.attach("nope", files[:1])


async def test_sessions_and_builds(
    server: FakeCurrents, currents: Currents, project: WorldProject, file: Path
) -> None:
    run, key = project.run(specs=1), project.record_key
    files = [AttachmentFile(path=file)]
    build: dict[str, Any] = {"project_id": project.project_id, "ci_build_id": run.ci_build_id}
    by_ci = await currents.runs.attach_by_ci(files, record_key=key, **build)
    session = await currents.sessions.create("t", "passed", project_id=project.project_id)
    of_session = await currents.sessions.attach(session.session_id, files, record_key=key)
    assert not by_ci.failed + of_session.failed
    assert [one.owner for one in server.world.attachments.values()] == [
        {"runId": run.run_id, "level": "run"},
        {"sessionId": session.session_id},
    ]
    assert contents(server) == [b"log", b"log"]


@pytest.mark.parametrize(
    "error",
    [ZeroDivisionError(), TimeoutError(), OSError(5, "no"), type("Odd", (BaseException,), {})()],
)
async def test_what_on_progress_raises_is_raised(
    server: FakeCurrents, currents: Currents, run_id: str, file: Path, error: BaseException
) -> None:
    calls = 0

    def complain(_: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise error

    with pytest.raises(type(error)) as raised:
        await currents.runs.attach(run_id, [AttachmentFile(path=file)], on_progress=complain)
    assert raised.value is error
    assert len(server.asset_requests) == 1
    shown = traceback.TracebackException.from_exception(error, capture_locals=True)
    assert "X-Amz-Signature" not in "".join(shown.format())


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes")
async def test_a_pipe_that_takes_the_place_of_a_file(
    server: FakeCurrents, currents: Currents, run_id: str, file: Path
) -> None:
    def replace() -> None:
        file.unlink()
        os.mkfifo(file)

    async def interfere(request: RecordedRequest) -> None:
        if request.operation == "addRunAttachments":
            await asyncio.to_thread(replace)

    server.before_response = interfere
    result = await currents.runs.attach(run_id, [AttachmentFile(path=file)])
    assert isinstance(result.files[0].error, FileChangedError)


@pytest.mark.parametrize("name", ["a: b?.png", "data:,c.png", "d#e.png"])
async def test_the_type_of_odd_names(
    server: FakeCurrents, currents: Currents, run_id: str, tmp_path: Path, name: str
) -> None:
    (tmp_path / name).write_bytes(b"x")
    await currents.runs.attach(run_id, [AttachmentFile(path=tmp_path / name)])
    [attached] = server.world.attachments.values()
    assert attached.content_type == "image/png"


async def test_errors_can_be_printed(
    server: FakeCurrents, currents: Currents, run_id: str, tmp_path: Path
) -> None:
    odd = tmp_path / os.fsdecode(b"\xff\n")
    odd.write_bytes(b"x")

    async def remove(request: RecordedRequest) -> None:
        if request.operation == "addRunAttachments":
            await asyncio.to_thread(odd.unlink)

    server.before_response = remove
    result = await currents.runs.attach(run_id, [AttachmentFile(path=odd, name="odd")])
    assert isinstance(result.files[0].error, FileChangedError)
    assert str(result.files[0].error).isprintable()
    assert result.files[0].error.path == str(odd)


async def test_a_disk_that_fails(
    currents: Currents, run_id: str, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Any) -> None:
        raise OSError(116, "Stale file handle")

    def break_disk(so_far: AttachResult) -> None:
        if so_far.bytes_sent < so_far.bytes_total:
            monkeypatch.setattr(file_body, "os", SimpleNamespace(fstat=fail))

    os.truncate(file, 2 * BLOCK)
    result = await currents.runs.attach(run_id, [AttachmentFile(path=file)], on_progress=break_disk)
    assert isinstance(result.files[0].error, FileChangedError)
    assert "Stale file handle" in str(result.files[0].error)


async def test_cancelled(server: FakeCurrents, currents: Currents, run_id: str, file: Path) -> None:
    server.fail("uploadAttachment", fault="stall")
    task = asyncio.create_task(currents.runs.attach(run_id, [AttachmentFile(path=file)]))
    while not server.asset_requests:  # noqa: ASYNC110 - it has no event
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert contents(server) == [None]


@pytest.mark.usefixtures("only_new_garbage")
async def test_cancelled_at_any_moment(currents: Currents, run_id: str, file: Path) -> None:
    moments = 0
    while True:
        task = asyncio.create_task(currents.runs.attach(run_id, [AttachmentFile(path=file)]))
        for _ in range(moments):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        if not task.cancelled():
            break
        moments += 1
    gc.collect()  # a file that is still open warns of it
    assert not task.result().failed
