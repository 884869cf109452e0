"""Arguments of downloads that are refused before anything is sent."""

from pathlib import Path
from typing import Any

import pytest

from currents_async import Currents, InvalidArgumentError
from currents_async.models import Instance, Screenshot, Video
from currents_async.testing import FakeCurrents
from tests.downloads.asset_host import AssetHost, files_in

pytestmark = pytest.mark.usefixtures("no_task_is_left")


class TestArguments:
    @pytest.mark.parametrize(
        ("asset", "reason"),
        [
            ("", "https://"),
            ("/a?Signature=x", "https://"),
            ("ftp://host/a", "https://"),
            ("https:///a", "name a host"),
            ("http://assets.example/a", "shows the signature"),
            ("http://127.0.0.1.example/a", "shows the signature"),
            ("https://user:password@host/a", "user or password"),
            ("https://host\\@evil/a", "spaces"),
            ("https://host/a b", "spaces"),
            ("https://host/a\r\nX: y", "control"),
            ("https://host/\u00e4", "non-ASCII"),
            ("https://host:99999/a", "not a URL"),
            ("https://[::1/a", "not a URL"),
            (None, "NoneType"),
            (b"https://host/a", "bytes"),
            (Instance(instance_id="i"), "Instance"),
            (Video(), "this Video has no URL"),
            (Screenshot(screenshot_url="http://host/a"), "shows the signature"),
        ],
    )
    async def test_invalid_assets(
        self, currents: Currents, folder: Path, asset: Any, reason: str
    ) -> None:
        with pytest.raises(InvalidArgumentError, match=reason):
            await currents.assets.download(asset, to=folder)
        assert currents.traffic.requests == 0

    @pytest.mark.parametrize(
        ("options", "reason"),
        [
            ({"to": ""}, "must be a path"),
            ({"to": "a\0b"}, "must be a path"),
            ({"to": b"a"}, "must be a path"),
            ({"to": 3}, "must be a path"),
            ({"to": "missing/a"}, "no such directory"),
            ({"to": "missing/"}, "no such directory"),
            ({"to": "/dev/null"}, "must be a file or a directory"),
            ({"max_bytes": 0}, "max_bytes"),
            ({"max_bytes": 1.5}, "max_bytes"),
            ({"timeout": 0}, "timeout"),
            ({"timeout": float("nan")}, "timeout"),
            ({"timeout": "1"}, "timeout"),
            ({"timeout": True}, "timeout"),
            ({"instance_id": "a/b"}, "instance_id"),
            ({"instance_id": ""}, "instance_id"),
        ],
    )
    async def test_options(
        self,
        currents: Currents,
        host: AssetHost,
        folder: Path,
        monkeypatch: pytest.MonkeyPatch,
        options: dict[str, Any],
        reason: str,
    ) -> None:
        monkeypatch.chdir(folder)
        arguments: dict[str, Any] = {"to": folder, **options}
        with pytest.raises(InvalidArgumentError, match=reason):
            await currents.assets.download(host.signed("/a"), **arguments)
        assert host.requests == []
        assert files_in(folder) == {}

    async def test_a_directory_where_the_file_would_be(
        self, currents: Currents, host: AssetHost, folder: Path
    ) -> None:
        (folder / "a").mkdir()
        with pytest.raises(InvalidArgumentError, match="must be a file or a directory"):
            await currents.assets.download(host.signed("/a"), to=folder)
        assert host.requests == []

    @pytest.mark.parametrize(
        "options",
        [
            {"kinds": ["log"]},
            {"kinds": "trace"},
            {"kinds": []},
            {"concurrency": 0},
            {"on_error": "ignore"},
            {"max_bytes": -1},
            {"timeout": -1},
            {"to": ""},
        ],
    )
    async def test_options_of_many(
        self, server: FakeCurrents, currents: Currents, folder: Path, options: dict[str, Any]
    ) -> None:
        options = {"to": folder, **options}
        for what in (Instance(instance_id="i"), "i"):
            with pytest.raises(InvalidArgumentError):
                currents.assets.of_instance(what, **options)
        with pytest.raises(InvalidArgumentError):
            currents.assets.of_run("r", **options)
        assert server.requests == []

    async def test_ids(self, currents: Currents, folder: Path) -> None:
        with pytest.raises(InvalidArgumentError):
            currents.assets.of_instance("a/b", to=folder)
        with pytest.raises(InvalidArgumentError):
            currents.assets.of_run("..", to=folder)

    async def test_a_file_where_the_directory_would_be(
        self, server: FakeCurrents, currents: Currents, folder: Path
    ) -> None:
        (folder / "a").touch()
        with pytest.raises(InvalidArgumentError, match="must be a directory"):
            async with currents.assets.of_run("r", to=folder / "a"):
                pass
        assert server.requests == []
