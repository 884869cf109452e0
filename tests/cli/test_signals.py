import json
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from currents_async._transport.gate import Gate
from currents_async.cli._app import run
from currents_async.cli._execute import execute
from currents_async.testing import FakeCurrents, WorldProject


def killing(number: signal.Signals) -> Callable[..., None]:
    """Return what sends this process a signal after the response to the first request."""
    sent: list[signal.Signals] = []
    leave = Gate.leave

    def kill(gate: Gate, *, responded: bool = False) -> None:
        leave(gate, responded=responded)
        if not sent:
            sent.append(number)
            os.kill(os.getpid(), number)

    return kill


class TestSignals:
    @pytest.mark.parametrize(
        ("number", "code", "said"),
        [(signal.SIGINT, 130, "interrupted\n"), (signal.SIGTERM, 143, "terminated\n")],
    )
    def test_an_interrupted_export_leaves_no_file_and_can_be_resumed(
        self,
        project: WorldProject,
        service: FakeCurrents,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        number: signal.Signals,
        code: int,
        said: str,
    ) -> None:
        project.run(specs=3)
        span = ("--since", "2026-01-05", "--until", "2026-01-06")
        arguments = ["export", str(tmp_path / "lake"), *span, "--resume"]
        before = [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)]
        with monkeypatch.context() as patched:
            patched.setattr(Gate, "leave", killing(number))
            assert run(arguments) == code
        assert capsys.readouterr() == ("", said)
        assert [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)] == before
        assert list((tmp_path / "lake").rglob("*.parquet")) == []
        assert run(arguments) == 0
        assert json.loads(capsys.readouterr().out)["runs"] == 1

    def test_a_job_in_the_background_ignores_ctrl_c(self) -> None:
        async def interrupted() -> int:
            os.kill(os.getpid(), signal.SIGINT)
            return 0

        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            assert execute(interrupted()) == 0
            assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
        finally:
            signal.signal(signal.SIGINT, before)
