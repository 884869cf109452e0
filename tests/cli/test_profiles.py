"""Where key, service and project come from, and that nothing shows the key."""

import json
import traceback
from pathlib import Path

import pytest

from currents_async.cli._app import run
from currents_async.cli._profiles import Profile, find_profile
from currents_async.cli._settings import read_settings
from currents_async.errors import InvalidArgumentError
from currents_async.testing import FakeCurrents, WorldProject
from tests.cli.stdio import CommandLine

SECRET = "cur-secret-9f2c"
ORIGIN = "https://elsewhere.example.org"
OTHER = f"{ORIGIN}/v1"
RECORDER = "https://cy.currents.dev"


def write(config: Path, text: str, *, mode: int = 0o600) -> None:
    config.write_text(text)
    config.chmod(mode)


def checked(cli: CommandLine, *options: str) -> dict[str, object]:
    answer: dict[str, object] = json.loads(cli("auth", "check", *options).out)
    return answer


@pytest.fixture
def profiles(
    project: WorldProject, service: FakeCurrents, config: Path, monkeypatch: pytest.MonkeyPatch
) -> FakeCurrents:
    """Two profiles, of which only `work` is right, and nothing in the environment."""
    for name in ("CURRENTS_API_KEY", "CURRENTS_API_URL", "CURRENTS_PROJECT_ID"):
        monkeypatch.delenv(name)
    write(
        config,
        f"""
[profiles.work]
api_key = "{service.api_key}"
base_url = "{service.url}"
project_id = "{project.project_id}"

[profiles.default]
api_key = "wrong"
base_url = "{service.url}"
""",
    )
    return service


