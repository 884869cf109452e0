import pytest

from currents_async.cli._app import run
from currents_async.testing import FakeCurrents, WorldRun
from tests.cli.stdio import CommandLine

SPAN = ("--since", "2026-01-01", "--until", "2026-02-01")


class TestTests:
    def test_list(self, two_runs: list[WorldRun], cli: CommandLine) -> None:
        options = ("--order", "failures", "--direction", "desc", "--min-executions", "1")
        rows = cli("tests", "list", *SPAN, *options, "--limit", "3").rows
        failures = [one["metrics"]["failures"] for one in rows]
        assert failures == sorted(failures, reverse=True)
        assert len(failures) == 3

    def test_days_are_sent_as_days(
        self, two_runs: list[WorldRun], service: FakeCurrents, cli: CommandLine
    ) -> None:
        """Some services take no times."""
        [test] = cli("tests", "list", *SPAN, "--limit", "1").rows
        cli("tests", "history", str(test["signature"]), *SPAN)
        for request in service.requests:
            assert ("date_start", "2026-01-01") in request.query
            assert ("date_end", "2026-02-01") in request.query
        assert len(service.requests) == 2
        cli("tests", "list", "--since", "2026-01-01T02:00+02:00", "--limit", "1")
        assert ("date_start", "2026-01-01T00:00:00.000Z") in service.requests[-1].query

    def test_history_by_signature_and_by_title(
        self, two_runs: list[WorldRun], cli: CommandLine
    ) -> None:
        [test] = cli("tests", "list", *SPAN, "--limit", "1").rows
        by_signature = cli("tests", "history", str(test["signature"]), *SPAN)
        titles = [part for title in test["titlePath"] for part in ("--title", title)]
        arguments = ["--spec", str(test["spec"]), *(titles or ["--title", str(test["title"])])]
        assert cli("tests", "history", *arguments, *SPAN) == by_signature
        assert len(by_signature.out.splitlines()) == test["metrics"]["executions"]
        assert "in a row" in by_signature.err

    @pytest.mark.parametrize(
        "arguments",
        [[], ["--spec", "a"], ["--title", "a"], ["s", "--spec", "a"], ["s", "--title", "a"]],
        ids=" ".join,
    )
    def test_history_needs_one_way_to_name_the_test(
        self, service: FakeCurrents, arguments: list[str]
    ) -> None:
        assert run(["tests", "history", *arguments]) == 2
        assert service.requests == []

    def test_a_test_without_results(self, two_runs: list[WorldRun], cli: CommandLine) -> None:
        assert cli("tests", "history", "f" * 32, *SPAN) == ("", "")
