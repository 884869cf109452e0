"""Everything that is checked, as sessions: `nox` for any change, `nox -s full` before a merge."""

import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nox

# uv makes an environment in seconds, pip in a minute.
nox.options.default_venv_backend = "uv|venv"
nox.options.reuse_venv = "yes"
nox.options.sessions = ["lint", "layers", "tests", "types"]
# They need a JVM, a database server, a browser, the site, or Airflow: minutes, and more to install.
APART = ("engines", "browser", "docs", "schedules")

PACKAGE = "currents_async"
PROJECT = nox.project.load_toml("pyproject.toml")
# Where types are checked, and what all of it is pinned to.
TYPED = "all,dlt,spark,delta,postgres"
PINS = "tests/typing/constraints.txt"


def install(session: nox.Session, *groups: str, extras: str = "all", pins: str = "") -> None:
    """Install this checkout and dependency groups of its `pyproject.toml`."""
    constraint = ("--constraint", pins) if pins else ()
    wanted = nox.project.dependency_groups(PROJECT, *groups)
    session.install("--upgrade", f".[{extras}]", *wanted, *constraint)


@nox.session(default=False, venv_backend="none")
def full(session: nox.Session) -> None:
    """Run every check, as CI does."""
    for name in (*nox.options.sessions, *APART):
        session.notify(name)


@nox.session
def tests(session: nox.Session) -> None:
    """Run the test suite, with the extras installed."""
    install(session, "tests")
    session.run("pytest", *SUITE, *session.posargs)


# Each worker begins with half of them; one that is done takes from the others.
PARALLEL = ("-n", "auto", "--dist", "worksteal")
# What has a session of its own.
ELSEWHERE = ("benchmarks", "browser", "schedules")
SUITE = (*PARALLEL, "-m", "not engines", *(f"--ignore=tests/{name}" for name in ELSEWHERE))


# They take long: what writes files, starts processes, breaks connections or tries all there is.
SLOW = (
    *(*ELSEWHERE, "cli", "export", "faults", "guard", "guides", "plugin", "sweep"),
    *("test_examples.py", "test_documentation.py", "test_recipes.py", "test_regexes.py"),
)


@nox.session(default=False)
def quick(session: nox.Session) -> None:
    """Find most mistakes in three minutes: style, layers, and the tests but for the slow ones."""
    install(session, "tests", "lint", "layers")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("lint-imports")
    left_out = [f"--ignore=tests/{name}" for name in SLOW]
    session.run("pytest", *PARALLEL, *left_out, *session.posargs)


@nox.session(default=False, reuse_venv=False)
def lowest(session: nox.Session) -> None:
    """Run the test suite with the lowest version of everything that `pyproject.toml` names."""
    session.install("uv")  # pip only knows the way up
    wanted = nox.project.dependency_groups(PROJECT, "tests")
    session.run_install("uv", "pip", "install", "--resolution=lowest-direct", ".[all]", *wanted)
    session.run("pytest", *SUITE, *session.posargs)


@nox.session
def engines(session: nox.Session) -> None:
    """Run the tests of the engines' extras, of a notebook, and the benchmarks.

    Those of Spark need Java 17, those of PostgreSQL one that they can start.
    """
    install(session, "tests", "engines", extras="speed,cli,dlt,spark,delta,postgres")
    places = ("tests/export", "tests/test_notebook.py", "tests/benchmarks")
    # What shares a JVM or a measurement stays together.
    session.run("pytest", "-n", "auto", "--dist", "loadgroup", "-m", "engines", *places, "-rs")


# What judges whether a page is accessible, and what GitHub draws diagrams with.
FROM_NPM = ("axe-core@4.14.1", "mermaid@12.3.0")


@nox.session
def browser(session: nox.Session) -> None:
    """Open the pages of reports in Chromium, as people and machines do.

    It needs Chromium and npm. With `BROWSER_PICTURES` in the environment, pictures of the pages
    are left in the folder that it names.
    """
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None or shutil.which("npm") is None:
        # Where nobody reads what was skipped, it is a failure.
        stop = session.error if "CI" in os.environ else session.skip
        stop("Chromium and npm are needed: `apt-get install chromium npm`")
    install(session, "browser", extras="speed")
    folder = session.create_tmp()
    session.run("npm", "pack", "--silent", *FROM_NPM, f"--pack-destination={folder}", external=True)
    environment = {"BROWSER_CHROMIUM": chromium, "BROWSER_FROM_NPM": folder}
    session.run("pytest", "tests/browser", *session.posargs, env=environment)


@nox.session
def schedules(session: nox.Session) -> None:
    """Run the programs of the guide to schedules by Airflow and Dagster."""
    install(session, "schedules", extras="export")
    session.run("pytest", "tests/schedules", *session.posargs)


# Minutes in one test are what these two sessions are for.
UNWATCHED = ("-o", "faulthandler_timeout=0")


@nox.session(default=False)
def fuzz(session: nox.Session) -> None:
    """Decode made-up documents for minutes: `nox -s fuzz -- 100000` says how many of each kind."""
    install(session, "tests")
    [documents] = session.posargs or ["20000"]
    environment = {"FUZZ_DOCUMENTS": documents, "HYPOTHESIS_PROFILE": "fuzz"}
    wire = ("tests/wire/test_elements.py", "tests/wire/test_scanner.py")
    files = (*wire, "tests/export/test_rows.py")
    session.run("pytest", *UNWATCHED, *files, env=environment)


