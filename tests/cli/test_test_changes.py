import stat
from pathlib import Path

import pytest

from currents_async.cli._app import run
from currents_async.testing import FakeCurrents, World, WorldProject
from tests.cli.stdio import CommandLine
from tests.quarantine.suite import Suite

SINCE = ("--since", "2026-01-01", "--branch", "main")


@pytest.fixture
def suite(world: World, project: WorldProject, service: FakeCurrents) -> Suite:
    suite = Suite(world, project)
    suite.play({"cart > pays": "..FFF", "cart > ships": "...~."})
    return suite


class TestChanges:
    def test_as_objects(self, suite: Suite, cli: CommandLine) -> None:
        flaky, broke = cli("tests", "changes", *SINCE).rows
        assert (flaky["kind"], flaky["title"]) == ("became_flaky", ["cart", "ships"])
        assert (broke["kind"], broke["signature"]) == ("broke", suite.signature("cart > pays"))
        assert [one["runId"] for one in broke["after"]] == ["run5", "run4", "run3"]
        assert broke["before"]["runId"] == "run2"
        assert (
            cli("tests", "changes", *SINCE, "--broken-after", "4", "--flaky-after", "2").out == ""
        )

    def test_as_a_table(self, suite: Suite, cli: CommandLine) -> None:
        lines = cli("tests", "changes", *SINCE, "-o", "table", "--color", "never").out.splitlines()
        assert "~ became flaky" in lines[1]
        assert "✗ broke" in lines[2]
        assert "cart > pays" in lines[2]
        assert cli("tests", "changes", "-o", "table").out.strip() == "no changes"

    def test_each_is_printed_once(self, suite: Suite, cli: CommandLine, tmp_path: Path) -> None:
        state = tmp_path / "new" / "state"
        arguments = ("tests", "changes", *SINCE, "--state", str(state))
        assert len(cli(*arguments).rows) == 2
        assert stat.S_IMODE(state.stat().st_mode) == 0o600
        assert cli(*arguments).rows == []
        assert cli("tests", "changes", *SINCE).rows != []

    def test_of_other_options(self, suite: Suite, cli: CommandLine, tmp_path: Path) -> None:
        state = tmp_path / "state"
        cli("tests", "changes", *SINCE, "--state", str(state))
        err = cli("tests", "changes", "--state", str(state), code=2).err
        assert f"--state {state} is the resume token of another project, or of other" in err
        for content in ("yesterday", "größe"):
            state.write_text(content, encoding="utf-8")
            assert str(state) in cli("tests", "changes", "--state", str(state), code=2).err

    def test_what_is_missing(
        self, suite: Suite, service: FakeCurrents, cli: CommandLine, tmp_path: Path
    ) -> None:
        service.fail("getTestResults", 404)
        arguments = ("tests", "changes", *SINCE, "--state", str(tmp_path / "state"))
        first = cli(*arguments, code=5)
        assert len(first.rows) == 1
        assert "404" in first.err
        assert len(cli(*arguments).rows) == 1

    @pytest.mark.parametrize(
        "options",
        [["--since", "x"], ["--lookback", "x"], ["--broken-after", "1"], ["--flaky-after", "0"]],
        ids=" ".join,
    )
    def test_invalid_options(self, service: FakeCurrents, options: list[str]) -> None:
        assert run(["tests", "changes", *options]) == 2
        assert service.requests == []
