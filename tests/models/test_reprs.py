"""Models in a shell, a log and a notebook: short, and without what gives access to an asset."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, get_args, get_origin

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.pretty import pretty_repr

from currents_async import (
    Currents,
    ExaminedResult,
    ExaminedTest,
    QuarantineDecision,
    QuarantineResult,
)
from currents_async.analysis import RunResults, diff_runs, timeline_of
from currents_async.models import (
    Commit,
    CursorPage,
    Instance,
    Run,
    RunMeta,
    RunSpec,
    RunStatus,
    RunTimeout,
)
from currents_async.models._brief import MAX_LENGTH, brief, cut
from currents_async.models._model import Model
from currents_async.models.pages import NumberedPage
from currents_async.testing import WorldProject
from tests.analysis.made import a_run, a_test, an_instance
from tests.models.test_samples import ENDPOINTS
from tests.reports.made import hostile_details, odd_details, world_details
from tests.sweep.documents import OPERATIONS_OF_SAMPLES, SAMPLES


def inside(value: object) -> Iterator[msgspec.Struct]:
    """Go over a model and all models in it."""
    match value:
        case msgspec.Struct():
            yield value
            for name in value.__struct_fields__:
                yield from inside(getattr(value, name))
        case tuple() | list():
            for one in value:
                yield from inside(one)
        case dict():
            yield from inside([*value.values()])
        case _:
            pass


def sampled(name: str) -> Any:
    endpoint = ENDPOINTS[OPERATIONS_OF_SAMPLES[name]]
    response = json.loads((SAMPLES / f"{name}.json").read_text())
    is_list = get_origin(endpoint.returns) in {CursorPage, NumberedPage}
    kind: Any = list[get_args(endpoint.returns)[0]] if is_list else endpoint.returns  # type: ignore[misc]
    return msgspec.convert(response["data"], kind)


@pytest.mark.parametrize("name", sorted(OPERATIONS_OF_SAMPLES))
def test_a_sample_is_short_at_any_depth(name: str) -> None:
    for one in inside(sampled(name)):
        assert len(repr(one)) <= MAX_LENGTH
        if isinstance(one, Model):
            assert len(one._repr_html_()) <= 50 * MAX_LENGTH
            assert len(pretty_repr(one, max_width=200)) <= 50 * MAX_LENGTH


async def test_what_a_fan_out_yields_is_short(currents: Currents, project: WorldProject) -> None:
    run = project.run(specs=3, unclaimed=1)
    async with currents.runs.instances(run.run_id) as results:
        shown = [repr(result) async for result in results]
    assert len(shown) == 3
    assert max(map(len, shown)) <= MAX_LENGTH


def test_what_analyses_find_is_short() -> None:
    for details in (world_details(), hostile_details(), *odd_details()):
        found = [details, details.failures(), details.flaky_tests(), timeline_of(details)]
        assert max(len(repr(one)) for one in inside(found)) <= MAX_LENGTH


def test_what_quarantine_decides_is_short() -> None:
    test = ExaminedTest(signature="s", spec="a.ts", title=("t",), results=(ExaminedResult(),) * 20)
    one = QuarantineDecision(kind="quarantine", test=test, reason="failed 2 of 20 times")
    assert repr(one) == "<QuarantineDecision quarantine a.ts > t: failed 2 of 20 times>"
    result = QuarantineResult(created=(one,) * 20)
    assert max(len(repr(one)) for one in inside(result)) <= MAX_LENGTH


def test_a_run_says_how_it_stands() -> None:
    specs = (RunSpec(spec="a.ts"), RunSpec(spec="b.ts"))
    run = Run(run_id="47c4", status=RunStatus.FAILED, specs=specs)
    assert repr(run) == "<Run 47c4 FAILED 0/2 specs failed>"
    assert repr(specs[0]) == "<RunSpec a.ts not claimed>"


def test_a_diff_says_what_it_found() -> None:
    one = RunResults.of(a_run(before := an_instance("a.ts", a_test("x"))), [before])
    assert repr(diff_runs(one, one)) == "<RunDiff r to r: 1 others>"


def test_others_show_the_fields_that_say_something() -> None:
    class Card(Model, frozen=True, gc=False, kw_only=True):
        name: str | None = None
        count: int = 0
        tags: tuple[str, ...] = ()
        run: Run | None = None
        instances: tuple[Instance, ...] = ()

    card = Card(
        name="x" * 60,
        tags=("a", "b"),
        run=Run(run_id="r"),
        instances=(Instance(instance_id="i"),) * 7,
    )
    assert repr(card) == (
        f"Card(name='{'x' * 46}…, tags=['a', 'b'], run=<Run r UNKNOWN>, instances=<7 × Instance>)"  # noqa: RUF001
    )
    assert "<th>tags</th><td>a<br>b</td>" in card._repr_html_()
    assert "&lt;Instance i  0/0 tests failed&gt;<br>… of 7</td>" in card._repr_html_()
    assert pretty_repr(card, max_width=200) == (
        f"Card(name='{'x' * 60}', tags=['a', 'b'], run=<Run r UNKNOWN>, instances=<7 × Instance>)"  # noqa: RUF001
    )
    assert repr(Card()) == "Card()"


def test_models_that_say_nothing_are_left_out() -> None:
    run = Run(run_id="r", timeout=RunTimeout(), meta=RunMeta(commit=Commit(branch="main")))
    assert pretty_repr(run).splitlines()[-3:] == [
        "    status=<RunStatus.UNKNOWN: 'UNKNOWN'>,",
        "    meta=RunMeta(commit=Commit(branch='main'))",
        ")",
    ]


def test_times_are_those_of_people_in_notebooks() -> None:
    run = Run(run_id="r", created_at=datetime(2026, 1, 5, 9, tzinfo=UTC))
    assert "<td>2026-01-05 09:00:00 UTC</td>" in run._repr_html_()


async def test_groups_say_of_which_client_they_are() -> None:
    async with Currents("k", base_url="https://api.example/v1") as currents:
        assert repr(currents.runs) == "<Runs of https://api.example/v1>"
        assert repr(currents.quarantine) == "<Quarantine of https://api.example/v1>"
        assert repr(currents.runs.raw) == "<RawView of <Runs of https://api.example/v1>>"
    assert repr(Currents.runs) == "<Runs>"


@given(st.text(), st.integers(1, 60))
def test_cut_texts_can_be_printed(text: str, length: int) -> None:
    assert cut(text, length).isprintable()
    assert len(cut(text, length)) <= length


@given(st.text(), st.dictionaries(st.text(), st.text()))
def test_any_label_and_any_fields_are_short(label: str, fields: dict[str, str]) -> None:
    assert len(brief("Name", label, fields.items())) <= MAX_LENGTH
    assert len(brief("Name", "", fields.items())) <= MAX_LENGTH
