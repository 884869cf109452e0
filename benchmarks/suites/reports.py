"""What reports on a large run take once it is there, and how large they are."""

from collections.abc import Callable
from functools import partial

import msgspec

from benchmarks import payloads
from benchmarks.processes import pin
from benchmarks.report import Column, Part, Report, at_most, table
from benchmarks.results import compare
from benchmarks.suites import Options
from currents_async.analysis import RunDetails
from currents_async.models import Instance, Run
from currents_async.reports import ctrf, job_summary, junit, pull_request_comment, run_html
from currents_async.testing import World

_FULL, _TINY = 500, 10
"""Spec files."""
_TESTS = 10
"""Of a spec file."""
_PAGE = "run_html"


def run(options: Options) -> Report:
    """Measure everything, in this process: there is nothing to wait for."""
    pin("client")
    specs = _TINY if options.sizes is payloads.TINY else _FULL
    details = _details(specs)
    forms: dict[str, Callable[[RunDetails], str | bytes]] = {
        _PAGE: run_html,
        "job_summary": job_summary,
        "pull_request_comment": pull_request_comment,
        "junit": junit,
        "ctrf": ctrf,
    }
    sizes = {name: _kilobytes(form(details)) for name, form in forms.items()}
    ways = {name: partial(_rendered, form, details) for name, form in forms.items()}
    times = compare(ways, options.rounds)
    by_size = table(
        f"Reports on a run of {specs * _TESTS} tests in {specs} spec files",
        {name: name for name in times},
        [
            Column("CPU ms", times.of(float)),
            Column("slowest", times.of(float, max)),
            Column("kB", sizes.__getitem__),
        ],
    )
    part = Part(
        tables=[by_size],
        reach=[
            at_most(f"{_PAGE}, CPU", times.of(float)(_PAGE), 1_000, " ms"),
            at_most(f"{_PAGE}, size", sizes[_PAGE], 1_500, " kB"),
        ],
        measured={"tests": specs * _TESTS, "times": times, "sizes": sizes},
    )
    return Report(parts=[part], packages=["currents-async", "msgspec"])


def _details(specs: int) -> RunDetails:
    played = World(seed=4).project().run(specs=specs, tests=_TESTS, groups=3)
    instances = [msgspec.convert(played.instance(number), Instance) for number in range(specs)]
    return RunDetails.of(msgspec.convert(played.payload, Run), instances)


def _rendered(form: Callable[[RunDetails], object], details: RunDetails) -> None:
    form(details)


def _kilobytes(report: str | bytes) -> float:
    return len(report.encode() if isinstance(report, str) else report) / 1e3
