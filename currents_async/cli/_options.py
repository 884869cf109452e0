"""Options that several commands have."""

from dataclasses import dataclass, field
from typing import Annotated, Literal

from cyclopts import Parameter
from cyclopts.validators import Number

Count = Annotated[int, Parameter(validator=Number(gte=1))]
Flag = Annotated[bool, Parameter(negative="", show_default=False)]
AsJson = Annotated[Flag, Parameter(name="--json")]
Yes = Annotated[Flag, Parameter(alias="-y")]
Texts = Annotated[tuple[str, ...], Parameter(negative="", show_default=False)]
# A hyphen alone is stdin or stdout.
File = Annotated[str, Parameter(allow_leading_hyphen=True)]
Branches = Annotated[Texts, Parameter(name="--branch")]
Tags = Annotated[Texts, Parameter(name="--tag")]
Authors = Annotated[Texts, Parameter(name="--author")]

Form = Literal["table", "json", "ndjson", "csv", "parquet"]


@Parameter(name="*", group="Connection")
@dataclass(frozen=True, kw_only=True)
class Connection:
    """Which service, and who asks."""

    profile: str | None = None
    """A profile of the configuration file; else CURRENTS_PROFILE, else the one called `default`."""
    base_url: str | None = None
    """Another service than production; else CURRENTS_REST_API_URL, else the profile's."""
    proxy: str | None = field(default=None, repr=False)
    """The HTTP proxy; else that of HTTPS_PROXY, but for NO_PROXY. Put a password only there."""
    ca_file: str | None = None
    """A file of certificates (PEM) to trust besides the system's, as those of a company."""


@Parameter(name="*", group="Output")
@dataclass(frozen=True, kw_only=True)
class Output:
    """How an answer is printed."""

    output: Annotated[Form | None, Parameter(alias="-o")] = None
    """By default a table on a terminal, else NDJSON."""
    fields: str | None = None
    """What to print of each item: names separated by commas, with dots inside objects."""
    color: Annotated[Literal["auto", "always", "never"], Parameter(show_default=False)] = "auto"
    """By default on a terminal, unless NO_COLOR is set."""


CONNECTION = Connection()
OUTPUT = Output()
