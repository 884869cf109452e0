"""`config`, and keys that `auth login` keeps: in the file, or in a keyring."""

import io
import os
import stat
import tomllib
from pathlib import Path
from typing import Any

import pytest

from currents_async.cli import _keyring
from currents_async.testing import FakeCurrents
from tests.cli.stdio import CommandLine, Typing

BEFORE = """\
# The keys of the shop.
[profiles.work]  # of the company
api_key = "cur-work"
project_id = "p1"
"""


@pytest.fixture(autouse=True)
def nothing_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CURRENTS_API_KEY", "CURRENTS_PROJECT_ID", "CURRENTS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(_keyring, "_installed", lambda: None)


@pytest.fixture
def accepting(service: FakeCurrents, monkeypatch: pytest.MonkeyPatch) -> FakeCurrents:
    """A service, and no key of it in the environment."""
    monkeypatch.delenv("CURRENTS_API_KEY")
    return service


def profiles_in(config: Path) -> dict[str, Any]:
    found: dict[str, Any] = tomllib.loads(config.read_text())["profiles"]
    return found


class TestConfig:
    def test_the_path(self, config: Path, cli: CommandLine) -> None:
        assert cli("config", "path").out == f"{config}\n"

    def test_what_else_is_in_the_file_stays(self, config: Path, cli: CommandLine) -> None:
        config.write_text(BEFORE)
        cli("config", "set", "project-id", "p2", "--profile", "work")
        cli("config", "set", "allow_http", "true", "--profile", "home")
        changed = config.read_text()
        assert "# The keys of the shop.\n[profiles.work]  # of the company\n" in changed
        assert profiles_in(config) == {
            "work": {"api_key": "cur-work", "project_id": "p2"},
            "home": {"allow_http": True},
        }
        cli("config", "set", "project_id", "", "--profile", "work")
        assert profiles_in(config)["work"] == {"api_key": "cur-work"}

    def test_a_new_file_and_its_folder(self, config: Path, cli: CommandLine) -> None:
        config.parent.rmdir()
        cli("config", "set", "project_id", "p")
        assert cli("config", "get", "project_id").out == "p\n"
        assert stat.S_IMODE(config.parent.stat().st_mode) == 0o700
        assert [one.name for one in config.parent.iterdir()] == [config.name]

    def test_a_link_stays_a_link(self, config: Path, tmp_path: Path, cli: CommandLine) -> None:
        target = tmp_path / "dotfiles.toml"
        target.write_text(BEFORE)
        config.symlink_to(target)
        cli("config", "set", "project_id", "p")
        assert config.is_symlink()
        assert profiles_in(target)["default"] == {"project_id": "p"}

    def test_the_key_is_never_printed(self, config: Path, cli: CommandLine) -> None:
        config.write_text(BEFORE)
        assert cli("config", "list").rows == [
            {"profile": "work", "name": "api_key", "value": "***"},
            {"profile": "work", "name": "project_id", "value": "p1"},
        ]
        assert "api_key" in cli("config", "get", "api_key", code=2).err

    def test_what_is_not_set(self, cli: CommandLine) -> None:
        assert "is not set" in cli("config", "get", "base_url", code=3).err

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["allow_http", "perhaps"], "allow_http must be true or false, not 'perhaps'"),
            (["base_url", "nowhere"], "base_url"),
            (["api_key", "k"], "must be project_id, base_url, allow_http or cache, not 'api_key'"),
        ],
    )
    def test_mistakes(
        self, config: Path, cli: CommandLine, arguments: list[str], message: str
    ) -> None:
        assert message in cli("config", "set", *arguments, code=2).err
        assert not config.exists()

    def test_a_broken_file_is_not_touched(self, config: Path, cli: CommandLine) -> None:
        config.write_text("[profiles")
        cli("config", "set", "project_id", "p", code=2)
        assert config.read_text() == "[profiles"


