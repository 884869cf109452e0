"""`python -m tests.packaging.consumer` checks a project that uses the wheel, and lists its parts.

The project is `tests/typing/consumer`. The list is a bill of materials: the wheel, and the newest
of all that its extra `all` needs.
"""

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.packaging.environments import ROOT, Environment, interpreter, run, wheel_and_sdist

PYPROJECT = f"{ROOT}/pyproject.toml"
PINS = f"--constraints={ROOT}/tests/typing/constraints.txt"


def main() -> None:
    """Fail where a checker finds anything."""
    python = interpreter("3.11") or "3.11"
    with TemporaryDirectory() as folder:
        check(Environment.made(Path(folder, "checked"), python), Path(folder, "project"))
        list_parts(Environment.made(Path(folder, "listed"), python))


def check(environment: Environment, project: Path) -> None:
    """Check the types of a copy, away from this checkout, and run it."""
    wheel, _ = wheel_and_sdist()
    groups = [f"--group={PYPROJECT}:{name}" for name in ("types", "suite", "consumer")]
    environment.install(f"{wheel}[all]", *groups, PINS)
    shutil.copytree(ROOT / "tests/typing/consumer", project)
    python = environment.command("python")
    environment.run("mypy", ".", cwd=project)
    environment.run("pyright", f"--pythonpath={python}", cwd=project)
    environment.run("pyrefly", "check", f"--python-interpreter-path={python}", cwd=project)
    environment.run("pytest", "-q", "app.py", cwd=project)


def list_parts(environment: Environment) -> None:
    """Write the bill of materials, in the format CycloneDX, beside the wheel."""
    wheel, _ = wheel_and_sdist()
    version = Path(wheel).name.split("-")[1]
    # By name: a path of this machine would be in the bill.
    environment.install(f"--find-links={Path(wheel).parent}", f"currents-async[all]=={version}")
    bill = Path(wheel).with_name(f"currents_async-{version}.cdx.json")
    written = ("--output-reproducible", f"--output-file={bill}")
    run("cyclonedx-py", "environment", *written, environment.command("python"))


if __name__ == "__main__":
    main()
