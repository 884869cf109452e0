"""The table of runs."""

from msgspec.structs import replace

from currents_async.export._tables.columns import PLATFORM, Column, Values, platforms_of
from currents_async.export._tables.kinds import FLAG, MOMENT, TEXT, TEXTS, WHOLE
from currents_async.export._tables.table import Rows, Table
from currents_async.models import (
    Cancellation,
    Commit,
    PullRequest,
    Run,
    RunFramework,
    RunMeta,
)

_COLUMNS = (
    Column(
        "status",
        TEXT,
        "`PASSED`, `FAILED`, `RUNNING`, `FAILING`, `CANCELED`, `TIMEOUT`, or a newer word.",
        nullable=False,
    ),
    Column(
        "completion_state",
        TEXT,
        "`COMPLETE`, `IN_PROGRESS`, `CANCELED`, `TIMEOUT`, or a newer word.",
        nullable=False,
    ),
    Column("created_at", MOMENT, "When the run began."),
    Column("duration_ms", WHOLE, "How long it took.", "ms"),
    Column("deleted_at", MOMENT, "When it was deleted."),
    Column("tags", TEXTS, "The tags of the run.", nullable=False),
    Column("previous_run_id", TEXT, "The run that this one retries."),
    Column("framework", TEXT, "The test framework in the server's words, or `cypress`."),
    Column("framework_version", TEXT, "The version of the test framework."),
    Column("client_version", TEXT, "The version of the reporter that Currents publishes."),
    Column("ci_build_id", TEXT, "What tells the build from others."),
    Column("branch", TEXT, "The branch of the commit."),
    Column("default_branch", TEXT, "The branch that the repository has by default."),
    Column("commit_sha", TEXT, "The commit under test."),
    Column("commit_message", TEXT, "The message of the commit."),
    Column("author_name", TEXT, "Who made the commit."),
    Column("author_email", TEXT, "The author's address."),
    Column("remote_origin", TEXT, "The repository."),
    Column("pull_request_id", TEXT, "The pull request that the run belongs to."),
    Column("pull_request_link", TEXT, "Its URL."),
    Column("pull_request_title", TEXT, "Its title."),
    Column("pull_request_source", TEXT, "The branch to be merged."),
    Column("pull_request_destination", TEXT, "The branch to be merged into."),
    *PLATFORM,
    Column("is_timeout", FLAG, "Whether the run ended because it took too long."),
    Column("timeout_ms", WHOLE, "How long it was allowed to take.", "ms"),
    Column("cancelled_at", MOMENT, "When it was cancelled."),
    Column("cancelled_by", TEXT, "Who cancelled it."),
    Column("cancellation_reason", TEXT, "Why it was cancelled."),
)
_NO_META = RunMeta()
_NO_COMMIT = Commit()
_NO_PULL_REQUEST = PullRequest()
_NO_CANCELLATION = Cancellation()


class RunRows(Rows):
    """Runs."""

    table = Table("runs", "Runs, one row each.", key=("run_id",), columns=_COLUMNS)

    def __init__(self) -> None:
        super().__init__()
        self._runs: list[Run] = []

    def add(self, run: Run) -> None:
        """Add a run; its specs, which may be thousands, are not kept."""
        self._run_ids.append(run.run_id)
        self._runs.append(replace(run, specs=()))

    def _values(self) -> Values:
        runs = self._runs
        metas = [run.meta or _NO_META for run in runs]
        frameworks = [_framework_of(run) for run in runs]
        commits = [meta.commit or _NO_COMMIT for meta in metas]
        pull_requests = [meta.pr or _NO_PULL_REQUEST for meta in metas]
        cancellations = [run.cancellation or _NO_CANCELLATION for run in runs]
        return {
            "status": [run.status for run in runs],
            "completion_state": [run.completion_state for run in runs],
            "created_at": [run.created_at for run in runs],
            "duration_ms": [run.duration_ms for run in runs],
            "deleted_at": [run.deleted_at for run in runs],
            "tags": [run.tags for run in runs],
            "previous_run_id": [run.previous_run_id for run in runs],
            "framework": [framework.name for framework in frameworks],
            "framework_version": [framework.version for framework in frameworks],
            "client_version": [framework.client_version for framework in frameworks],
            "ci_build_id": [meta.ci_build_id for meta in metas],
            "branch": [commit.branch for commit in commits],
            "default_branch": [commit.default_branch for commit in commits],
            "commit_sha": [commit.sha for commit in commits],
            "commit_message": [commit.message for commit in commits],
            "author_name": [commit.author_name for commit in commits],
            "author_email": [commit.author_email for commit in commits],
            "remote_origin": [commit.remote_origin for commit in commits],
            "pull_request_id": [pull_request.id for pull_request in pull_requests],
            "pull_request_link": [pull_request.link for pull_request in pull_requests],
            "pull_request_title": [pull_request.title for pull_request in pull_requests],
            "pull_request_source": [pull_request.source for pull_request in pull_requests],
            "pull_request_destination": [
                pull_request.destination for pull_request in pull_requests
            ],
            **platforms_of([meta.platform for meta in metas]),
            "is_timeout": [run.timeout and run.timeout.is_timeout for run in runs],
            "timeout_ms": [run.timeout and run.timeout.timeout_value_ms for run in runs],
            "cancelled_at": [cancellation.at for cancellation in cancellations],
            "cancelled_by": [cancellation.by for cancellation in cancellations],
            "cancellation_reason": [cancellation.reason for cancellation in cancellations],
        }


def _framework_of(run: Run) -> RunFramework:
    if run.meta is not None and run.meta.framework is not None:
        return run.meta.framework
    # Runs of Cypress have no more than this.
    version = run.cypress_version
    return RunFramework(name=None if version is None else "cypress", version=version)
