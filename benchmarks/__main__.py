"""`python -m benchmarks [SUITE]`: measure, print tables, and save what is asked for."""

import argparse
import os
import platform
import sys
from collections import ChainMap
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import asdict

from benchmarks import suites
from benchmarks.processes import Failed
from benchmarks.report import Report

_PLOT = Path(__file__).with_name("results.svg")


def main() -> int:
    """Run a suite; return 1 when its numbers would mean nothing."""
    asked = _arguments()
    options = suites.SMOKE if asked.smoke else suites.QUICK if asked.quick else suites.THOROUGH
    if asked.rounds is not None:
        options = options._replace(rounds=asked.rounds)
    try:
        report = suites.run(asked.suite, options)
    except Failed as failure:
        sys.stderr.write(f"aborted: {failure}\n")
        return 1
    sys.stdout.write(report.render())
    if asked.versions:
        sys.stdout.write("\n" + "\n".join(f"{k} {v}" for k, v in _versions(report).items()) + "\n")
    if asked.json is not None:
        text = msgspec.json.encode(_as_json(asked.suite, report))
        asked.json.write_bytes(msgspec.json.format(text))
    if asked.plot is not None:
        chart = "".join(part.chart for part in report.parts)
        asked.plot.write_text(chart, encoding="utf-8")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="nox -s bench --", description=__doc__)
    parser.add_argument("suite", nargs="?", default="reach", choices=suites.names())
    parser.add_argument("--quick", action="store_true", help="fewer rounds: about a minute")
    parser.add_argument("--smoke", action="store_true", help="tiny payloads, numbers of no worth")
    parser.add_argument("--rounds", type=int, help="how often to measure everything")
    parser.add_argument("--json", type=Path, metavar="FILE", help="save what was measured")
    parser.add_argument("--versions", action="store_true", help="print what was compared")
    plot: dict[str, Any] = {"type": Path, "nargs": "?", "const": _PLOT, "metavar": "FILE"}
    parser.add_argument("--plot", help="save a bar chart", **plot)
    return parser.parse_args()


def _as_json(suite: str, report: Report) -> dict[str, object]:
    return {
        "suite": suite,
        "machine": {
            "system": platform.system(),
            "machine": platform.machine(),
            "cores": os.cpu_count(),
            "python": platform.python_version(),
        },
        "versions": _versions(report),
        "missing": report.missing,
        "notes": report.all("notes"),
        "reach": [{**asdict(row), "verdict": row.verdict} for row in report.all("reach")],
        "measured": dict(ChainMap(*(part.measured for part in report.parts))),
    }


def _versions(report: Report) -> dict[str, str]:
    found = {"python": platform.python_version()}
    for package in sorted(set(report.packages)):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


if __name__ == "__main__":
    sys.exit(main())
