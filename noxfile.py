"""Everything that is checked, as sessions: `nox` runs them all."""

import nox

nox.options.default_venv_backend = "venv"
nox.options.sessions = ["tests", "engines", "lint", "types", "layers"]

PACKAGE = "currents_async"


def install(session: nox.Session, *groups: str, extras: str = "all") -> None:
    """Install this checkout and dependency groups of its `pyproject.toml`."""
    session.install(f".[{extras}]", *nox.project.dependency_groups(PROJECT, *groups))


PROJECT = nox.project.load_toml("pyproject.toml")


@nox.session
def tests(session: nox.Session) -> None:
    """Run the test suite, with the extras installed."""
    install(session, "tests")
    # By file: some share what takes long to make. The benchmarks are for where dlt is.
    by_file = ("-n", "auto", "--dist", "loadfile", "--ignore", "tests/test_benchmarks.py")
    session.run("pytest", *by_file, *session.posargs)


@nox.session
def engines(session: nox.Session) -> None:
    """Run the tests of the extras `dlt` and `spark`, and the benchmarks; Spark needs Java 17."""
    install(session, "tests", "engines", extras="speed,cli,dlt,spark")
    files = ("export/test_dlt.py", "export/test_spark.py", "test_benchmarks.py")
    session.run("pytest", *(f"tests/{name}" for name in files), "-rs")


@nox.session(default=False)
def fuzz(session: nox.Session) -> None:
    """Decode made-up documents for minutes: `nox -s fuzz -- 100000` says how many of each kind."""
    install(session, "tests")
    [documents] = session.posargs or ["20000"]
    environment = {"FUZZ_DOCUMENTS": documents, "HYPOTHESIS_PROFILE": "fuzz"}
    session.run("pytest", "tests/wire/test_elements.py", env=environment)


@nox.session(default=False)
def chaos(session: nox.Session) -> None:
    """Kill exports at random moments: `nox -s chaos -- 50` says how often for each sink."""
    install(session, "tests")
    [kills] = session.posargs or ["50"]
    session.run("pytest", "-rP", "tests/export/test_chaos.py", env={"CHAOS_KILLS": kills})


@nox.session(reuse_venv=True)
def bench(session: nox.Session) -> None:
    """Measure this library beside others: `nox -s bench -- --quick`; see benchmarks/README.md."""
    install(session, "bench")
    session.run("python", "-m", "benchmarks", *session.posargs)


@nox.session(default=False, reuse_venv=True)
def soak(session: nox.Session) -> None:
    """Let everything go wrong for minutes: `nox -s soak -- 600` says how many seconds."""
    install(session)
    session.run("python", "-m", "benchmarks.soak", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, formatting and the news fragments."""
    session.install(*nox.project.dependency_groups(PROJECT, "lint"))
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("towncrier", "build", "--draft", "--version", "next", silent=True)


@nox.session
def types(session: nox.Session) -> None:
    """Check types twice, and that every public name has one."""
    install(session, "types", "tests", extras="all,dlt,spark")
    session.run("mypy")
    session.run("pyright")
    session.run("pyright", "--verifytypes", PACKAGE, "--ignoreexternal")


@nox.session
def layers(session: nox.Session) -> None:
    """Check that imports go down the layers only."""
    install(session, "layers")
    session.run("lint-imports")
