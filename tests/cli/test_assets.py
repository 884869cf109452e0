import json
from pathlib import Path

import pytest

from currents_async.cli._app import run
from currents_async.testing import FakeCurrents, WorldRun
from tests.cli.stdio import CommandLine


class TestAssets:
    def test_of_a_run(self, made: WorldRun, tmp_path: Path, cli: CommandLine) -> None:
        saved = cli("assets", "download", made.run_id, "--to", str(tmp_path / "a")).rows
        paths = [Path(str(one["path"])) for one in saved]
        assert len(paths) > 2
        assert [path.stat().st_size for path in paths] == [one["size"] for one in saved]

    def test_of_an_instance_and_a_kind(
        self, made: WorldRun, tmp_path: Path, cli: CommandLine
    ) -> None:
        [spec] = [spec for spec in made.specs if spec.failures][:1]
        options = ("--instance", str(spec.instance_id), "--kind", "trace")
        saved = cli("assets", "download", *options, "--to", str(tmp_path / "a")).rows
        assert {one["kind"] for one in saved} == {"trace"}
        assert {one["instanceId"] for one in saved} == {spec.instance_id}

    def test_an_artifact_that_cannot_be_saved(
        self, made: WorldRun, service: FakeCurrents, tmp_path: Path, cli: CommandLine
    ) -> None:
        service.fail("downloadAsset", status=404)
        out, err = cli("assets", "download", made.run_id, "--to", str(tmp_path / "a"), code=5)
        failed = [one for one in map(json.loads, out.splitlines()) if one["error"]]
        assert len(failed) == 1
        assert failed[0]["path"] is None
        assert err == "1 could not be saved\n"

    @pytest.mark.parametrize(
        "options",
        [[], ["run", "--instance", "i"], ["--instance", "i", "--only-failed"], ["a/b"]],
        ids=" ".join,
    )
    def test_mistakes(self, service: FakeCurrents, tmp_path: Path, options: list[str]) -> None:
        assert run(["assets", "download", *options, "--to", str(tmp_path / "a")]) == 2
        assert service.requests == []