@nox.session(default=False)
def chaos(session: nox.Session) -> None:
    """Kill exports at random moments, and let nights of all kinds pass.

    `nox -s chaos -- 50` says how often exports to each sink are killed.
    """
    install(session, "tests", extras="all,delta,postgres")
    [kills] = session.posargs or ["50"]
    files = (
        "tests/export/test_chaos.py",
        "tests/export/test_nights.py",
        "tests/export/test_postgres.py::test_kills_lose_duplicate_and_tear_nothing",
    )
    environment = {"CHAOS_KILLS": kills, "CHAOS_NIGHTS": "60"}
    session.run("pytest", *UNWATCHED, "-rP", *files, env=environment)


@nox.session
def bench(session: nox.Session) -> None:
    """Measure this library beside others: `nox -s bench -- --quick`; see benchmarks/README.md."""
    install(session, "bench")
    session.run("python", "-m", "benchmarks", *session.posargs)


@nox.session(default=False)
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
    # All that the checkers read is pinned, as they are: no release turns an old checkout red.
    install(session, "types", "tests", "browser", extras=TYPED, pins=PINS)
    check_types(session)


@nox.session(name="types-newest", default=False)
def types_newest(session: nox.Session) -> None:
    """Check types with the newest of everything, checkers too: what users will see."""
    install(session, "types", "tests", "browser", extras=TYPED)
    session.install("--upgrade", "mypy", "pyright[nodejs]")
    check_types(session)


def check_types(session: nox.Session) -> None:
    """Run both checkers in the environment of a session, at once: each takes one core."""
    checkers = (
        ("mypy",),
        ("pyright",),
        ("pyright", "--verifytypes", PACKAGE, "--ignoreexternal"),
    )
    with ThreadPoolExecutor(max_workers=2) as cores:
        running = [cores.submit(session.run, *checker, silent=True) for checker in checkers]
    for checker in running:
        session.log(str(checker.result()).strip().splitlines()[-1])


@nox.session(default=False)
def pins(session: nox.Session) -> None:
    """Pin what types are checked against to what is newest today."""
    session.install("uv")
    groups = [f"--group={name}" for name in ("types", "tests", "browser", "consumer")]
    extras = [f"--extra={name}" for name in TYPED.split(",")]
    for_all = ("--universal", "--python-version=3.11", "--custom-compile-command=nox -s pins")
    options = ("--upgrade", "--no-annotate", "--quiet", *for_all, *groups, *extras)
    session.run("uv", "pip", "compile", "pyproject.toml", *options, "--output-file", PINS)


@nox.session
def layers(session: nox.Session) -> None:
    """Check that imports only go down the layers, and in no circle."""
    install(session, "layers")
    session.run("lint-imports")


@nox.session
def docs(session: nox.Session) -> None:
    """Build the site of the documentation, `docs/_build/html`, in which no link leads nowhere."""
    install(session, "docs", extras="all,dlt")
    site = "docs/_build/html"
    session.run("sphinx-build", "-q", "-W", "--keep-going", "-n", "docs", site)
    session.run("pytest", "tests/site", "-rP", *session.posargs, env={"SITE": site})


# What imports DuckDB, which has no wheels for Python without the GIL.
NEEDS_DUCKDB = ("arrow", "cache/test_exports.py", "test_exports.py", "test_notebook.py")


@nox.session(name="free-threaded", default=False)
def free_threaded(session: nox.Session) -> None:
    """Run the quick tests without the GIL, where threads run at once: on Python 3.14t."""
    install(session, "tests", extras="speed,cli,otel")
    # A module that was not made for it turns the GIL on for the whole process, with a warning.
    loaded = "sys, aiohttp, isal.igzip_lib, msgspec, currents_async.cli, currents_async.testing"
    alone = f"import {loaded}; assert not sys._is_gil_enabled()"
    session.run("python", "-W", "error", "-c", alone)
    left_out = [f"--ignore=tests/{name}" for name in (*SLOW, *NEEDS_DUCKDB)]
    session.run("pytest", *PARALLEL, *left_out, *session.posargs, env={"PYTHON_GIL": "0"})


@nox.session(default=False)
def release(session: nox.Session) -> None:
    """Build what is published into `dist`, and try it as users would; `-- all` runs all tests.

    It needs Python 3.11 to 3.14. Those that are missing are an error where CI is set.
    """
    session.install(*nox.project.dependency_groups(PROJECT, "release"))
    session.run("python", "-m", "tests.packaging.build", "dist")
    [wheel], [sdist] = (list(map(str, Path("dist").glob(name))) for name in ("*.whl", "*.gz"))
    session.run("twine", "check", "--strict", wheel, sdist)
    session.run("check-wheel-contents", wheel)
    session.run("python", "-m", "tests.packaging.description", wheel)
    session.run("python", "-m", "tests.packaging.compatibility")
    check_workflows(session)
    session.run("python", "-m", "tests.packaging.consumer")
    left_out = [f"--ignore=tests/{name}" for name in SLOW]
    suite = SUITE if session.posargs == ["all"] else (*PARALLEL, *left_out, *session.posargs)
    session.run("python", "-m", "tests.packaging.installs", *suite)


def check_workflows(session: nox.Session) -> None:
    """Check the files that GitHub reads, by its schemas and for what an attacker could use."""
    folder = Path(".github")
    files = {
        "citation-file-format": ["CITATION.cff"],
        "dependabot": [".github/dependabot.yml"],
        "github-issue-config": [".github/ISSUE_TEMPLATE/config.yml"],
        "github-issue-forms": map(str, folder.glob("ISSUE_TEMPLATE/[!c]*.yml")),
        "github-workflows": map(str, folder.glob("workflows/*.yml")),
    }
    for schema, those in files.items():
        session.run("check-jsonschema", f"--builtin-schema=vendor.{schema}", *those)
    session.run("zizmor", "--offline", "--persona=pedantic", ".github")
