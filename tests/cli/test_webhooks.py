import pytest

from currents_async.cli._app import run
from currents_async.testing import FakeCurrents, WorldProject
from tests.cli.stdio import CommandLine

SECRET = "hook-secret-7f3a"


class TestWebhooks:
    def test_create_update_list_and_delete(
        self,
        project: WorldProject,
        service: FakeCurrents,
        cli: CommandLine,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setenv("CURRENTS_WEBHOOK_SECRET", SECRET)
        url = "https://example.org/hook"
        options = ("--event", "RUN_FINISH", "--event", "RUN_START", "--label", "ours")
        [created] = cli("webhooks", "create", url, *options, "--secret-header", "X-Secret").rows
        assert (created["url"], created["label"]) == (url, "ours")
        assert created["hookEvents"] == ["RUN_FINISH", "RUN_START"]
        assert created["headers"] == '{"X-Secret":"***"}'
        hook_id = str(created["hookId"])
        [updated] = cli("webhooks", "update", hook_id, "--label", "theirs").rows
        assert updated == {**created, "label": "theirs", "updatedAt": updated["updatedAt"]}
        [masked] = cli("webhooks", "list", "--fields", "headers").rows
        [shown] = cli("webhooks", "list", "--fields", "headers", "--show-secrets").rows
        assert masked == {"headers": '{"X-Secret":"***"}'}
        assert SECRET in str(shown)
        assert cli("webhooks", "get", hook_id).rows == [updated]
        assert SECRET in str(cli("webhooks", "get", hook_id, "--show-secrets").rows)
        assert cli("webhooks", "delete", hook_id, "--yes").rows[0]["hookId"] == hook_id
        assert not service.world.webhooks

    def test_nothing_to_change(self, service: FakeCurrents) -> None:
        assert run(["webhooks", "update", "some-id"]) == 2

    def test_the_secret_is_read_from_the_environment(
        self, service: FakeCurrents, cli: CommandLine
    ) -> None:
        arguments = ["webhooks", "create", "https://example.org", "--secret-header", "X-Secret"]
        assert "CURRENTS_WEBHOOK_SECRET" in cli(*arguments, code=2).err
        assert service.requests == []

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ([], "--insecure"),
            (["--secret-header", "X-Secret"], "CURRENTS_WEBHOOK_SECRET"),
            (["--insecure", "--path", "hook"], "--path must begin with a slash"),
            (["--insecure", "--path", "/{x"], "not '/{x'"),
            (["--insecure", "--path", "/{x}"], "not '/{x}'"),
            (["--insecure", "--path", "/hook?x=1"], "not '/hook?x=1'"),
            (["--insecure", "--fields", "nope"], "no field"),
        ],
    )
    def test_listen_needs_a_secret_or_insecure(
        self, cli: CommandLine, options: list[str], message: str
    ) -> None:
        assert message in cli("webhooks", "listen", "--port", "0", *options, code=2).err
