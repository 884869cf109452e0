import os
import subprocess
import sys
from io import BytesIO
from typing import BinaryIO, cast

import pyarrow as pa
import pytest

from currents_async.export._tables import SCHEMAS
from currents_async.export._write.ipc import IpcSink
from tests.export.batches import NEXT, WINDOW, batches_of


def send(sink: IpcSink, *run_ids: str) -> None:
    for window in (WINDOW, NEXT):
        for table, batch in batches_of(window, *run_ids):
            if table == "runs":
                sink.write(window, table, batch)
        sink.commit(window)


def test_a_stream_has_all_rows_of_one_table_and_its_schema() -> None:
    stream = BytesIO()
    sink = IpcSink(stream, "runs")
    send(sink, "r1", "r2")
    sink.close()
    del sink
    assert not stream.closed
    table = pa.ipc.open_stream(stream.getvalue()).read_all()
    assert table.schema.equals(SCHEMAS["runs"], check_metadata=True)
    assert table["run_id"].to_pylist() == ["r1", "r2", "r1", "r2"]
    assert table["day"].to_pylist() == [WINDOW.day, WINDOW.day, NEXT.day, NEXT.day]


def test_a_stream_without_rows_has_a_schema() -> None:
    stream = BytesIO()
    IpcSink(stream, "tests").close()
    assert pa.ipc.open_stream(stream.getvalue()).read_all().num_rows == 0


def test_a_window_is_flushed_when_it_ends() -> None:
    read, write = os.pipe()
    with os.fdopen(read, "rb") as reader, os.fdopen(write, "wb", buffering=1 << 20) as stream:
        sink = IpcSink(stream, "runs")
        send(sink, "r1")
        assert pa.ipc.open_stream(reader).read_next_batch()["run_id"].to_pylist() == ["r1"]
        sink.close()


def test_a_closed_reader_is_reported_once() -> None:
    read, write = os.pipe()
    os.close(read)
    stream = os.fdopen(write, "wb")
    sink = IpcSink(stream, "runs")
    with pytest.raises(BrokenPipeError):
        send(sink, "r1")
    sink.close()
    with pytest.raises(BrokenPipeError):
        stream.close()


def test_another_program_reads_it_from_a_pipe() -> None:
    program = (
        "import sys, pyarrow as a; print(a.ipc.open_stream(sys.stdin.buffer).read_all().shape)"
    )
    with subprocess.Popen(  # noqa: S603 - a program of ours
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as reader:
        assert reader.stdin is not None
        assert reader.stdout is not None
        sink = IpcSink(cast("BinaryIO", reader.stdin), "runs")
        send(sink, "r1", "r2", "r3")
        sink.close()
        reader.stdin.close()
        assert reader.stdout.read() == f"(6, {len(SCHEMAS['runs'])})\n".encode()
