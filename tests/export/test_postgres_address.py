"""Where a database is, by its URL, and that its password is never seen."""

import pickle
import sys
from typing import Any

import pytest

from currents_async._redaction import hide_credentials
from currents_async.errors import InvalidArgumentError
from currents_async.export._write.postgres_address import Address, is_postgres
from currents_async.export._write.postgres_database import Database
from currents_async.export._write.target import open_target

PASSWORD = "p%40ss-word"
URL = f"postgresql://ada:{PASSWORD}@db.example:5433/ci?sslmode=verify-full&schema=runs"


class Driver:
    def connect(self, uri: str, *, autocommit: bool) -> tuple[str, bool]:
        return uri, autocommit


def uri_of(url: str) -> str:
    uri: str = Address(url).connect(Driver())[0]
    return uri


class TestUrl:
    def test_the_schema_is_ours_and_all_else_is_for_libpq(self) -> None:
        assert Address(URL).schema == "runs"
        uri = uri_of(URL)
        assert uri.startswith(
            f"postgresql://ada:{PASSWORD}@db.example:5433/ci?sslmode=verify-full&"
        )
        assert "schema=" not in uri
        assert "&keepalives_idle=30" in uri

    def test_what_is_given_is_not_replaced(self) -> None:
        uri = uri_of("postgres:///ci?connect_timeout=3&host=/run/postgresql")
        assert uri.startswith("postgresql:///ci?connect_timeout=3&host=/run/postgresql&")
        assert uri.count("connect_timeout") == 1

    @pytest.mark.parametrize(
        "url",
        [
            "postgresql://",
            "postgresql://localhost",
            "postgresql://u@[::1]:5432/x",
            "postgresql://a:1,b:2/x?target_session_attrs=read-write",
            "postgresql://u:p@h/x?user=me@tenant",
            "POSTGRES://h/x",
        ],
    )
    def test_of_all_kinds(self, url: str) -> None:
        assert is_postgres(url)
        assert Address(url).schema == "currents"

    @pytest.mark.parametrize(
        "url",
        [
            "postgresql://u:pa/ss@h/x",
            "postgresql://u:pa#ss@h/x",
            "postgresql://u:pa?ss@h/x",
            "postgresql://u:12?ss@h/x",
            "postgresql://h:port/x",
        ],
    )
    def test_that_could_be_misread_is_refused_without_quoting_it(self, url: str) -> None:
        with pytest.raises(InvalidArgumentError, match="not a valid postgresql:// URL") as caught:
            Address(url)
        assert "ss@" not in str(caught.value)

    @pytest.mark.parametrize("schema", ["", "pg_mine", "information_schema", "x" * 64, "%00"])
    def test_a_schema_that_cannot_be_is_refused(self, schema: str) -> None:
        with pytest.raises(InvalidArgumentError, match="schema"):
            Address(f"postgresql://h/x?schema={schema}")


class TestSecrets:
    def test_are_not_shown(self) -> None:
        address = Address(URL)
        words = f"{address} {address!r} {hide_credentials(URL)} {vars(address)}"
        assert "db.example:5433/ci (schema runs)" in words
        for secret in (PASSWORD, "p@ss-word", "ada"):
            assert secret not in words

    def test_are_removed_from_texts(self) -> None:
        redact = Address(f"{URL}&sslpassword=k%23y").redact
        assert redact(f"a {PASSWORD} b p@ss-word c k#y") == "a *** b *** c ***"

    def test_are_not_pickled(self) -> None:
        with pytest.raises((AttributeError, pickle.PicklingError, TypeError)):
            pickle.dumps(Address(URL))


class TestFormat:
    @pytest.mark.parametrize(
        ("target", "wanted"), [(URL, "parquet"), ("lake", "postgres"), ("x.duckdb", "postgres")]
    )
    def test_belongs_to_urls_of_its_kind(self, target: str, wanted: Any) -> None:
        with pytest.raises(InvalidArgumentError, match="format must be postgres, or left out") as e:
            open_target(target, wanted, None).__enter__()
        assert PASSWORD not in str(e.value)

    def test_needs_its_driver(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "adbc_driver_postgresql.dbapi", None)
        with pytest.raises(
            ModuleNotFoundError,
            match=r"adbc_driver_postgresql is not installed: .*'currents-async\[postgres\]'",
        ):
            Database(Address(URL))
