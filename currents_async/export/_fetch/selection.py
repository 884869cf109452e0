"""What is to be fetched: which runs, how much of each, and what to skip in a window."""

from collections.abc import Callable, Mapping

import msgspec

from currents_async.export._windows import Window
from currents_async.models import RunSpec


class Depth(msgspec.Struct, frozen=True, kw_only=True):
    """How much of each run is fetched."""

    specs: bool = True
    instances: bool = True
    """Only together with the specs."""
    only_failed: bool = False
    """Whether only instances of specs that failed are fetched."""

    def wants(self, spec: RunSpec) -> bool:
        return self.instances and (spec.failed or not self.only_failed)


class RunFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which runs are fetched: arguments of `runs.list`."""

    branches: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """What to fetch of a window: everything by default."""

    lists: bool = True
    """Whether to list its runs; if not, only `instances` are fetched."""
    done: Mapping[str, str] = {}
    """Runs to skip unless their entry in the list has changed: its digest, by run ID."""
    waiting: frozenset[str] = frozenset()
    """Runs that are not to be fetched yet."""
    instances: Mapping[str, Mapping[str, str]] = {}
    """Instances to fetch of runs that are skipped: their specs, by run ID and instance ID."""


Select = Callable[[Window], Selection]


def everything(_: Window) -> Selection:
    return Selection()
