"""The table of runs."""

from msgspec.structs import replace

from currents_async.arrow._kinds import FLAG, MOMENT, TEXT, TEXTS, WHOLE
from currents_async.export._tables.table import Column, ModelRows, Table, platform_at
from currents_async.models import Run

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
    Column("duration_ms", WHOLE, "How long it took.", unit="ms"),
    Column("deleted_at", MOMENT, "When it was deleted."),
    Column("tags", TEXTS, "The tags of the run.", nullable=False),
    Column("previous_run_id", TEXT, "The run that this one retries."),
    Column(
        "framework",
        TEXT,
        "The test framework as the server names it, or `cypress`.",
        "framework.name",
    ),
    Column(
        "framework_version",
        TEXT,
        "The version of the test framework.",
        "framework.version",
    ),
    Column(
        "client_version",
        TEXT,
        "The version of the reporter that Currents publishes.",
        "framework.client_version",
    ),
    Column("ci_build_id", TEXT, "The ID of the CI build.", "meta.ci_build_id"),
    Column("branch", TEXT, "The branch of the commit.", "meta.commit.branch"),
    Column(
        "default_branch",
        TEXT,
        "The default branch of the repository.",
        "meta.commit.default_branch",
    ),
    Column("commit_sha", TEXT, "The commit under test.", "meta.commit.sha"),
    Column("commit_message", TEXT, "The message of the commit.", "meta.commit.message"),
    Column("author_name", TEXT, "The author of the commit.", "meta.commit.author_name"),
    Column("author_email", TEXT, "The author's address.", "meta.commit.author_email"),
    Column("remote_origin", TEXT, "The repository.", "meta.commit.remote_origin"),
    Column("pull_request_id", TEXT, "The pull request that the run belongs to.", "meta.pr.id"),
    Column("pull_request_link", TEXT, "Its URL.", "meta.pr.link"),
    Column("pull_request_title", TEXT, "Its title.", "meta.pr.title"),
    Column("pull_request_source", TEXT, "The branch to be merged.", "meta.pr.source"),
    Column(
        "pull_request_destination", TEXT, "The branch to be merged into.", "meta.pr.destination"
    ),
    *platform_at("meta.platform"),
    Column(
        "is_timeout", FLAG, "Whether the run ended because it took too long.", "timeout.is_timeout"
    ),
    Column(
        "timeout_ms",
        WHOLE,
        "How long it was allowed to take.",
        "timeout.timeout_value_ms",
        unit="ms",
    ),
    Column("cancelled_at", MOMENT, "When it was cancelled.", "cancellation.at"),
    Column("cancelled_by", TEXT, "Who cancelled it.", "cancellation.by"),
    Column("cancellation_reason", TEXT, "Why it was cancelled.", "cancellation.reason"),
    Column("title", TEXT, "What the dashboard calls the run."),
    Column(
        "head_sha",
        TEXT,
        "The commit to report on: of a pull request the latest one of its source branch.",
    ),
)


class RunRows(ModelRows):
    """Runs."""

    table = Table("runs", "Runs, one row each.", key=("run_id",), columns=_COLUMNS)

    def add(self, run: Run) -> None:
        """Add a run; its specs, which may be thousands, are not kept."""
        self._run_ids.append(run.run_id)
        self._models.append(replace(run, specs=()))
