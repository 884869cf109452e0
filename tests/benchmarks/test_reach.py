"""The default suite picks the rows that speed is held to, of whatever suites measure them."""

import pytest

from benchmarks import suites
from benchmarks.report import Part, Reach, Report, at_least, at_most
from benchmarks.suites import cache, decode, export, reach


def report(*rows: Reach, missing: str = "") -> Report:
    return Report([Part(["a table"], rows)], ["package"], {missing: "why"} if missing else {})


def test_rows_come_in_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    def returns(found: object) -> object:
        return lambda *_: found

    by_hand = at_most("fan-out CPU, x by hand", 1.3, 1.12, "x")
    run = at_most("CPU of a run, x by hand: stream, kept", 0.8, 0.88, "x")
    peak = at_most("peak RSS, specs dropped", 1, 2.5, " MB")
    monkeypatch.setattr(decode, "run", returns(report(peak, run, by_hand, missing="one")))
    kept = at_least("diff: wall over a network, x cached", None, 20, "x")
    monkeypatch.setattr(cache, "run", returns(report(kept)))
    exported = at_least("by hand: CPU of an export, x ours", 1.2, 1.15, "x")
    monkeypatch.setattr(export, "run", returns(report(exported)))
    many = at_least("small instances per second", 3100, 3000, "/s")
    monkeypatch.setattr(reach, "_small_instances", returns(report(many)))
    loaded = at_most("import of Currents, CPU of the process, x aiohttp", 1.13, 1.15, "x")
    monkeypatch.setattr(reach, "_imports", returns(Part([], [loaded])))
    found = reach.run(suites.SMOKE)
    assert found.all("reach") == [by_hand, run, exported, kept, loaded, many]
    assert found.missing == {"one": "why"}
    assert found.render().count("a table") == 4
