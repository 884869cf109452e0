"""A file for each suite, named as on the command line, with `run(options) -> Report`."""

from importlib import import_module
from pkgutil import iter_modules
from typing import NamedTuple

from benchmarks.payloads import FULL, TINY, Sizes
from benchmarks.report import Report


class Options(NamedTuple):
    """How thoroughly to measure."""

    sizes: Sizes
    rounds: int
    """Of each comparison."""
    weighings: int
    """Processes whose memory is measured, for each number."""
    everything: bool
    """The memory of all contenders, not just ours, and fan-outs over all links, not just one."""
    scale: float
    """Of the hostile inputs."""


THOROUGH = Options(FULL, rounds=15, weighings=3, everything=True, scale=1.0)
QUICK = Options(FULL, rounds=5, weighings=1, everything=True, scale=0.5)
SMOKE = Options(TINY, rounds=1, weighings=1, everything=False, scale=0.01)
"""Shows that everything runs; its numbers say nothing."""


def names() -> list[str]:
    """List the suites."""
    return [module.name for module in iter_modules(__path__) if module.name[0] != "_"]


def run(name: str, options: Options) -> Report:
    """Import a suite, and measure."""
    report: Report = import_module(f"{__name__}.{name}").run(options)
    return report
