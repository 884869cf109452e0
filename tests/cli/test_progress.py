import json
from pathlib import Path

import pytest

from currents_async import RequestAttempt, RequestCall
from currents_async.cli._progress import Throttles
from currents_async.errors import RateLimitedError
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

    def test_throttles_are_counted_and_their_pause_counts_down(self) -> None:
        now = 100.0
        throttles = Throttles(lambda: now)
        assert str(throttles) == ""
        throttles(attempt(200, None))
        assert str(throttles) == ""
        throttles(attempt(429, 30))
        throttles(attempt(429, None))
        assert str(throttles) == "2 x 429, paused for 30 s"
        now = 120.0
        assert str(throttles) == "2 x 429, paused for 10 s"
        now = 131.0
        assert str(throttles) == "2 x 429"


def attempt(status: int, retry_after: float | None) -> RequestAttempt:
    call = RequestCall(number=1, operation="getRun", method="GET", url="https://x")
    error = RateLimitedError(
        "slow down",
        operation="getRun",
        method="GET",
        url="https://x",
        attempts=1,
        status=429,
        retry_after=retry_after,
    )
    return RequestAttempt(
        call=call,
        attempt=1,
        status=status,
        request_id=None,
        error=error if status == 429 else None,
        waited=0,
        until_headers=None,
        duration=0,
        wire_bytes=0,
        inflated_bytes=0,
    )