class TestLogin:
    def test_the_key_comes_from_stdin_and_goes_into_the_file(
        self,
        accepting: FakeCurrents,
        config: Path,
        cli: CommandLine,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        config.write_text(BEFORE)
        config.chmod(0o644)
        before = os.umask(0)
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{accepting.api_key}\n"))
        try:
            out, err = cli("auth", "login")
        finally:
            os.umask(before)
        assert accepting.api_key not in out + err
        assert profiles_in(config)["default"] == {"api_key": accepting.api_key}
        assert "of the company" in config.read_text()
        assert stat.S_IMODE(config.stat().st_mode) == 0o600
        assert cli("projects", "list").rows is not None
        assert "removed" in cli("auth", "logout").err
        assert "no API key: run currents-async auth login" in cli("projects", "list", code=2).err
        assert "has no API key" in cli("auth", "logout", code=3).err

    def test_a_key_that_is_typed(
        self, accepting: FakeCurrents, cli: CommandLine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("sys.stdin", Typing())
        monkeypatch.setattr("getpass.getpass", lambda _prompt, _stream: accepting.api_key)
        cli("auth", "login", "--profile", "shop", "--base-url", accepting.url)
        monkeypatch.delenv("CURRENTS_API_URL")
        [status] = cli("auth", "status", "--profile", "shop").rows
        assert status["accepted"]
        assert status["baseUrl"] == accepting.url

    @pytest.mark.parametrize(("key", "code"), [("wrong", 4), ("", 2), ("two words", 2)])
    def test_a_key_that_is_refused_is_not_kept(
        self,
        accepting: FakeCurrents,
        config: Path,
        cli: CommandLine,
        monkeypatch: pytest.MonkeyPatch,
        key: str,
        code: int,
    ) -> None:
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{key}\n"))
        cli("auth", "login", code=code)
        assert not config.exists()


class TestKeyring:
    @pytest.fixture
    def kept(self, monkeypatch: pytest.MonkeyPatch) -> dict[tuple[str, str], str]:
        """What a backend of keyring's own API has kept."""
        keyring: Any = pytest.importorskip("keyring")
        backend: Any = pytest.importorskip("keyring.backend")
        passwords: dict[tuple[str, str], str] = {}

        class Fake(backend.KeyringBackend):  # type: ignore[misc]
            priority = 1

            def set_password(self, service: str, username: str, password: str) -> None:
                passwords[service, username] = password

            def get_password(self, service: str, username: str) -> str | None:
                return passwords.get((service, username))

            def delete_password(self, service: str, username: str) -> None:
                if passwords.pop((service, username), None) is None:
                    raise keyring.errors.PasswordDeleteError(username)

        monkeypatch.setattr("keyring.core._keyring_backend", Fake())
        monkeypatch.setattr(_keyring, "_installed", lambda: keyring)
        return passwords

    def test_the_key_is_in_the_keyring_alone(
        self,
        kept: dict[tuple[str, str], str],
        accepting: FakeCurrents,
        config: Path,
        cli: CommandLine,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{accepting.api_key}\n"))
        assert "the keyring of the system" in cli("auth", "login").err
        assert kept == {("currents-async", "default"): accepting.api_key}
        assert profiles_in(config) == {"default": {"keyring": True}}
        assert cli("auth", "status").rows[0]["accepted"]
        kept.clear()
        assert "the keyring has no API key" in cli("auth", "status", code=2).err
        assert "removed" in cli("auth", "logout").err

    def test_in_the_file_all_the_same(
        self,
        kept: dict[tuple[str, str], str],
        accepting: FakeCurrents,
        config: Path,
        cli: CommandLine,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{accepting.api_key}\n"))
        cli("auth", "login", "--in-file")
        assert not kept
        assert profiles_in(config) == {"default": {"api_key": accepting.api_key}}


def test_without_keyring(config: Path, cli: CommandLine) -> None:
    config.write_text("[profiles.default]\nkeyring = true\n")
    assert "pip install keyring" in cli("projects", "list", code=2).err
