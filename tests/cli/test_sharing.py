"""`share` and `traces`: links, which are secrets, and what is behind them."""

from pathlib import Path
from zipfile import is_zipfile

import pytest

from currents_async.testing import FakeCurrents, WorldExecution, WorldRun
from currents_async.testing._world.attachments import WorldAttachment
from tests.cli.stdio import CommandLine


@pytest.fixture
def failed(made: WorldRun, service: FakeCurrents) -> WorldExecution:
    """A test that failed, and so has a trace."""
    return next(one for one in service.world.view.of_run(made) if one.state == "failed")


class TestShare:
    def test_of_a_run_and_of_a_test(
        self, made: WorldRun, failed: WorldExecution, service: FakeCurrents, cli: CommandLine
    ) -> None:
        out, err = cli("share", "report", made.run_id, "--expires-in", "3d", "-o", "table")
        url, page, _ = out.splitlines()
        assert page == url.removesuffix(".md").replace("url", "page url")
        assert err == ""
        of_test = ("--instance", failed.instance_id, "--test", failed.test_id, "--attempt", "0")
        [shared] = cli("share", "fix", *of_test).rows
        assert shared["url"] == shared["pageUrl"] + ".md"
        first, second = service.world.shares.values()
        assert first.expires - second.expires > 0
        assert failed.spec in second.markdown

    def test_sharing_is_off(self, made: WorldRun, service: FakeCurrents, cli: CommandLine) -> None:
        service.world.sharing = False
        assert "sharing" in cli("share", "fix", made.run_id, code=4).err

    @pytest.mark.parametrize(
        "arguments",
        [
            ["read", "r"],
            ["fix"],
            ["fix", "r", "--test", "t"],
            ["fix", "--session", "s"],
            ["report", "r", "--attempt", "1"],
            ["fix", "r", "--expires-in", "2d"],
        ],
        ids=" ".join,
    )
    def test_mistakes(self, service: FakeCurrents, cli: CommandLine, arguments: list[str]) -> None:
        assert cli("share", *arguments, code=2).err
        assert service.requests == []


class TestTraces:
    def test_links(self, failed: WorldExecution, service: FakeCurrents, cli: CommandLine) -> None:
        options = ("--attempt", "0", "--expires-in", "1h")
        out, err = cli("traces", "link", failed.instance_id, failed.test_id, *options)
        assert next(iter(service.world.trace_links)) in out
        assert err == ""
        service.world.attachments["a"] = WorldAttachment(
            attachment_id="a",
            upload_id="u",
            owner={"sessionId": "s"},
            name="trace.zip",
            type="trace",
            content_type="application/zip",
            size_bytes=1,
        )
        [of_session] = cli("traces", "link", "--session", "s", "--attachment", "a").rows
        assert of_session["attachmentId"] == "a"
        first, second = service.world.trace_links.values()
        assert second.expires - first.expires > 22 * 3600 * 1000

    def test_digest_and_download_show_no_link(
        self, failed: WorldExecution, service: FakeCurrents, tmp_path: Path, cli: CommandLine
    ) -> None:
        ids = (failed.instance_id, failed.test_id)
        digest = cli("traces", "digest", *ids)
        assert digest.out.startswith("# ")
        target = ("--to", str(tmp_path / "traces"))
        saved = cli("traces", "download", *ids, *target)
        [row] = saved.rows
        assert is_zipfile(row["path"])
        assert Path(row["path"]).stat().st_size == row["size"]
        image = cli("traces", "download", *ids, "--view", "filmstrip", *target)
        for token in service.world.trace_links:
            for shown in (digest, saved, image):
                assert token not in shown.out + shown.err

    def test_a_link_that_leads_nowhere_is_not_shown(
        self, failed: WorldExecution, service: FakeCurrents, cli: CommandLine
    ) -> None:
        service.fail("readTrace", status=404)
        err = cli("traces", "digest", failed.instance_id, failed.test_id, code=3).err
        [token] = service.world.trace_links
        assert token not in err

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["digest", "i"], "pass an instance ID and a test ID"),
            (["download", "i", "t"], "to"),
            (["link"], "pass an instance ID and a test ID"),
            (["link", "i"], "pass an instance ID and a test ID"),
            (["link", "i", "t", "--session", "s"], "pass an instance ID and a test ID"),
            (
                ["link", "--session", "s", "--attachment", "a", "--attempt", "1"],
                "pass an instance ID and a test ID",
            ),
            (["link", "i", "t", "--expires-in", "8d"], "ttl_seconds"),
            (["link", "i", "t", "--expires-in", "soon"], "--expires-in must be a span"),
        ],
    )
    def test_mistakes(
        self, service: FakeCurrents, cli: CommandLine, arguments: list[str], message: str
    ) -> None:
        assert message in cli("traces", *arguments, code=2).err
        assert service.requests == []
