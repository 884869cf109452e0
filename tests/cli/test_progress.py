import json
from pathlib import Path

import pytest

from currents_async.testing import WorldRun
from tests.cli.stdio import CommandLine

SPAN = ("--since", "2026-01-05", "--until", "2026-01-06")


class TestProgress:
    def test_terminals_show_a_progress_bar(
        self, made: WorldRun, tmp_path: Path, cli: CommandLine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("FORCE_COLOR", "1")  # as on a terminal
        monkeypatch.setenv("COLUMNS", "200")
        out, err = cli("export", str(tmp_path / "lake"), *SPAN)
        assert json.loads(out)["runs"] == 1
        for text in ("export parquet", "1/1", "1 runs", "3 instances", "requests/s", "kB"):
            assert text in err
