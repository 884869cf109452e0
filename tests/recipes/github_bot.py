"""Sets a check on the commit of a run, and comments on its pull request, on GitHub.

CURRENTS_API_KEY=… GITHUB_TOKEN=… python github_bot.py RUN_ID
"""

import asyncio
import os
import re
import sys
from collections.abc import AsyncGenerator
from typing import Any

import aiohttp

from currents_async import Currents
from currents_async.analysis import RunDetails
from currents_async.reports import COMMENT_MARKER, job_summary, pull_request_comment

API = os.environ.get("GITHUB_API_URL", "https://api.github.com")
PULL_REQUEST = re.compile(r"https://[^/]+/([^/]+/[^/]+)/pull/(\d+)")
LONGEST_SUMMARY = 65_535


def github(token: str) -> aiohttp.ClientSession:
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/vnd.github+json"}
    return aiohttp.ClientSession(f"{API}/", headers=headers, raise_for_status=True)


async def set_check(session: aiohttp.ClientSession, repository: str, details: RunDetails) -> None:
    run, failed = details.run, details.counts().failed
    summary = job_summary(details, max_bytes=LONGEST_SUMMARY)
    check = {
        "name": "Currents",
        "head_sha": run.head_sha,
        "status": "completed",
        "conclusion": "failure" if run.failed else "success",
        "details_url": run.url,
        "output": {"title": f"{failed} tests failed", "summary": summary},
    }
    async with session.post(f"repos/{repository}/check-runs", json=check):
        pass


async def comment(
    session: aiohttp.ClientSession, repository: str, number: str, details: RunDetails
) -> None:
    """Edit the comment of an earlier run, or write the first one."""
    method, path = "POST", f"repos/{repository}/issues/{number}/comments"
    async for one in comments(session, path):
        if one["body"].startswith(COMMENT_MARKER):
            method, path = "PATCH", f"repos/{repository}/issues/comments/{one['id']}"
            break
    async with session.request(method, path, json={"body": pull_request_comment(details)}):
        pass


async def comments(
    session: aiohttp.ClientSession, path: str
) -> AsyncGenerator[dict[str, Any], None]:
    page = {"per_page": 100, "page": 1}
    while True:
        async with session.get(path, params=page) as response:
            found = await response.json()
        for one in found:
            yield one
        if len(found) < page["per_page"]:
            return
        page["page"] += 1


async def report(currents: Currents, session: aiohttp.ClientSession, run_id: str) -> None:
    details = await currents.reports.details(run_id)
    meta = details.run.meta
    pull_request = PULL_REQUEST.fullmatch((meta.pr and meta.pr.link) or "") if meta else None
    if pull_request is None:
        return
    repository, number = pull_request.groups()
    await set_check(session, repository, details)
    await comment(session, repository, number, details)


async def main(run_id: str) -> None:
    async with Currents() as currents, github(os.environ["GITHUB_TOKEN"]) as session:
        await report(currents, session, run_id)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
