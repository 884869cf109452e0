"""Shares, which show failures or reports to people and agents without a credential: POST /share.

Source: `docs/api/operations.md`, "Sharing and traces".
"""

from collections.abc import Coroutine
from functools import partial
from typing import Any, get_args

from currents_async._checks import check_choice, check_int, check_text
from currents_async._downloads.links import Link
from currents_async._resources._group import Group, compound
from currents_async._wire.endpoint import Endpoint
from currents_async._wire.fields import Fields, given
from currents_async._wire.record_key import find_record_key
from currents_async.errors import InvalidArgumentError
from currents_async.models.shares import Share, SharePurpose

CREATE_SHARE = Endpoint(
    "createShare",
    "POST",
    "/share",
    Share,
    hints=((403, "the credential may lack shares:write, or the organisation has sharing off"),),
)

_DAYS = (1, 3, 7)


class Shares(Group):
    """Shares, which show failures or reports to people and agents without a credential.

    Whoever has the URL of a share can read it: it is a secret, which no `repr`, log or error shows.
    """

    __slots__ = ()

    async def create(
        self,
        purpose: SharePurpose,
        *,
        run_id: str | None = None,
        instance_id: str | None = None,
        test_id: str | None = None,
        session_id: str | None = None,
        attempt: int | None = None,
        expires_in_days: int | None = None,
        record_key: str | None = None,
        retry_ambiguous: bool = False,
    ) -> Share:
        """Create a public snapshot of failures or of a report, as they are now.

        `purpose` is `fix`, the failures with their context, flaky ones included, or `report`, every
        test with its attempts and files. Pass `run_id` for a run, `run_id` and `instance_id` for a
        spec file, `instance_id` and `test_id` for a test, or for a report `session_id` for a
        session. `attempt` is that of a test to fix, counting from 0, by default its last failed
        one. It lasts for `expires_in_days`, 1, 3 or 7, by default 1 to fix and 7 for a report. With
        the project's `record_key` the request for a session carries that instead of the API key.

        It cannot be revoked, so it is not created twice: raises `AmbiguousError` when it is unknown
        whether it was created; with `retry_ambiguous=True` the request is sent again instead, which
        may leave a second one that nobody knows. Raises `ForbiddenError` where the organisation has
        turned sharing off.
        """
        key = find_record_key(record_key)
        del record_key  # from here on, a traceback with locals shows no secret
        if key is not None and session_id is None:
            raise InvalidArgumentError("record_key is for a session: pass session_id")
        check_choice("purpose", purpose, get_args(SharePurpose))
        _check_target(purpose, run_id, instance_id, test_id, session_id, attempt)
        body = (
            Fields()
            .put("purpose", purpose, check_text)
            .put("run_id", given(run_id), check_text, wire="runId")
            .put("instance_id", given(instance_id), check_text, wire="instanceId")
            .put("test_id", given(test_id), check_text, wire="testId")
            .put("session_id", given(session_id), check_text, wire="sessionId")
            .put("attempt", given(attempt), partial(check_int, min_value=0))
            .put("expires_in_days", given(expires_in_days), _check_days, wire="expiresInDays")
            .body
        )
        return await self._write(
            CREATE_SHARE.request(body=body, record_key=key), retry_ambiguous=retry_ambiguous
        )

    # Not `async`: no frame of the call is to hold the URL as an argument.
    @compound
    def read(self, link: Share | str) -> Coroutine[Any, Any, str]:
        """Read a share, or the `url` of one, as the Markdown that it is for agents.

        Its host receives neither the API key nor cookies. Raises `NotFoundError` once it has
        expired, and `RateLimitedError` if its readers are too many.
        """
        return Link(self._transport, "readShare", link, Share).read_text()


def _check_target(
    purpose: str,
    run_id: str | None,
    instance_id: str | None,
    test_id: str | None,
    session_id: str | None,
    attempt: int | None,
) -> None:
    match (run_id is None, instance_id is None, test_id is None, session_id is None):
        case (False, _, True, True) | (True, False, False, True):
            pass
        case (True, True, True, False):
            if purpose != "report":
                raise InvalidArgumentError("session_id is for the purpose report only")
        case _:
            raise InvalidArgumentError(
                "pass run_id, run_id and instance_id, instance_id and test_id, or session_id"
            )
    if attempt is not None and (test_id is None or purpose != "fix"):
        raise InvalidArgumentError("attempt is for a test to fix: pass purpose='fix' and test_id")


def _check_days(name: str, days: Any) -> int:
    if days not in _DAYS or isinstance(days, bool | float):
        raise InvalidArgumentError(f"{name} must be 1, 3 or 7, not {days!r}")
    return int(days)
