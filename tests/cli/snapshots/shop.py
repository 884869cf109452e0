"""The organisation on which commands print: small, and with what makes tables hard to lay out."""

import json
import shutil
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path

import msgspec

from currents_async import Currents
from currents_async.export import export
from currents_async.models import Effect, Matcher
from currents_async.testing import World, WorldProject

NOW = datetime(2026, 1, 12, 12, tzinfo=UTC)
"""The moment at which everything is looked at."""
_EVERYTHING = {"op": "AND", "cond": [{"type": "git_branch", "op": "eq", "value": "main"}]}
_RULE = {
    "op": "OR",
    "cond": [
        {"type": "file", "op": "in", "value": ["tests/cart.spec.ts", "tests/vouchers.spec.ts"]},
        {"type": "title", "op": "eq", "value": "pays with a voucher"},
    ],
}
_CONFIG = """
[profiles.default]
project_id = "fKeJLs"
[profiles.work]
base_url = "https://currents.example.com/v1"
project_id = "8pvsjN"
"""


def make_shop() -> World:
    world = World(seed=4)
    shop = world.project("Web shop")
    _add_runs(shop)
    world.project("Back office of the warehouse, returns and the call centre 📦")
    world.add_run_payload({
        "runId": "7c1c0fbd2f1d4d53",
        "projectId": shop.project_id,
        "createdAt": _ago(hours=30),
        "completionState": "COMPLETE",
        "status": "PASSED",
        "durationMs": 4_000_000,
        "meta": {"commit": {"branch": "翻訳/日本語", "message": "日本語の文言を直す 🛒 (#12)"}},
        "specs": [],
    })
    world.jira(projects=2, issue_types=3)
    return world


def _add_runs(shop: WorldProject) -> None:
    for days in (6, 5, 4):
        shop.run(
            specs=3, tests=3, failures=0, flaky=int(days == 5), created_at=NOW - timedelta(days)
        )
    shop.run(
        specs=4,
        tests=3,
        failures=1,
        flaky=1,
        branch="feature/checkout-with-vouchers-and-gift-cards",
        pull_request=412,
        tags=["nightly", "chromium"],
        author=("Wilhelmina van den Heuvel-Oosterhuis", "w@example.com"),
        created_at=NOW - timedelta(days=2, hours=7),
    )
    stopped = shop.run(specs=4, running=True, completed=1, created_at=NOW - timedelta(hours=20))
    stopped.cancel(actor="grace@example.com", reason="superseded")
    shop.run(specs=4, tests=2, timed_out=True, completed=2, created_at=NOW - timedelta(hours=9))
    shop.run(specs=4, tests=(2, 4), failures=1, flaky=0, created_at=NOW - timedelta(hours=5))
    shop.run(
        specs=6,
        tests=(2, 5),
        failures=3,
        flaky=2,
        groups=2,
        created_at=NOW - timedelta(hours=3),
    )
    shop.run(
        specs=5,
        tests=3,
        running=True,
        completed=2,
        unclaimed=1,
        created_at=NOW - timedelta(minutes=3),
    )


@cache
def words_of_shop() -> dict[str, str]:
    """Return what the arguments of commands are about, which is the same each time."""
    world = make_shop()
    shop, jira = world.projects[0], world.jiras[0]
    [*_, earlier, run, running] = shop.runs[:-1]
    executions = world.executions(shop.project_id)
    times = Counter(one.signature for one in executions)
    failed = {one.signature for one in executions if one.state == "failed"}
    test = next(one for one in world.view.of_run(run) if one.state == "failed")
    return {
        "project": shop.project_id,
        "earlier": earlier.run_id,
        "run": run.run_id,
        "running": running.run_id,
        "machine": test.machine_id or "",
        "instance": test.instance_id,
        "test": test.test_id,
        "signature": next(one for one, _ in times.most_common() if one in failed),
        "jira": jira.installation_id,
        "shop": jira.projects[0]["id"],
        "bug": jira.issue_types[0]["id"],
    }


async def furnish(currents: Currents, words: dict[str, str]) -> dict[str, str]:
    """Make an action, a webhook and an issue in Jira; return what they are called by."""
    action = await currents.actions.create(
        "Checkout is flaky",
        project_id=words["project"],
        action=[Effect.quarantine()],
        matcher=msgspec.convert(_EVERYTHING, Matcher),
        expires_after=date(2026, 2, 1),
    )
    webhook = await currents.webhooks.create(
        "https://ci.example.com/hooks/currents?team=web",
        project_id=words["project"],
        headers={"X-Secret": "s3cret"},
        hook_events=["RUN_FINISH", "RUN_TIMEOUT"],
        label="CI",
    )
    issue = await currents.jira.create_issue(
        project_id=words["project"],
        run_id=words["run"],
        test_id=words["test"],
        jira_installation_id=words["jira"],
        jira_project_id=words["shop"],
        jira_issue_type=words["bug"],
    )
    return {"action": action.action_id, "webhook": webhook.hook_id, "key": issue.key or ""}


def write_files(folder: Path) -> None:
    """Write the files that commands read."""
    action = {"name": "Known", "action": [{"op": "skip"}], "matcher": _RULE}
    (folder / "action.json").write_text(json.dumps(action), encoding="utf-8")
    (folder / "changes.json").write_text('{"name": "Vouchers are flaky"}', encoding="utf-8")
    (folder / "report.html").write_text("<p>", encoding="utf-8")
    (folder / "config" / "config.toml").write_text(_CONFIG, encoding="utf-8")


async def export_lake(currents: Currents, project: str) -> None:
    """Export some days anew into the working directory, and lose a file of them."""
    lake = Path("lake")
    shutil.rmtree(lake, ignore_errors=True)
    await export(currents, lake, projects=[project], since=NOW - timedelta(days=3), until=NOW)
    _lose_file(lake)


def _lose_file(lake: Path) -> None:
    next(lake.glob("tests/*/*/2026-01-12.*")).unlink()


def _ago(**span: int) -> str:
    return (NOW - timedelta(**span)).isoformat().replace("+00:00", "Z")
