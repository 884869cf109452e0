from datetime import timedelta
from typing import Any

import pytest

from currents_async import InvalidArgumentError
from currents_async._quarantine.policy import QuarantinePolicy

REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"name": ""}, "name must be 1 to 64 letters"),
    ({"name": "x" * 65}, "name must be 1 to 64 letters"),
    ({"name": "a b"}, "name must be 1 to 64 letters"),
    ({"name": "größe"}, "name must be 1 to 64 letters"),
    ({"name": "a] signature=b"}, "name must be 1 to 64 letters"),
    ({"name": None}, "name must be 1 to 64 letters"),
    ({"branches": "main"}, "branches must be a sequence of str"),
    ({"branches": [""]}, r"branches\[0\] must not be empty"),
    ({"window": timedelta()}, "window must be a positive timedelta"),
    ({"window": 14}, "window must be a positive timedelta"),
    ({"window": timedelta(days=1_000_000)}, "timedelta of at most 36525 days"),
    ({"expires_after": timedelta.max}, "timedelta of at most 36525 days"),
    ({"expires_after": timedelta(days=-1)}, "expires_after must be a positive timedelta"),
    ({"max_age": timedelta()}, "max_age must be a positive timedelta"),
    ({"max_age": 30}, "max_age must be a positive timedelta"),
    ({"lift_overdue": 1}, "lift_overdue must be a bool"),
    ({"lift_overdue": True, "max_age": None}, "lift_overdue needs max_age, which is None"),
    ({"min_executions": 0}, "min_executions must be a positive integer"),
    ({"min_executions": 21}, "min_executions must be at most last_results, which is 20"),
    ({"lift_after": 2.5}, "lift_after must be a positive integer"),
    ({"lift_after": 6, "last_results": 5, "min_executions": 5}, "lift_after must be at most"),
    ({"last_results": 0}, "last_results must be a positive integer"),
    ({"broken_after": 1}, "broken_after must be an integer of at least 2"),
    ({"max_tests": -1}, "max_tests must be an integer of at least 0"),
    ({"failure_rate": 0}, "failure_rate must be a positive number up to 1"),
    ({"failure_rate": 20}, "failure_rate must be a positive number up to 1"),
    ({"flakiness_rate": float("nan")}, "flakiness_rate must be a positive number up to 1"),
    ({"flakiness_rate": True}, "flakiness_rate must be a positive number up to 1"),
    ({"flakiness_rate": "0.2"}, "flakiness_rate must be a positive number up to 1"),
    ({"failure_rate": None, "flakiness_rate": None}, "both are None"),
]


@pytest.mark.parametrize(("settings", "says"), REFUSED)
def test_invalid_settings_are_refused(settings: dict[str, Any], says: str) -> None:
    with pytest.raises(InvalidArgumentError, match=says):
        QuarantinePolicy(**settings)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"name": "Nightly_1.x-y"},
        {"broken_after": None},
        {"max_age": None},
        {"max_age": timedelta(hours=1), "lift_overdue": True},
        {"name": "x" * 64, "branches": ["main", "release/1"]},
        {"failure_rate": 1, "flakiness_rate": None},
        {"failure_rate": None, "flakiness_rate": 0.001},
        {"last_results": 1, "min_executions": 1, "lift_after": 1, "max_tests": 0},
        {"window": timedelta(seconds=1), "expires_after": timedelta(days=7)},
    ],
)
def test_valid_settings(settings: dict[str, Any]) -> None:
    QuarantinePolicy(**settings)
