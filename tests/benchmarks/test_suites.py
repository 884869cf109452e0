"""The suites run with whichever contenders are installed; no test judges how fast they are."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.engines, pytest.mark.xdist_group("benchmarks")]

ROOT = Path(__file__).parents[2]


def start(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - ourselves
        [sys.executable, "-m", "benchmarks", *arguments],
        cwd=ROOT,
        capture_output=True,
        check=False,
        text=True,
        timeout=280,
    )


def run(*arguments: str) -> str:
    done = start(*arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def assert_every_promise_has_a_row(printed: str, saved: dict[str, Any]) -> None:
    for row in saved["reach"]:
        assert set(row) == {"metric", "ours", "reach", "better", "unit", "verdict"}
        assert row["verdict"] == "-" if row["ours"] is None else row["verdict"] in {"ok", "short"}
        assert row["metric"] in printed


@pytest.fixture(scope="module")
def smoke(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, Any], str]:
    folder = tmp_path_factory.mktemp("bench")
    saved, chart = folder / "results.json", folder / "results.svg"
    printed = run("decode", "--smoke", "--versions", "--json", str(saved), "--plot", str(chart))
    return printed, json.loads(saved.read_text()), chart.read_text()


def test_every_promise_has_a_row(smoke: tuple[str, dict[str, Any], str]) -> None:
    printed, saved, _ = smoke
    assert_every_promise_has_a_row(printed, saved)


def test_rounds_are_saved(smoke: tuple[str, dict[str, Any], str]) -> None:
    _, saved, _ = smoke
    measured = saved["measured"]
    count = measured["payloads"]["runs/playwright"]["count"]
    by_name = {entry["contender"]: entry for entry in measured["end_to_end"]}
    [ours] = by_name["currents:stream"]["rounds"]
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
        "by_hand:fan_out",
        "currents:fan_out",
        "fanout_read",
    }
    assert saved["versions"]["currents-async"]
    assert by_name.keys().isdisjoint(saved["missing"])


def test_the_chart_shows_all_contenders(smoke: tuple[str, dict[str, Any], str]) -> None:
    _, saved, chart = smoke
    assert chart.startswith("<svg ")
    assert chart.count("<rect ") == len(saved["measured"]["end_to_end"])


def test_reliability(tmp_path: Path) -> None:
    saved = tmp_path / "results.json"
    printed = run("reliability", "--smoke", "--json", str(saved))
    results = json.loads(saved.read_text())
    assert_every_promise_has_a_row(printed, results)
    measured = results["measured"]
    sizes = measured["sizes"]
    [[found]] = measured["failing"].values()
    assert found["counts"]["200"] == 1 + sizes["instances"] - found["lost"]
    assert [one["lost"] + one["excess"] for one in measured["limited"]] == [0]
    [outage] = measured["outages"].values()
    assert outage["errors"] == {"ServerError": sizes["calls"]}
    assert outage["counts"] == {"503": sizes["calls"] + 35}
    [bombed] = measured["bombed"].values()
    assert bombed["errors"] == {"ResponseTooLargeError": sizes["at_once"]}


def test_export(tmp_path: Path) -> None:
    saved = tmp_path / "results.json"
    printed = run("export", "--smoke", "--json", str(saved))
    results = json.loads(saved.read_text())
    assert_every_promise_has_a_row(printed, results)
    measured = results["measured"]
    exported = measured["samples"]
    assert "currents_export" in exported
    assert exported.keys() | results["missing"].keys() == {
        "currents_export",
        "dlt_dicts",
        "gather_pylist",
    }
    assert measured["rows"]["tests"] > 0
    assert all(one["rows"] == measured["rows"] for [one] in exported.values())
    for limited in measured["limited"].values():
        assert limited["counts"]["200"] == 57  # an instance of each of 55 specs, a run, a list


def test_lakes(tmp_path: Path) -> None:
    saved = tmp_path / "results.json"
    printed = run("lakes", "--smoke", "--json", str(saved))
    results = json.loads(saved.read_text())
    assert_every_promise_has_a_row(printed, results)
    year = results["measured"]["year"]
    assert year["windows"] == 2
    assert year["compacted"]["files"] < year["as exported"]["files"]


def test_scaling(tmp_path: Path) -> None:
    saved = tmp_path / "results.json"
    printed = run("scaling", "--smoke", "--json", str(saved))
    assert_every_promise_has_a_row(printed, json.loads(saved.read_text()))


def test_analysis(tmp_path: Path) -> None:
    saved = tmp_path / "results.json"
    printed = run("analysis", "--smoke", "--json", str(saved))
    assert_every_promise_has_a_row(printed, json.loads(saved.read_text()))


def test_cache(tmp_path: Path) -> None:
    saved = tmp_path / "results.json"
    printed = run("cache", "--smoke", "--json", str(saved))
    results = json.loads(saved.read_text())
    assert_every_promise_has_a_row(printed, results)
    sent = {row["metric"]: row["ours"] for row in results["reach"] if "requests" in row["metric"]}
    assert sent == {
        "diff: requests": 0,
        "failures: requests": 0,
        "report: requests": 0,
        "export: requests": 1,
    }


def test_reports_come_from_one_process(tmp_path: Path) -> None:
    saved = tmp_path / "results.json"
    printed = run("reports", "--smoke", "--json", str(saved))
    assert_every_promise_has_a_row(printed, json.loads(saved.read_text()))


def test_instructions_need_valgrind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    done = start("instructions", "--smoke")
    assert done.returncode == 1
    assert "valgrind" in done.stderr
