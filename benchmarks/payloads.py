"""The payloads: made up from a seed, written to a folder once, read by all processes."""

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from currents_async.testing import World, WorldRun

RUN = "runs/playwright"
CYPRESS = "runs/cypress"
DOCUMENTED = "runs/documented"
"""The Playwright run in the vocabulary of the OpenAPI document, for clients that know no other."""
SMALL = "runs/small"
"""For warming up; in the same vocabulary, so that it suits everybody."""
FANOUT = "runs/fanout"
INSTANCE = "instances/typical"
LARGE_INSTANCE = "instances/large"


class Sizes(NamedTuple):
    """How large the payloads are."""

    playwright: int
    """Specs of the Playwright run."""
    cypress: int
    """Specs of the Cypress run."""
    tests: int
    """Tests of the large instance."""
    fanout: int
    """Instances of the fan-out."""


# Each comes to 1.0 MB of gzip, the most that the service sends.
FULL = Sizes(playwright=13_565, cypress=1_700, tests=1_450, fanout=500)
TINY = Sizes(playwright=400, cypress=40, tests=30, fanout=24)


class Payload(msgspec.Struct, frozen=True):
    """What the runner knows of a payload."""

    count: int
    """Specs of a run, tests of an instance."""
    json: int
    """Bytes."""
    gzip: int
    """Bytes."""


def write(folder: Path, sizes: Sizes) -> dict[str, Payload]:
    """Write each payload as `.json` and `.json.gz`; return those that have a name."""
    named = {path: _save(folder, path, data) for path, data in _runs_and_instances(sizes)}
    for path, data in _fanned_out(sizes):
        saved = _save(folder, path, data)
        if path.startswith("runs/"):
            named[path] = saved
    for path, source in ((DOCUMENTED, RUN), (SMALL, SMALL)):
        text = (folder / f"{source}.json").read_bytes()
        named[path] = _save_text(folder, path, _documented(text), named[source].count)
    return named


def write_run(folder: Path, path: str, run: WorldRun) -> None:
    """Write a run under a path of its own, and its instances under their IDs."""
    _save(folder, path, run.payload)
    for instance, data in _instances(run):
        _save(folder, instance, data)


def _runs_and_instances(sizes: Sizes) -> Iterator[tuple[str, Any]]:
    world = World(seed=1)
    project = world.project()
    yield RUN, project.run(specs=sizes.playwright).payload
    yield CYPRESS, project.run(specs=sizes.cypress, framework="cypress").payload
    yield INSTANCE, project.run(specs=1, tests=8, failures=1).instance(0)
    yield LARGE_INSTANCE, project.run(specs=1, tests=sizes.tests, failures=0.2).instance(0)


def _fanned_out(sizes: Sizes) -> Iterator[tuple[str, Any]]:
    project = World(seed=2).project()
    for path, specs in ((SMALL, 20), (FANOUT, sizes.fanout)):
        run = project.run(specs=specs)
        yield path, run.payload
        yield from _instances(run)


def _instances(run: WorldRun) -> Iterator[tuple[str, Any]]:
    for index, spec in enumerate(run.specs):
        yield f"instances/{spec.instance_id}", run.instance(index)


def _documented(text: bytes) -> bytes:
    """Spell the two enums of a run as the OpenAPI document does, and the samples do not."""
    for upper, lower in (
        (b'"completionState":"COMPLETE"', b'"completionState":"complete"'),
        (b'"status":"FAILED"', b'"status":"failed"'),
        (b'"status":"PASSED"', b'"status":"passed"'),
    ):
        text = text.replace(upper, lower)
    return text


def _save(folder: Path, path: str, data: Any) -> Payload:
    elements = data["specs"] if path.startswith("runs/") else data["results"]["tests"]
    text = msgspec.json.encode({"status": "OK", "data": data})
    return _save_text(folder, path, text, len(elements))


def _save_text(folder: Path, path: str, text: bytes, count: int) -> Payload:
    packed = gzip.compress(text, 6, mtime=0)
    target = folder / f"{path}.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(text)
    target.with_suffix(".json.gz").write_bytes(packed)
    return Payload(count, len(text), len(packed))
