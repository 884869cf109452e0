"""Analyses of runs: what failed, what is flaky, what changed. Pure functions over models.

```python
instances = await currents.runs.get_instances(run.run_id)
for failure in failures_of(instances):
    print(failure.test.full_title, failure.test.error)

diff = diff_runs(RunResults.of(earlier, earlier_instances), RunResults.of(run, instances))
if diff.has_new_failures or not diff.is_conclusive:
    ...
```

`ExecutedTest` stands for a test in all of them.
"""

from currents_async.analysis._heat_map_rows import (
    HeatMapCell,
    HeatMapColumn,
    HeatMapRow,
    HeatMapSpan,
)
from currents_async.analysis.artifacts import artifacts_of
from currents_async.analysis.bars import Bar, BarAttempt, Span
from currents_async.analysis.changes import (
    ChangeEvidence,
    ChangeRules,
    MissingChanges,
    TestChange,
    TestChangeKind,
    TestChanges,
    TestHealth,
)
from currents_async.analysis.clusters import FailureCluster, cluster_failures
from currents_async.analysis.details import Execution, RunCounts, RunDetails
from currents_async.analysis.diff import AmbiguousTests, ComparedTest, RunDiff, diff_runs
from currents_async.analysis.executed import ExecutedTest, executed_results, executed_tests
from currents_async.analysis.failures import Failure, FlakyTest, failures_of, flaky_tests_of
from currents_async.analysis.health import changes_of
from currents_async.analysis.heat_map import HeatMap
from currents_async.analysis.history import Flip, Streak, TestHistory, history_of
from currents_async.analysis.run_results import FileResults, RunResults
from currents_async.analysis.timeline import Lane, Timeline, timeline_of
from currents_async.analysis.trends import BranchTrend, TrendFigures, Trends

__all__ = [
    "AmbiguousTests",
    "Bar",
    "BarAttempt",
    "BranchTrend",
    "ChangeEvidence",
    "ChangeRules",
    "ComparedTest",
    "ExecutedTest",
    "Execution",
    "Failure",
    "FailureCluster",
    "FileResults",
    "FlakyTest",
    "Flip",
    "HeatMap",
    "HeatMapCell",
    "HeatMapColumn",
    "HeatMapRow",
    "HeatMapSpan",
    "Lane",
    "MissingChanges",
    "RunCounts",
    "RunDetails",
    "RunDiff",
    "RunResults",
    "Span",
    "Streak",
    "TestChange",
    "TestChangeKind",
    "TestChanges",
    "TestHealth",
    "TestHistory",
    "Timeline",
    "TrendFigures",
    "Trends",
    "artifacts_of",
    "changes_of",
    "cluster_failures",
    "diff_runs",
    "executed_results",
    "executed_tests",
    "failures_of",
    "flaky_tests_of",
    "history_of",
    "timeline_of",
]
