"""The benchmarks run with whichever contenders are installed; how fast is not for a test to say."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent


def run(*arguments: str) -> str:
    done = subprocess.run(  # noqa: S603 - ourselves
        [sys.executable, "-m", "benchmarks", *arguments],
        cwd=ROOT,
        capture_output=True,
        check=False,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def smoke(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, Any], str]:
    folder = tmp_path_factory.mktemp("bench")
    saved, chart = folder / "results.json", folder / "results.svg"
    printed = run("--smoke", "--versions", "--json", str(saved), "--plot", str(chart))
    return printed, json.loads(saved.read_text()), chart.read_text()


def test_every_promise_has_a_row(smoke: tuple[str, dict[str, Any], str]) -> None:
    printed, saved, _ = smoke
    for row in saved["reach"]:
        assert set(row) == {"metric", "ours", "reach", "better", "unit", "verdict"}
        assert row["verdict"] == "-" if row["ours"] is None else row["verdict"] in {"ok", "short"}
        assert row["metric"] in printed


def test_rounds_are_saved(smoke: tuple[str, dict[str, Any], str]) -> None:
    _, saved, _ = smoke
    measured = saved["measured"]
    count = measured["payloads"]["runs/playwright"]["count"]
    by_name = {entry["contender"]: entry for entry in measured["end_to_end"]}
    [ours] = by_name["currents_stream"]["rounds"]
    assert ours["count"] == count
    assert ours["cpu"] > 0
    assert 0 < ours["stall"] <= ours["wall"]
    assert 0 < ours["first"] <= ours["wall"]
    assert set(measured["decoding"]["gz: runs/playwright"]) == {
        "floor",
        "narrowed",
        "stream",
        "whole",
    }
    assert {entry["contender"] for entry in measured["fan_out"]} == {
        "currents_fanout",
        "fanout_read",
    }
    assert saved["versions"]["currents-async"]
    assert by_name.keys().isdisjoint(saved["missing"])


def test_the_chart_shows_all_contenders(smoke: tuple[str, dict[str, Any], str]) -> None:
    _, saved, chart = smoke
    assert chart.startswith("<svg ")
    assert chart.count("<rect ") == len(saved["measured"]["end_to_end"])
