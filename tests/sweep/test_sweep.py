"""Each detail of each response made other than documented, and read in each way it is read."""

import asyncio

import pytest

from tests.operations import documented
from tests.sweep.documents import SAMPLES, Document, responses_of_the_fake, samples
from tests.sweep.mutations import mutations
from tests.sweep.table import TABLE, Sweep, sweep, table


@pytest.fixture(scope="module")
def documents() -> list[Document]:
    return [*asyncio.run(responses_of_the_fake()), *samples()]


@pytest.fixture(scope="module")
def found(documents: list[Document]) -> Sweep:
    return sweep(documents)


def test_every_operation_and_every_sample_is_swept(documents: list[Document]) -> None:
    assert {one.operation for one in documents} - {""} == documented()
    assert {one.name for one in documents} - {"fake"} == {path.stem for path in SAMPLES.iterdir()}


def test_nothing_but_what_is_in_the_table_is_refused(found: Sweep) -> None:
    """Only what says which thing it is may not be odd; and nothing but our errors is raised."""
    assert found.cases > 17_000
    assert table(found) == TABLE.read_text(), (
        "look at what has changed, and write it with `python -m tests.sweep --write`"
    )


def test_a_document_is_changed_in_all_places_and_ways() -> None:
    done: set[str] = set()
    made = [*mutations({"a": [{"b": "x"}, {"b": "y", "c": 1}]}, done)]
    assert {one.place for one in made} == done == {"$.a", "$.a[]", "$.a[].b", "$.a[].c"}
    assert len(made) == 4 * 13
    texts = {(one.place, one.kind): one.text for one in made}
    assert texts["$.a", "missing"] == b"{}"
    assert texts["$.a", "null in it"] == b'{"a":[null,{"b":"x"},{"b":"y","c":1}]}'
    assert texts["$.a[].b", "half an emoji"] == rb'{"a":[{"b":"x \ud83d"},{"b":"y","c":1}]}'
    assert texts["$.a[].c", "1e3"] == b'{"a":[{"b":"x"},{"b":"y","c":1e3}]}'
    assert texts["$.a[].c", "12.0"] == b'{"a":[{"b":"x"},{"b":"y","c":12.0}]}'
    assert texts["$.a[]", "extra field"] == (b'{"a":[{"b":"x","newField":[1]},{"b":"y","c":1}]}')
    assert not [*mutations({"a": [{"b": "z"}]}, done)]
