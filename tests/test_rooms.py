"""Tests mirror the rooms: what is at the top of the package has its tests at the top of these."""

from pathlib import Path

import pytest

TESTS = Path(__file__).parent
PACKAGE = TESTS.parent / "currents_async"
ROOMS = {path.parent.name.strip("_") for path in PACKAGE.glob("*/__init__.py")}
FILES = {path.stem.strip("_") for path in PACKAGE.glob("*.py")}
# `test_exports` is about the first two; the others are tested with what uses them.
WITHOUT_TESTS = {"init", "public", "main", "clock", "redaction", "built_version", "version"}


@pytest.mark.parametrize("room", sorted(ROOMS))
def test_a_room_has_a_folder_of_tests(room: str) -> None:
    assert list((TESTS / room).rglob("test_*.py"))


@pytest.mark.parametrize("name", sorted(FILES - WITHOUT_TESTS))
def test_a_file_at_the_top_has_tests(name: str) -> None:
    assert (TESTS / f"test_{name}.py").exists() or (TESTS / name).is_dir()
