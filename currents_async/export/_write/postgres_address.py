"""Where a PostgreSQL database is: its URL, of which only what is no secret is ever shown."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from currents_async._redaction import redactor
from currents_async.errors import InvalidArgumentError

SCHEMES = ("postgresql://", "postgres://")
DEFAULT_SCHEMA = "currents"
_HOST = re.compile(r"(?:\[[^\]]+\]|[^:\[\]@]*)(?::\d*)?")
_MAX_NAME = 63
"""Bytes: PostgreSQL cuts off what is longer."""
_DEFAULTS = {
    # Else an address that nothing answers at is waited for as long as the system likes.
    "connect_timeout": "15",
    "fallback_application_name": "currents-async",
    # Nothing is sent while runs are fetched, and networks forget connections that are silent.
    "keepalives_idle": "30",
}


def is_postgres(target: object) -> bool:
    """Return whether a target is the URL of a PostgreSQL database."""
    return str(target).lower().startswith(SCHEMES)


class Address:
    """A database and a schema of it, in text without the user, the password and the options."""

    def __init__(self, url: str) -> None:
        """Read a URL of libpq, which may also have the option `schema`.

        Raises `InvalidArgumentError` for one that libpq could misread, without quoting it.

        Source: https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS.
        """
        parts = urlsplit(url)
        user, _, hosts = parts.netloc.rpartition("@")
        options = [option for option in parts.query.split("&") if option]
        if (
            not all(map(_HOST.fullmatch, hosts.split(",")))
            or not all("=" in option for option in options)
            or parts.fragment
            or "@" in parts.path
        ):
            raise InvalidArgumentError(
                "target is not a valid postgresql:// URL: in a user name and a password, "
                "characters like / ? # @ : have to be written as %2F %3F %23 %40 %3A"
            )
        given = dict(parse_qsl(parts.query, keep_blank_values=True))
        self.schema: str = _checked(given.get("schema", DEFAULT_SCHEMA))
        self._shown = f"{hosts or 'this machine'}{unquote(parts.path).rstrip('/')}"
        password = user.partition(":")[2]
        secrets = {password, unquote(password)}
        secrets.update(value for name, value in given.items() if "password" in name)
        self.redact: Callable[[str], str] = redactor(filter(None, secrets), "***")
        """Remove the passwords from a text."""
        passed = [option for option in options if option.partition("=")[0] != "schema"]
        passed += [f"{name}={value}" for name, value in _DEFAULTS.items() if name not in given]
        uri = f"postgresql://{parts.netloc}{parts.path}?{'&'.join(passed)}"

        def connect(driver: Any) -> Any:
            return driver.connect(uri, autocommit=True)

        # In a closure: an attribute would be shown by debuggers, and be pickled.
        self.connect: Callable[[Any], Any] = connect
        """Connect by the `dbapi` of a driver."""

    def __str__(self) -> str:
        return f"{self._shown} (schema {self.schema})"

    def __repr__(self) -> str:
        return f"<Address {self}>"


def _checked(schema: str) -> str:
    if (
        not schema
        or "\0" in schema
        or len(schema.encode()) > _MAX_NAME
        or schema.startswith("pg_")
        or schema == "information_schema"
    ):
        raise InvalidArgumentError(
            "target: schema=… has to be the name of a schema of at most 63 bytes, and not one of "
            "PostgreSQL's own"
        )
    return schema
