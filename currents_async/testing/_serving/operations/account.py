"""The credential of a request, and the organisation and the person that it belongs to.

Source: `docs/api/operations.md`, "Account".
"""

from currents_async._resources.account import GET_ME, REVOKE_OWN_CREDENTIAL
from currents_async.testing._serving.api_request import ApiRequest, Route
from currents_async.testing._serving.api_response import ApiResponse
from currents_async.testing._world.ids import hexadecimal, iso, stream
from currents_async.testing.world import World

_SCOPES = ("projects:read", "results:read", "actions:read", "actions:write", "shares:write")
_LIFE = 30 * 24 * 60 * 60 * 1000


def get_me(world: World, request: ApiRequest) -> ApiResponse:
    """GET /me: an API key names no user, and does not expire."""
    request.end()
    rng = stream(world.seed, "account")
    is_token = request.credential_kind != "api_key"
    user = {"id": hexadecimal(rng, 24), "email": "robin@example.com", "role": "admin"}
    return ApiResponse({
        "org": {"id": world.org_id, "name": "Example Shop"},
        "user": user if is_token else None,
        "credential": {
            "kind": request.credential_kind,
            "id": hexadecimal(rng, 24),
            "scopes": _SCOPES if is_token else (),
            "expires_at": iso(_LIFE) if is_token else None,
        },
    })


def revoke_own_credential(world: World, request: ApiRequest) -> ApiResponse:
    """DELETE /me/credential: from now on it is refused."""
    request.end()
    world.credential_revoked = True
    return ApiResponse({})


ROUTES = (Route(GET_ME, get_me), Route(REVOKE_OWN_CREDENTIAL, revoke_own_credential))
