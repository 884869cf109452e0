from unittest.mock import create_autospec

import pytest

from currents_async import Currents
from currents_async._resources._group import Group
from currents_async.analysis import RunDetails
from currents_async.models import Run

_GROUPS = Currents.__annotations__
"""The names of their classes."""


@pytest.mark.parametrize("instance", [True, False])
async def test_a_mock_has_the_operations_with_their_signatures(*, instance: bool) -> None:
    mock = create_autospec(Currents, instance=instance)
    currents = mock if instance else mock("key")
    currents.runs.get.return_value = "a run"
    assert await currents.runs.get("r") == "a run"
    currents.runs.get.assert_awaited_once_with("r")
    with pytest.raises(TypeError, match="run_id"):
        currents.runs.get()
    with pytest.raises(TypeError, match="unknown"):
        currents.runs.get("r", unknown=1)
    with pytest.raises(AttributeError, match="fetch"):
        _ = currents.runs.fetch
    assert not callable(currents.runs)


async def test_a_mock_is_opened_and_closed_as_a_client_is() -> None:
    mock = create_autospec(Currents, instance=True)
    assert await mock.open() is mock.open.return_value
    await mock.aclose()
    async with mock:
        details = RunDetails(run=Run(run_id="r"))
        mock.reports.details.return_value = details
        assert await mock.reports.details("r") is details
    with pytest.raises(TypeError, match="run_id"):
        mock.reports.details()


def test_all_groups_are_there() -> None:
    mock = create_autospec(Currents, instance=True)
    assert len(_GROUPS) == 19
    for name, kind in _GROUPS.items():
        assert isinstance(getattr(Currents, name), Group)
        assert type(getattr(Currents, name)).__name__ == kind
        assert isinstance(getattr(mock, name), type(getattr(Currents, name)))


def test_each_client_has_its_own_groups() -> None:
    client, other = Currents("key"), Currents("other")
    for name in _GROUPS:
        own = getattr(client, name)
        assert getattr(client, name) is own
        groups = (own, getattr(other, name), getattr(client.with_options(), name))
        assert len({id(group) for group in (*groups, getattr(Currents, name))}) == 4
