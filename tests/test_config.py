import math
from typing import Any

import pytest

from currents_async import InvalidArgumentError, Limits, Retries, Timeouts
from currents_async._config import PRODUCTION, resolve_base_url, resolve_project_id
from currents_async._transport import find_credential

REST, API = "CURRENTS_REST_API_URL", "CURRENTS_API_URL"
EXAMPLE = "https://api.example.com/v1"


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("API_KEY", "API_URL", "REST_API_URL", "PROJECT_ID"):
        monkeypatch.delenv(f"CURRENTS_{name}", raising=False)


class TestBaseUrl:
    def test_production_is_the_default(self) -> None:
        assert resolve_base_url(None) == "https://api.currents.dev/v1"

    @pytest.mark.parametrize(
        ("variables", "url"),
        [
            # As the service documents them for its CLI, its MCP server and its reporters.
            ({REST: "https://api.example.com"}, "https://api.example.com/v1"),
            ({API: "https://api.example.com/v1"}, "https://api.example.com/v1"),
            ({API: "https://cy.currents.dev"}, PRODUCTION),
            ({API: "https://record.example.com/", REST: "https://api.example.com"}, EXAMPLE),
            ({API: "https://mcp.example.com/v1", REST: "https://api.example.com"}, EXAMPLE),
            # In other spellings.
            ({REST: "https://api.example.com/"}, EXAMPLE),
            ({REST: "https://api.example.com/v1"}, EXAMPLE),
            ({REST: "https://api.example.com/v1//"}, EXAMPLE),
            ({REST: " https://api.example.com \n"}, EXAMPLE),
            ({REST: "HTTPS://api.example.com"}, EXAMPLE),
            ({REST: "https://example.com/currents"}, "https://example.com/currents/v1"),
            ({REST: "https://example.com/currents/v1"}, "https://example.com/currents/v1"),
            ({REST: "https://v1"}, "https://v1/v1"),
            ({REST: "http://localhost:4000"}, "http://localhost:4000/v1"),
            ({API: "https://api.example.com/v1/"}, EXAMPLE),
            ({API: "https://api.example.com/v1\n"}, EXAMPLE),
            ({API: "Https://api.example.com/v1"}, EXAMPLE),
            # Not set, or somebody else's.
            ({REST: "", API: ""}, PRODUCTION),
            ({REST: " \t\n", API: " "}, PRODUCTION),
            ({REST: "", API: "https://api.example.com/v1"}, EXAMPLE),
            ({API: "https://v1"}, PRODUCTION),
            ({API: "https://example.com/V1"}, PRODUCTION),
            ({API: "https://example.com/apiv1"}, PRODUCTION),
            ({API: "https://example.com/v1/search"}, PRODUCTION),
            ({API: "https://example.com/?path=/v1"}, PRODUCTION),
            ({API: "https://example.com/#/v1"}, PRODUCTION),
            ({API: "ftp://example.com"}, PRODUCTION),
            ({API: "https://user:hunter2@record.example.com"}, PRODUCTION),
            ({API: "https://[::1"}, PRODUCTION),
            ({API: "https://record.example.com?next=/v1"}, PRODUCTION),
        ],
        ids=str,
    )
    def test_variables_mean_what_they_mean_to_the_tools_of_the_service(
        self, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], url: str
    ) -> None:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        assert resolve_base_url(None) == url
        assert resolve_base_url("https://mine.example.com/api/") == "https://mine.example.com/api"

    @pytest.mark.parametrize(
        ("name", "url"),
        [
            (REST, "http://api.example.com"),
            (REST, "api.example.com"),
            (REST, "https://api.example.com?key=hunter2"),
            (REST, "https://api.example.com/v1#hunter2"),
            (REST, "https://user:hunter2@api.example.com"),
            (REST, "https://api.example.com /v1"),
            (REST, "https://[::1"),
            (API, "http://api.example.com/v1"),
            (API, "api.example.com/v1"),
            (API, "https://api.example.com/v1?key=hunter2"),
            (API, "https://user:hunter2@api.example.com/v1"),
            (API, "https://[::1/v1"),
        ],
    )
    def test_invalid_urls_in_the_environment(
        self, monkeypatch: pytest.MonkeyPatch, name: str, url: str
    ) -> None:
        monkeypatch.setenv(name, url)
        with pytest.raises(InvalidArgumentError, match=f"^{name} ") as caught:
            resolve_base_url(None)
        assert "hunter2" not in str(caught.value)

    def test_an_invalid_url_is_not_replaced_by_another(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(REST, "http://api.example.com")
        monkeypatch.setenv(API, "https://api.example.com/v1")
        with pytest.raises(InvalidArgumentError, match="shows the API key"):
            resolve_base_url(None)

    @pytest.mark.parametrize("url", [b"https://example.org", 1])
    def test_what_is_no_text(self, url: Any) -> None:
        with pytest.raises(InvalidArgumentError, match="base_url must be a str, not"):
            resolve_base_url(url)

    @pytest.mark.parametrize(
        ("url", "used"),
        [
            ("HTTPS://example.org/v1", "https://example.org/v1"),
            ("https://example.org///", "https://example.org"),
            ("https://example.org/v1?", "https://example.org/v1"),
            ("https://example.org/v1/#", "https://example.org/v1"),
        ],
    )
    def test_other_spellings_of_the_argument(self, url: str, used: str) -> None:
        assert resolve_base_url(url) == used

    @pytest.mark.parametrize(
        "url",
        ["http://localhost:4000/v1", "http://127.0.0.1:1", "http://127.8.8.8", "http://[::1]:5"],
    )
    def test_plain_http_on_loopback(self, url: str) -> None:
        assert resolve_base_url(url) == url

    @pytest.mark.parametrize(
        "url",
        [
            "http://api.currents.dev/v1",
            "http://192.168.1.2",
            "http://localhost.example.org",
            "ftp://localhost",
            "api.currents.dev",
            "https://",
            "https:///v1",
            "https://exa mple.org",
            "https://example.org\n",
            "https://exämple.org",
            "https://example.org:port",
            "https://user:hunter2@example.org",
            "https://example.org/v1?key=hunter2",
            "https://example.org/#x",
            "",
        ],
    )
    def test_invalid_urls(self, url: str) -> None:
        with pytest.raises(InvalidArgumentError, match="base_url") as caught:
            resolve_base_url(url)
        assert "hunter2" not in str(caught.value)


def test_project_id(monkeypatch: pytest.MonkeyPatch) -> None:
    assert resolve_project_id(None) is None
    monkeypatch.setenv("CURRENTS_PROJECT_ID", "p1")
    assert resolve_project_id(None) == "p1"
    assert resolve_project_id("p2") == "p2"


class TestCredential:
    def test_the_argument_wins(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CURRENTS_API_KEY", "from-environment")
        for argument, expected in ((None, "from-environment"), ("given", "given")):
            credential = find_credential(argument)
            assert not isinstance(credential, InvalidArgumentError)
            assert credential.authorization() == f"Bearer {expected}"

    @pytest.mark.parametrize("key", ["", " ", "abc def", "abc\n", "\tabc", "abc\x7f", "schlüssel"])
    @pytest.mark.parametrize("where", ["argument", "environment"])
    def test_a_bad_key_is_refused_and_not_shown(
        self, monkeypatch: pytest.MonkeyPatch, key: str, where: str
    ) -> None:
        if where == "environment":
            monkeypatch.setenv("CURRENTS_API_KEY", key)
        problem = find_credential(key if where == "argument" else None)
        assert isinstance(problem, InvalidArgumentError)
        assert "CURRENTS_API_KEY" in str(problem)
        assert not key.strip() or key.strip() not in str(problem)

    def test_a_key_of_another_type(self) -> None:
        problem = find_credential(b"key")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        assert isinstance(problem, InvalidArgumentError)

    def test_no_key(self) -> None:
        problem = find_credential(None)
        assert isinstance(problem, InvalidArgumentError)
        assert "CURRENTS_API_KEY" in str(problem)


@pytest.mark.parametrize("value", [0, -1, -math.inf, math.nan, True, None, "10"])
@pytest.mark.parametrize("name", ["connect", "read", "attempt", "total"])
def test_timeouts_are_positive_numbers(name: str, value: object) -> None:
    with pytest.raises(InvalidArgumentError, match=rf"Timeouts\.{name}"):
        Timeouts(**{name: value})  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [0, -1, 1.5, math.inf, math.nan, True, None, "10"])
@pytest.mark.parametrize("name", ["concurrency", "body", "memory"])
def test_limits_are_positive_integers(name: str, value: object) -> None:
    with pytest.raises(InvalidArgumentError, match=rf"Limits\.{name}"):
        Limits(**{name: value})  # type: ignore[arg-type]


def test_concurrency_is_bounded() -> None:
    assert Limits(concurrency=10_000).concurrency == 10_000
    with pytest.raises(
        InvalidArgumentError, match=r"Limits\.concurrency must be .* from 1 to 10,000"
    ):
        Limits(concurrency=10_001)


@pytest.mark.parametrize("value", [0, 0.0, -1, math.inf, math.nan, True, "10"])
def test_a_rate_is_a_positive_number_or_none(value: object) -> None:
    with pytest.raises(InvalidArgumentError, match=r"Limits\.rate"):
        Limits(rate=value)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("rate", [None, 1, 0.01, 1e6])
def test_rates(rate: float | None) -> None:
    assert Limits(rate=rate).rate == rate


def test_one_response_must_fit_into_the_memory_for_all() -> None:
    assert Limits(body=5, memory=5).memory == 5
    with pytest.raises(InvalidArgumentError, match=r"at least Limits\.body"):
        Limits(body=6, memory=5)
    with pytest.raises(InvalidArgumentError, match=r"at least Limits\.body"):
        Limits(memory=1024)


@pytest.mark.parametrize("value", [0, -1, 1.5, math.inf, True, None, "3"])
def test_retries_are_positive_integers(value: object) -> None:
    with pytest.raises(InvalidArgumentError, match=r"Retries\.attempts"):
        Retries(attempts=value)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def test_defaults() -> None:
    assert Timeouts() == Timeouts(connect=10, read=30, attempt=60, total=120)
    assert Retries() == Retries(attempts=3)
    assert Limits() == Limits(
        concurrency=16, rate=None, body=32 * 1024 * 1024, memory=128 * 1024 * 1024
    )


@pytest.mark.parametrize("settings", [Timeouts(), Retries(), Limits()])
def test_settings_are_frozen(settings: Timeouts | Retries | Limits) -> None:
    name = settings.__struct_fields__[0]
    with pytest.raises(AttributeError):
        setattr(settings, name, 5)


@pytest.mark.parametrize("name", ["connect", "read", "attempt", "total"])
def test_timeouts_may_be_infinite(name: str) -> None:
    assert getattr(Timeouts(**{name: math.inf}), name) == math.inf
