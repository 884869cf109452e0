"""Event loops that can be measured."""

import asyncio
from collections.abc import Callable

from benchmarks.gauges import StallSelector


def loop_factory(selector: StallSelector | None) -> Callable[[], asyncio.AbstractEventLoop]:
    """Return what makes a loop around a selector, or uvloop's, which takes none.

    Raises `ModuleNotFoundError` without uvloop.
    """
    if selector is None:
        import uvloop  # noqa: PLC0415 - a contender of its own, and absent on Windows

        return uvloop.new_event_loop
    return lambda: asyncio.SelectorEventLoop(selector)
