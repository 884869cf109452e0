"""A test that waits forever ends its process, and shows where it waited."""

from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

OURS = Path(__file__).parents[2] / "pyproject.toml"


def test_a_test_that_hangs_fails_and_the_others_are_run(pytester: pytest.Pytester) -> None:
    file = pytester.makepyfile(
        """
        import threading

        def test_of_a_client_that_waits_for_ever():
            threading.Event().wait()

        def test_of_another():
            pass
        """
    )
    ours = (f"-c{OURS}", f"--rootdir={pytester.path}", "-ofaulthandler_timeout=0.5")
    result = pytester.runpytest_subprocess(*ours, "-n1", file)
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*crashed while running*test_of_a_client_that_waits_for_ever*"])
    result.stderr.fnmatch_lines(["*in test_of_a_client_that_waits_for_ever"])
