"""Whose credential it is: the response of GET /me.

Source: `docs/api/operations.md`, "Account".
"""

from msgspec import field

from currents_async.models._model import OpenEnum, OpenModel, Timestamp

__all__ = ["Account", "AccountCredential", "AccountOrganization", "AccountUser", "CredentialKind"]


_JWT_DOTS = 2
"""A JSON Web Token has three parts with dots between them."""


class CredentialKind(OpenEnum):
    """The kinds of credentials."""

    API_KEY = "api_key"
    PERSONAL_ACCESS_TOKEN = "personal_access_token"  # noqa: S105 - its name, as on the wire
    OAUTH_ACCESS_TOKEN = "oauth_access_token"  # noqa: S105


def kind_by_form(credential: str) -> CredentialKind:
    """Return the kind that a credential seems to be.

    Source: `docs/api/base.md`, "Credentials".
    """
    if credential.startswith("crnts_pat_"):
        return CredentialKind.PERSONAL_ACCESS_TOKEN
    is_jwt = credential.count(".") == _JWT_DOTS
    return CredentialKind.OAUTH_ACCESS_TOKEN if is_jwt else CredentialKind.API_KEY


class AccountOrganization(OpenModel, frozen=True, gc=False, kw_only=True):
    """The organisation that a credential is for."""

    id: str | None = None
    name: str | None = None


class AccountUser(OpenModel, frozen=True, gc=False, kw_only=True):
    """The person that a token belongs to."""

    id: str | None = None
    email: str | None = None
    role: str | None = None
    """For example `admin`."""


class AccountCredential(OpenModel, frozen=True, gc=False, kw_only=True):
    """A credential, without its secret."""

    kind: CredentialKind | None = None
    id: str | None = None
    scopes: tuple[str, ...] = ()
    """What it may do, for example `results:read`."""
    expires_at: Timestamp | None = field(default=None, name="expires_at")


class Account(OpenModel, frozen=True, gc=False, kw_only=True):
    """The credential of the client, and whose it is."""

    org: AccountOrganization | None = None
    user: AccountUser | None = None
    """None for an API key, which belongs to no person."""
    credential: AccountCredential | None = None
