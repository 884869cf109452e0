"""What a download leaves on the disk: the file alone, with the mode of the one it replaces."""

import errno
import fcntl
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pytest

from currents_async import Currents
from currents_async._downloads.partial_file import PartialFile, create_partial
from currents_async.testing import FakeCurrents, World

KILLED = """
import asyncio, sys
from pathlib import Path
from currents_async._downloads.partial_file import PartialFile

async def main():
    file = PartialFile(Path(sys.argv[1]))
    await file.write([b"half"])
    print("written", flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "assets"
    folder.mkdir()
    return folder


@pytest.fixture
def usual_mask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


async def save(goal: Path, content: bytes = b"new") -> None:
    file = PartialFile(goal)
    try:
        await file.write([content])
        await file.finish()
    finally:
        await file.discard()


class TestModes:
    @pytest.mark.parametrize("mode", [0o600, 0o640, 0o444, 0o755, 0o664])
    async def test_a_replaced_file_keeps_its_mode(self, folder: Path, mode: int) -> None:
        goal = folder / "a"
        goal.write_bytes(b"old")
        goal.chmod(mode)
        await save(goal)
        assert goal.read_bytes() == b"new"
        assert mode_of(goal) == mode

    async def test_partial_file_has_the_mode_of_the_old_file(self, folder: Path) -> None:
        goal = folder / "a"
        goal.touch(mode=0o600)
        file = PartialFile(goal)
        await file.write([b"secret"])
        [name] = names_in(folder) - {"a"}
        assert mode_of(folder / name) == 0o600
        await file.discard()

    async def test_setuid_bits_are_not_copied(self, folder: Path) -> None:
        goal = folder / "a"
        goal.touch()
        goal.chmod(0o6755)
        await save(goal)
        assert mode_of(goal) == 0o755

    async def test_a_new_file_has_the_default_mode(self, folder: Path, usual_mask: None) -> None:
        await save(folder / "a")
        assert mode_of(folder / "a") == 0o644


async def test_a_partial_file_that_cannot_be_removed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Path) -> None:
        raise OSError

    file = PartialFile(folder / "a")
    await file.write([b"abc"])
    monkeypatch.setattr(Path, "unlink", fail)
    await file.discard()
    assert len(names_in(folder)) == 1


class TestAbandoned:
    async def test_partial_files_of_killed_processes_are_removed(self, folder: Path) -> None:
        command = [sys.executable, "-c", KILLED, str(folder / "a")]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:  # noqa: ASYNC220, S603 - for a moment, ours
            try:
                assert child.stdout is not None
                assert child.stdout.readline() == "written\n"
                # As long as it lives it is left alone.
                await save(folder / "b")
                assert len(names_in(folder)) == 2
            finally:
                child.send_signal(signal.SIGKILL)
        await save(folder / "c")
        assert names_in(folder) == {"b", "c"}

    async def test_partial_files_in_use_stay(self, folder: Path) -> None:
        first = PartialFile(folder / "a")
        await first.write([b"ab"])
        await save(folder / "b")
        await first.write([b"c"])
        await first.finish()
        assert (folder / "a").read_bytes() == b"abc"
        assert names_in(folder) == {"a", "b"}

    async def test_a_finished_file_is_not_abandoned_before_it_is_renamed(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        replace = Path.replace

        def amid_another(path: Path, goal: Path) -> Path:
            other, file = create_partial(folder)
            file.close()
            other.unlink()
            return replace(path, goal)

        monkeypatch.setattr(Path, "replace", amid_another)
        await save(folder / "a")
        assert names_in(folder) == {"a"}

    async def test_nothing_else_is_touched(self, folder: Path) -> None:
        others = {
            ".part",
            "video.part",
            f".{'0' * 16}.part",
            f".currents-{'0' * 15}.part",
            f".currents-{'x' * 16}.part",
            f".currents-{'0' * 16}.part.bak",
        }
        for name in others:
            (folder / name).touch()
        directory, link = folder / f".currents-{'1' * 16}.part", f".currents-{'2' * 16}.part"
        directory.mkdir()
        (folder / link).symlink_to(folder / "video.part")
        await save(folder / "a")
        assert names_in(folder) == {*others, directory.name, link, "a"}

    async def test_one_removed_as_abandoned_before_it_is_locked(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        lock = fcntl.flock
        lost: list[int] = []

        def lose_two(file: BinaryIO, flags: int) -> None:
            lost.append(flags)
            if len(lost) == 1:  # removed by now
                Path(file.name).unlink()
            if len(lost) == 2:  # about to be removed
                raise BlockingIOError
            lock(file, flags)

        monkeypatch.setattr(fcntl, "flock", lose_two)
        await save(folder / "a")
        assert len(lost) == 3
        assert (folder / "a").read_bytes() == b"new"

    async def test_a_file_system_without_locks(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(_: BinaryIO, __: int) -> None:
            raise OSError(errno.ENOLCK, "No locks available")

        monkeypatch.setattr(fcntl, "flock", refuse)
        left = folder / f".currents-{'0' * 16}.part"
        left.touch()
        await save(folder / "a")
        assert names_in(folder) == {"a", left.name}


async def test_no_descriptor_is_left_open(world: World, folder: Path) -> None:
    run = world.project().run(specs=1, failures=1)
    async with (
        FakeCurrents(world, assets=True) as server,
        Currents(server.api_key, base_url=server.url) as currents,
    ):
        [instance] = await currents.runs.get_instances(run.run_id)
        assert instance.results is not None
        trace = instance.results.playwright_traces[0]
        await currents.assets.download(trace, to=folder / "0")
        before = len(os.listdir("/dev/fd"))  # noqa: PTH208 - of descriptors
        for number in range(5):
            await currents.assets.download(trace, to=folder / str(number))
        assert len(os.listdir("/dev/fd")) <= before  # noqa: PTH208
