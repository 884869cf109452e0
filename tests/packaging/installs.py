"""`python -m tests.packaging.installs` installs a release in all ways, and runs its tests.

Wheel and sdist, on every Python that the library is for, with the lowest of all that it needs and
with the newest. The tests are those of the sdist; what follows the name of this is for pytest.
"""

import os
import shutil
import sys
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.packaging.environments import (
    LOWEST,
    NEWEST,
    ROOT,
    Environment,
    interpreter,
    pip_install,
    run,
    wheel_and_sdist,
)

PYTHONS = ("3.11", "3.12", "3.13", "3.14")
TESTS = f"--group={ROOT}/pyproject.toml:tests"


def main() -> None:
    """Print what was tried, after all of it went well."""
    tried: list[str] = []
    with TemporaryDirectory() as folder:
        for version in PYTHONS:
            if python := interpreter(version):
                tried += installs(version, python, Path(folder))
                tried += tests(version, python, Path(folder))
            elif "CI" in os.environ:
                sys.exit(f"There is no Python {version}.")
            else:
                tried += wheels_only(version, Path(folder))
    sys.stdout.write("\n".join(["Tried:", *tried, ""]))


def installs(version: str, python: str, folder: Path) -> Iterator[str]:
    """Install each, and run its command."""
    for artifact, resolution in product(wheel_and_sdist(), (NEWEST, LOWEST)):
        environment = Environment.made(folder / "fresh", python)
        environment.install(f"{artifact}[all]", *resolution)
        run("uv", "pip", "check", "--quiet", f"--python={environment.command('python')}")
        environment.run("currents-async", "--version", cwd=folder)
        environment.run("currents-async", "demo", "--fields", "runId,status", cwd=folder)
        yield f"{version}  {Path(artifact).suffix:5} {resolution[0]:26} installed, demo"
    environment = Environment.made(folder / "fresh", python)
    environment.install(wheel_and_sdist()[0])
    environment.run("python", "-c", "import currents_async.testing, currents_async.receiver")
    yield f"{version}  .whl  without extras             installed, imported"


def tests(version: str, python: str, folder: Path) -> Iterator[str]:
    """Run the tests of the sdist, with the newest, and where all began with the lowest."""
    wheel, sdist = wheel_and_sdist()
    for resolution in (NEWEST, LOWEST) if version == PYTHONS[0] else (NEWEST,):
        environment = Environment.made(folder / "fresh", python)
        environment.install(f"{wheel}[all]", TESTS, *resolution)
        shutil.rmtree(folder / "sdist", ignore_errors=True)
        shutil.unpack_archive(sdist, folder / "sdist", filter="data")
        [unpacked] = (folder / "sdist").iterdir()
        environment.run("pytest", "-q", *sys.argv[1:], cwd=unpacked)
        yield f"{version}  .gz   {resolution[0]:26} tests"


def wheels_only(version: str, folder: Path) -> Iterator[str]:
    """Install where this Python would look, to see that there are wheels of all that is needed."""
    wheel, _ = wheel_and_sdist()
    for resolution in (NEWEST, LOWEST):
        shutil.rmtree(folder / "target", ignore_errors=True)
        where = ("--target", str(folder / "target"), "--python-version", version)
        pip_install(*where, "--only-binary=:all:", f"{wheel}[all]", *resolution)
        yield f"{version}  .whl  {resolution[0]:26} NOT RUN, no such Python here; wheels exist"


if __name__ == "__main__":
    main()
