"""The credential of the client, and whose it is: /me. A preview, which may not be served.

Source: `docs/api/operations.md`, "Account".
"""

from currents_async._resources._group import Group
from currents_async._wire.endpoint import NOT_SERVED, Endpoint
from currents_async.errors import UnauthorizedError
from currents_async.models.account import Account

GET_ME = Endpoint("getMe", "GET", "/me", Account, hints=(NOT_SERVED,))
REVOKE_OWN_CREDENTIAL = Endpoint(
    "revokeOwnCredential",
    "DELETE",
    "/me/credential",
    dict[str, object],
    already=UnauthorizedError,
    hints=(NOT_SERVED,),
)


class Accounts(Group):
    """The credential of the client, and whose it is.

    A preview: raises `NotFoundError` where the service does not have these operations, and their
    responses may change.
    """

    __slots__ = ()

    async def get(self) -> Account:
        """Fetch what kind of credential the client has, whose it is, and what it may do.

        A preview, as the whole group is.
        """
        return await self._transport.call(GET_ME.request())

    async def revoke_credential(self) -> dict[str, object]:
        """End the credential of the client for good, whoever else uses it.

        A preview, as the whole group is. What the server sends back is not documented, and may be
        empty. All later requests with this credential are refused; if the response is lost, such a
        refusal means that it worked.
        """
        return await self._transport.call(REVOKE_OWN_CREDENTIAL.request(), already={})
