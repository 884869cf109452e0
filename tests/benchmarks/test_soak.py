"""A soak works, and notices what grows."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.growth import Sample, growth  # pyright: ignore[reportMissingTypeStubs]

pytestmark = [pytest.mark.engines, pytest.mark.xdist_group("benchmarks")]

ROOT = Path(__file__).parents[2]


def test_a_soak_of_a_second() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.soak", "1", "--seed", "1"],
        cwd=ROOT,
        capture_output=True,
        check=False,
        text=True,
        timeout=280,
    )
    assert done.returncode == 0, done.stdout
    assert re.search(r"^0 problems: ok$", done.stdout, re.MULTILINE), done.stderr
    assert not done.stderr


def a_life(objects: list[int]) -> list[Sample]:
    return [
        Sample(at=at, memory=None, objects=count, tasks=1, files=9)
        for at, count in enumerate(objects)
    ]


@pytest.mark.parametrize(
    ("objects", "is_flat"),
    [
        ([50] * 12, True),
        ([0, 20, *[50] * 10], True),  # finds its size
        ([50, 50, 50, 50, 90, 50, 50, 50, 50, 50, 90, 50], True),  # a peak
        ([50 + 2 * at for at in range(12)], False),
    ],
)
def test_what_grows_is_seen(objects: list[int], *, is_flat: bool) -> None:
    grown = growth(a_life(objects), {"objects": 5, "tasks": 0, "memory": 0})
    assert {one.name: one.is_flat for one in grown} == {"objects": is_flat, "tasks": True}


def test_a_short_life_tells_nothing() -> None:
    assert growth(a_life([1, 2, 3]), {"objects": 0}) == []
