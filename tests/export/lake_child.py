"""Compactions, each of a target called like the step at which it is killed.

`python -m tests.export.lake_child <way> <directory of targets>`
"""

import asyncio
import importlib
import os
import shutil
import signal
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from currents_async.export import lake
from currents_async.export._write import local_store
from currents_async.export._write.local_store import LocalStore

_BEFORE = datetime(2026, 3, 1, tzinfo=UTC)


def die_at(step: int, way: str) -> None:
    """Kill this process before the step, of those that other processes can see."""
    steps = iter(range(1000))

    def counted(act: Callable[..., Any]) -> Callable[..., Any]:
        def count(*args: Any, **options: Any) -> Any:
            if next(steps) == step:
                os.kill(os.getpid(), signal.SIGKILL)
            return act(*args, **options)

        return count

    if way == "delta":
        log = importlib.import_module("currents_async.export._write.delta_log").DeltaLog
        for method in ("commit", "vacuum"):
            setattr(log, method, counted(getattr(log, method)))
    for method in ("publish", "remove", "replace_at_once", "tidy"):
        setattr(LocalStore, method, counted(getattr(LocalStore, method)))
    for module, name in ((local_store, "exchange"), (shutil, "rmtree")):
        setattr(module, name, counted(getattr(module, name)))


if __name__ == "__main__":
    if sys.argv[1] == "without exchange":
        setattr(local_store, "exchange", lambda *_: False)  # noqa: B010 - it is imported there
    for target in Path(sys.argv[2]).iterdir():
        child = os.fork()
        if not child:
            die_at(int(target.name), sys.argv[1])
            asyncio.run(lake.compact(target, before=_BEFORE))
            os._exit(0)
        assert os.waitpid(child, 0)[1] in {0, signal.SIGKILL}