class TestPrecedence:
    def test_a_profile_named_by_the_option(
        self, profiles: FakeCurrents, config: Path, project: WorldProject, cli: CommandLine
    ) -> None:
        source = f"profile 'work' in {config}"
        assert checked(cli, "--profile", "work") == {
            "keyFrom": source,
            "kind": "api_key",
            "accepted": True,
            "scopes": None,
            "expiresAt": None,
            "organization": "Example Shop",
            "user": None,
            "role": None,
            "baseUrl": profiles.url,
            "baseUrlFrom": source,
            "projectId": project.project_id,
            "projectIdFrom": source,
        }

    def test_a_profile_named_by_the_environment(
        self, profiles: FakeCurrents, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert run(["projects", "list"]) == 4  # by the default one
        monkeypatch.setenv("CURRENTS_PROFILE", "work")
        assert run(["projects", "list"]) == 0
        assert run(["projects", "list", "--profile", "default"]) == 4

    def test_the_environment_overrides_the_profile(
        self, profiles: FakeCurrents, monkeypatch: pytest.MonkeyPatch, cli: CommandLine
    ) -> None:
        monkeypatch.setenv("CURRENTS_API_KEY", profiles.api_key)
        monkeypatch.setenv("CURRENTS_PROJECT_ID", "mine")
        answer = checked(cli)
        assert answer["keyFrom"] == "CURRENTS_API_KEY"
        assert (answer["projectId"], answer["projectIdFrom"]) == ("mine", "CURRENTS_PROJECT_ID")
        assert "default" in str(answer["baseUrlFrom"])

    def test_an_option_overrides_everything(
        self, profiles: FakeCurrents, monkeypatch: pytest.MonkeyPatch, cli: CommandLine
    ) -> None:
        monkeypatch.setenv("CURRENTS_API_URL", OTHER)
        options = ("--profile", "work", "--base-url", profiles.url)
        assert checked(cli, *options)["baseUrlFrom"] == "--base-url"

    @pytest.mark.parametrize(
        ("variables", "url", "source"),
        [
            ({"CURRENTS_API_URL": OTHER}, OTHER, "CURRENTS_API_URL"),
            ({"CURRENTS_REST_API_URL": ORIGIN}, OTHER, "CURRENTS_REST_API_URL"),
            (
                {"CURRENTS_API_URL": RECORDER, "CURRENTS_REST_API_URL": ORIGIN},
                OTHER,
                "CURRENTS_REST_API_URL",
            ),
            ({"CURRENTS_API_URL": RECORDER}, "https://work.example.org/v1", "profile 'work'"),
        ],
    )
    def test_the_recorder_is_not_given_the_key(
        self,
        config: Path,
        monkeypatch: pytest.MonkeyPatch,
        variables: dict[str, str],
        url: str,
        source: str,
    ) -> None:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        write(config, '[profiles.work]\napi_key = "k"\nbase_url = "https://work.example.org/v1"\n')
        settings = read_settings(profile="work")
        assert settings.base_url.value == url
        assert settings.base_url.source.startswith(source)

    @pytest.mark.parametrize("source", ["--base-url", "CURRENTS_REST_API_URL", "profile 'work'"])
    def test_an_invalid_base_url_names_where_it_was_set(
        self, config: Path, monkeypatch: pytest.MonkeyPatch, source: str
    ) -> None:
        bad = "http://api.example.org"
        if source == "CURRENTS_REST_API_URL":
            monkeypatch.setenv(source, bad)
        in_profile = bad if source == "profile 'work'" else OTHER
        write(config, f'[profiles.work]\napi_key = "k"\nbase_url = "{in_profile}"\n')
        with pytest.raises(InvalidArgumentError, match=f"^{source}.* must be https://"):
            read_settings(profile="work", base_url=bad if source == "--base-url" else None)

    @pytest.mark.parametrize(
        ("typed", "url"),
        [
            ("https://work.example.org", "https://work.example.org/v1"),
            ("https://work.example.org/", "https://work.example.org/v1"),
            ("https://work.example.org/api", "https://work.example.org/api"),
        ],
    )
    def test_an_origin_alone_is_of_version_1(
        self, config: Path, monkeypatch: pytest.MonkeyPatch, typed: str, url: str
    ) -> None:
        write(config, f'[profiles.work]\napi_key = "k"\nbase_url = "{typed}"\n')
        assert read_settings(profile="work").base_url.value == url
        monkeypatch.setenv("CURRENTS_API_KEY", "key")
        assert read_settings(base_url=typed).base_url.value == url

    def test_the_default_service_is_production(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CURRENTS_API_KEY", "key")
        settings = read_settings()
        assert settings.base_url.value is None
        assert settings.project_id.value is None


def test_a_file_that_begins_with_a_byte_order_mark(config: Path) -> None:
    config.write_text('[profiles.default]\nproject_id = "p"', encoding="utf-8-sig")
    assert find_profile(None).profile.project_id == "p"


class TestMistakes:
    @pytest.mark.parametrize(
        ("text", "message"),
        [
            (f'[profiles.work]\napi_key = "{SECRET}', "Unterminated string"),
            (f'[profiles.work]\napi-key = "{SECRET}"', "unknown field `api-key`"),
            (f'[profiles.work]\nproject_id = ["{SECRET}"]', "Expected `str | null`"),
            (f'[profile.work]\napi_key = "{SECRET}"', "unknown field `profile`"),
            (f'[profiles.other]\napi_key = "{SECRET}"', "no profile 'work'"),
            ("", "no profile 'work'"),
        ],
    )
    def test_an_invalid_configuration_file_is_explained_without_its_keys(
        self, config: Path, cli: CommandLine, text: str, message: str
    ) -> None:
        write(config, text)
        out, err = cli("projects", "list", "--profile", "work", code=2)
        assert message in err
        assert SECRET not in out + err

    def test_no_key_anywhere(self, config: Path, cli: CommandLine) -> None:
        err = cli("projects", "list", code=2).err
        assert "CURRENTS_API_KEY" in err
        assert str(config) in err

    def test_a_key_that_the_service_refuses(self, profiles: FakeCurrents, cli: CommandLine) -> None:
        out, err = cli("auth", "check", code=4)
        assert json.loads(out)["accepted"] is False
        assert "401" in err

    @pytest.mark.parametrize(("mode", "warned"), [(0o600, 0), (0o640, 1), (0o604, 1)])
    def test_a_warning_if_others_can_read_the_file(
        self, config: Path, capsys: pytest.CaptureFixture[str], mode: int, warned: int
    ) -> None:
        write(config, '[profiles.default]\napi_key = "k"', mode=mode)
        find_profile(None)
        assert capsys.readouterr().err.count("others can read") == warned

    def test_a_readable_file_without_a_key_is_fine(
        self, config: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        write(config, '[profiles.default]\nproject_id = "p"', mode=0o644)
        assert find_profile(None).profile.project_id == "p"
        assert capsys.readouterr().err == ""


class TestKinds:
    @pytest.mark.parametrize("is_served", [True, False])
    @pytest.mark.parametrize(
        ("key", "kind"),
        [
            ("crnts_pat_4f2a", "personal_access_token"),
            ("eyJhbGciOiJIUzI1NiJ9.eyJvcmdfaWQiOiJvIn0.c2ln", "oauth_access_token"),
            ("4f2a9c", "api_key"),
        ],
    )
    def test_what_a_key_may_do(
        self,
        service: FakeCurrents,
        monkeypatch: pytest.MonkeyPatch,
        cli: CommandLine,
        key: str,
        kind: str,
        *,
        is_served: bool,
    ) -> None:
        monkeypatch.setenv("CURRENTS_API_KEY", key)
        service.api_key = key
        if not is_served:
            service.fail("getMe", 404)
        answer = checked(cli)
        assert (answer["kind"], answer["accepted"]) == (kind, True)
        is_told = is_served and kind != "api_key"
        assert ("results:read" in str(answer["scopes"])) is is_told
        assert (answer["expiresAt"] is not None) is is_told
        assert answer["role"] == ("admin" if is_told else None)
        assert key not in str(answer)


@pytest.mark.parametrize("source", ["--base-url", "profile 'work'"])
def test_an_empty_base_url_is_refused(config: Path, source: str) -> None:
    in_profile = "" if source == "profile 'work'" else OTHER
    write(config, f'[profiles.work]\napi_key = "k"\nbase_url = "{in_profile}"\n')
    with pytest.raises(InvalidArgumentError, match=f"^{source}.* must begin with https://"):
        read_settings(profile="work", base_url="" if source == "--base-url" else None)


class TestSecrecy:
    def test_no_repr_shows_the_key(self, config: Path) -> None:
        write(config, f'[profiles.default]\napi_key = "{SECRET}"')
        settings = read_settings()
        for shown in (repr(settings), repr(find_profile(None)), str(Profile(api_key=SECRET))):
            assert SECRET not in shown

    def test_no_traceback_shows_the_key(self, config: Path) -> None:
        write(config, f'[profiles.default]\napi_key = "{SECRET}\\n"\nbase_url = "ftp://x"')
        with pytest.raises(InvalidArgumentError) as caught:
            read_settings().client()
        shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
        own = [line for line in shown.format() if "currents_async" in line]
        assert own
        assert SECRET not in "".join(own)

    def test_no_command_has_an_option_for_the_key(
        self, service: FakeCurrents, cli: CommandLine
    ) -> None:
        # Options are in the list of processes, for all users to see.
        cli("auth", "check", "--api-key", SECRET, code=2)

    def test_auth_check_does_not_show_the_key(
        self, service: FakeCurrents, cli: CommandLine
    ) -> None:
        out, err = cli("auth", "check")
        assert service.api_key not in out + err
