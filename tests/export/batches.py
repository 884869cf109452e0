"""Rows of windows, without a server."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from currents_async.export._tables.rows import RowBuilder
from currents_async.export._windows import Window
from currents_async.export._write.sinks import Sink
from currents_async.models import Run
from tests.export.documents import decoded
from tests.support import RUN

WINDOW = Window(date(2026, 1, 5), "p")
NEXT = Window(date(2026, 1, 6), "p")


def batches_of(window: Window, *run_ids: str, author: str = "Ada") -> Iterator[tuple[str, Any]]:
    """Batches of `runs` and `run_groups`, with a row of each for each run."""
    builder = RowBuilder(window.project_id, window.day)
    for run_id in run_ids:
        document = {
            **RUN,
            "runId": run_id,
            "projectId": window.project_id,
            "createdAt": f"{window.day}T09:00:00.123Z",
            "tags": ["a", "b"],
            "meta": {"commit": {"authorName": author}},
            "groups": [{"groupId": "g"}],
        }
        builder.add_run(decoded(document, Run))
    return builder.take()


def stage(sink: Sink, window: Window, *run_ids: str, author: str = "Ada") -> None:
    for table, batch in batches_of(window, *run_ids, author=author):
        sink.write(window, table, batch)


def put(sink: Sink, window: Window, *run_ids: str, author: str = "Ada") -> None:
    stage(sink, window, *run_ids, author=author)
    sink.commit(window)
