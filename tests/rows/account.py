"""What the operations of the account send."""

from tests.rows.row import Row

ROWS = [
    Row("getMe", lambda c: c.account.get(), "GET", "/me"),
    Row(
        "revokeOwnCredential",
        lambda c: c.account.revoke_credential(),
        "DELETE",
        "/me/credential",
    ),
]
