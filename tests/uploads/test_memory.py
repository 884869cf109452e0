"""An upload of any size takes the same memory, and is neither chunked nor read as a whole."""

import asyncio
import tracemalloc
from pathlib import Path

import pytest

from currents_async import AttachmentFile, Currents
from currents_async.testing import FakeCurrents, WorldProject

MIB = 1024 * 1024


@pytest.mark.parametrize("size", [MIB, 24 * MIB])
async def test_memory_is_flat(
    server: FakeCurrents, currents: Currents, project: WorldProject, tmp_path: Path, size: int
) -> None:
    received = 0

    async def swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal received
        await reader.readuntil(b"\r\n\r\n")
        while received < size:
            received += len(await reader.read(64 * 1024))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        writer.close()
        await writer.wait_closed()

    storage = await asyncio.start_server(swallow, "127.0.0.1", 0)
    run = project.run(specs=1, tests=1)
    with (tmp_path / "big").open("wb") as file:
        file.truncate(size)
    url = f"http://127.0.0.1:{storage.sockets[0].getsockname()[1]}/upload"
    body = (
        f'{{"status":"OK","data":{{"runId":"{run.run_id}","attachments":'
        f'[{{"attachmentId":"a","uploadUrl":"{url}"}}]}}}}'
    )
    server.fail("addRunAttachments", 201, body=body.encode())
    tracemalloc.start()
    try:
        result = await currents.runs.attach(run.run_id, [AttachmentFile(path=tmp_path / "big")])
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        storage.close()
    assert not result.failed
    assert received == size
    assert peak < 8 * MIB
