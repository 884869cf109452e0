from datetime import UTC, datetime

import pytest

from currents_async import Currents, NotFoundError, UnauthorizedError
from currents_async.models import CredentialKind
from currents_async.testing import FakeCurrents, World
from tests.resources.test_samples import answer_with


async def test_the_sample(server: FakeCurrents, currents: Currents) -> None:
    answer_with(server, "getMe", "me-personal-access-token")
    account = await currents.account.get()
    assert account.org is not None
    assert (account.org.id, account.org.name) == ("0d951c95602f417c2d017e07", "Example Shop")
    assert account.user is not None
    assert (account.user.email, account.user.role) == ("robin@example.com", "admin")
    assert account.credential is not None
    assert account.credential.kind is CredentialKind.PERSONAL_ACCESS_TOKEN
    assert account.credential.scopes[:2] == ("projects:read", "results:read")
    expected = datetime(2027, 5, 24, 23, 59, 59, 999_000, UTC)
    assert account.credential.expires_at == expected


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ("fake-key", CredentialKind.API_KEY),
        ("crnts_pat_x", CredentialKind.PERSONAL_ACCESS_TOKEN),
        ("e30.e30.x", CredentialKind.OAUTH_ACCESS_TOKEN),
    ],
)
async def test_the_kinds_of_credentials(world: World, key: str, kind: CredentialKind) -> None:
    async with (
        FakeCurrents(world, api_key=key) as server,
        Currents(key, base_url=server.url) as currents,
    ):
        account = await currents.account.get()
    assert account.credential is not None
    assert account.credential.kind is kind
    assert (account.user is None) is (kind is CredentialKind.API_KEY)


async def test_a_revoked_credential(currents: Currents) -> None:
    assert await currents.account.revoke_credential() == {}
    with pytest.raises(UnauthorizedError):
        await currents.account.get()


async def test_a_created_project(server: FakeCurrents, currents: Currents) -> None:
    answer_with(server, "createProject", "project-created", 201)
    project = await currents.projects.create("web-shop")
    expected = ("b4Xk9T", "web-shop", "lpeFnBbO5rAgD6pi")
    assert (project.project_id, project.name, project.record_key) == expected
    made = await currents.projects.create("other")
    assert (await currents.projects.get(made.project_id)).name == "other"


async def test_a_preview_that_is_not_served(server: FakeCurrents, currents: Currents) -> None:
    for operation, call in (
        ("getMe", currents.account.get()),
        ("revokeOwnCredential", currents.account.revoke_credential()),
        ("createProject", currents.projects.create("p")),
    ):
        server.fail(operation, 404)
        with pytest.raises(NotFoundError, match="is a preview, which the deployment may not serve"):
            await call
