"""The payloads: made up from a seed, written to a folder once, read by all processes."""

import gzip
import re
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
"""For warming up; in the same vocabulary, so that it suits every client."""
FANOUT = "runs/fanout"
INSTANCE = "instances/typical"
LARGE_INSTANCE = "instances/large"
LARGE_SCHEMA_2 = "instances/large-schema-2"
ANY_INSTANCE = "instances/any"
"""What the server sends for an instance that it has no file of."""
_ENUMS = re.compile(rb'("completionState":|"status":)("(?:COMPLETE|FAILED|PASSED)")')


class Sizes(NamedTuple):
    """How large the payloads are."""

    playwright: int
    """Specs of the Playwright run."""
    cypress: int
    """Specs of the Cypress run."""
    tests: int
    """Tests of the large instance."""
    tests_2: int
    """The same in schema 2."""
    fanout: int
    """Instances of the fan-out."""


# Each comes to 1.0 MB of gzip, the most that the service sends.
FULL = Sizes(playwright=13_565, cypress=1_700, tests=3_150, tests_2=2_350, fanout=500)
TINY = Sizes(playwright=400, cypress=40, tests=30, tests_2=30, fanout=24)


class Payload(msgspec.Struct, frozen=True):
    """What the runner knows of a payload."""

    count: int
    """Specs of a run, tests of an instance."""
    json: int
    gzip: int
    """Bytes, both."""


def write(folder: Path, sizes: Sizes) -> dict[str, Payload]:
    """Write each payload as `.json` and `.json.gz`; return those that have a name."""
    project = World(seed=1).project()
    alone = {
        RUN: project.run(specs=sizes.playwright).payload,
        CYPRESS: project.run(specs=sizes.cypress, framework="cypress").payload,
        INSTANCE: project.run(specs=1, tests=8, failures=1).instance(0),
        LARGE_INSTANCE: project.run(specs=1, tests=sizes.tests, failures=0.2).instance(0),
        LARGE_SCHEMA_2: project.run(
            specs=1, tests=sizes.tests_2, failures=0.2, schema_version=2
        ).instance(0),
    }
    named = {path: _save(folder, path, data) for path, data in alone.items()}
    project = World(seed=2).project()
    for path, specs in ((SMALL, 20), (FANOUT, sizes.fanout)):
        named[path] = write_run(folder, path, project.run(specs=specs))
    for path, source in ((DOCUMENTED, RUN), (SMALL, SMALL)):
        text = (folder / f"{source}.json").read_bytes()
        # The OpenAPI document has the enums in lower case, and the samples do not.
        text = _ENUMS.sub(lambda found: found[1] + found[2].lower(), text)
        named[path] = _save_text(folder, path, text, named[source].count)
    return named


def write_run(folder: Path, path: str, run: WorldRun) -> Payload:
    """Write a run under a path of its own, and its instances under their IDs."""
    for instance, data in instances_of(run):
        _save(folder, instance, data)
    return _save(folder, path, run.payload)


def write_alone(folder: Path, path: str, run: WorldRun, *, any_instance: bool = False) -> Payload:
    """Write a run under a path of its own; with `any_instance` one of its instances for all."""
    if any_instance:
        _save(folder, ANY_INSTANCE, run.instance(0))
    return _save(folder, path, run.payload)


def instances_of(run: WorldRun) -> Iterator[tuple[str, Any]]:
    """Return the path and the data of each instance."""
    for index, spec in enumerate(run.specs):
        yield f"instances/{spec.instance_id}", run.instance(index)


def envelope(data: Any) -> bytes:
    """Return the body of a response."""
    return msgspec.json.encode({"status": "OK", "data": data})


def _save(folder: Path, path: str, data: Any) -> Payload:
    elements = data["specs"] if path.startswith("runs/") else data["results"]["tests"]
    return _save_text(folder, path, envelope(data), len(elements))


def _save_text(folder: Path, path: str, text: bytes, count: int) -> Payload:
    packed = gzip.compress(text, 6, mtime=0)
    target = folder / f"{path}.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(text)
    target.with_suffix(".json.gz").write_bytes(packed)
    return Payload(count, len(text), len(packed))
