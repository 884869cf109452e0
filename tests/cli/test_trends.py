import pytest

from currents_async.testing import FakeCurrents, WorldRun
from tests.cli.stdio import CommandLine

SPAN = ("--since", "2026-01-01", "--until", "2026-02-01")


class TestErrors:
    def test_list_and_timeline(self, two_runs: list[WorldRun], cli: CommandLine) -> None:
        selection = (*SPAN, "--group-by", "message", "--branch", "main")
        rows = cli("errors", "list", *selection, "--order", "count", "--direction", "desc").rows
        counts = [one["count"] for one in rows]
        assert counts == sorted(counts, reverse=True)
        spans = cli("errors", "timeline", *selection, "--top", "1", "--metric", "test").rows
        assert sum(one["count"] for one in spans) == sum(counts) > 0
        assert all(len(one["items"]) <= 1 for one in spans)

    def test_filters_are_passed_on(
        self, two_runs: list[WorldRun], service: FakeCurrents, cli: CommandLine
    ) -> None:
        selection = {
            "--tag-operator": ("tags_logical_operator", "OR"),
            "--target": ("error_target", "#pay"),
            "--message": ("error_message", "m"),
            "--category": ("error_category", "c"),
            "--action": ("error_action", "a"),
            "--group-by": ("group_by[]", "target"),
            "--tag": ("tags[]", "t"),
            "--author": ("authors[]", "x"),
            "--group": ("groups[]", "g"),
        }
        options = [part for name, (_, value) in selection.items() for part in (name, value)]
        assert cli("errors", "list", *SPAN, *options).rows == []
        assert set(selection.values()) < set(service.requests[-1].query)


class TestInsights:
    def test_each_span_or_all_of_them(
        self, two_runs: list[WorldRun], service: FakeCurrents, cli: CommandLine
    ) -> None:
        assert "nothing" in cli("insights", *SPAN, "--environment", "e", "-o", "table").out
        assert ("environments[]", "e") in service.requests[-1].query
        assert "AVG DURATION" in cli("insights", *SPAN, "-o", "table").out
        spans = cli("insights", *SPAN, "--resolution", "1h").rows
        [overall] = cli("insights", *SPAN, "--overall").rows
        assert overall["date"] is None
        assert sum(one["runs"]["total"] for one in spans) == overall["runs"]["total"] == 2


def test_spec_files(two_runs: list[WorldRun], service: FakeCurrents, cli: CommandLine) -> None:
    options = ("--order", "failureRate", "--direction", "desc", "--include-failed", "--limit", "2")
    rows = cli("spec-files", "list", *SPAN, *options, "--search", "spec").rows
    rates = [one["metrics"]["failureRate"] for one in rows]
    assert rates == sorted(rates, reverse=True)
    assert len(rates) == 2
    assert ("includeFailedInDuration", "true") in service.requests[-1].query


@pytest.mark.parametrize("command", [["errors", "list"], ["insights"], ["spec-files", "list"]])
def test_an_invalid_moment(service: FakeCurrents, cli: CommandLine, command: list[str]) -> None:
    assert "--since must be a time" in cli(*command, "--since", "soon", code=2).err
    assert service.requests == []
