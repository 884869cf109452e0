"""Options for Spark, which are texts, with names in any case."""

import pickle
from datetime import UTC, datetime, timedelta

import pytest

from currents_async import InvalidArgumentError
from currents_async.export._engines.spark_options import SparkOptions

NEEDED = {"project": "p, q", "table": "tests", "since": "2026-01-05"}


def test_all_of_them_can_be_given() -> None:
    options = SparkOptions({
        "PROJECT": "p, q",
        "table": "tests",
        "since": "2026-01-05",
        "until": "2026-01-07T02:00+02:00",
        "rate": "10",
        "maxconcurrenttasks": "4",
        "onError": "skip",
        "lookBackHours": "0.5",
        "maxDaysPerTrigger": "3",
    })
    assert options.projects == ["p", "q"]
    assert options.since == datetime(2026, 1, 5, tzinfo=UTC)
    assert options.until == datetime(2026, 1, 7, tzinfo=UTC)
    limits = options.limits(options.max_tasks)
    assert (limits.rate, limits.concurrency) == (2.5, 4)
    assert options.skips_errors
    assert options.look_back == timedelta(minutes=30)
    assert options.max_days_per_trigger == 3


def test_three_are_needed() -> None:
    options = SparkOptions(NEEDED)
    limits = options.limits(options.max_tasks)
    assert (limits.rate, limits.concurrency) == (None, 16)
    assert not options.skips_errors
    for name in NEEDED:
        rest = {other: text for other, text in NEEDED.items() if other != name}
        with pytest.raises(InvalidArgumentError, match=f"'{name}' is required"):
            SparkOptions(rest)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("table", "tables"),
        ("since", "yesterday"),
        ("until", ""),
        ("rate", "fast"),
        ("rate", "0"),
        ("rate", "nan"),
        ("maxConcurrentTasks", "0"),
        ("maxConcurrentTasks", "1.5"),
        ("onError", "ignore"),
        ("lookBackHours", "-1"),
        ("lookBackHours", "inf"),
        ("maxDaysPerTrigger", "0"),
        ("until_", "2026-01-07"),
    ],
)
def test_others_are_refused(name: str, text: str) -> None:
    with pytest.raises(InvalidArgumentError):
        SparkOptions({**NEEDED, name: text})


def test_the_key_is_passed_on_but_not_shown() -> None:
    options = SparkOptions({**NEEDED, "apiKey": "sk-secret"})
    assert "sk-secret" not in repr(options)
    assert pickle.loads(pickle.dumps(options)).api_key == "sk-secret"
