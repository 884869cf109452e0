"""The tree of all commands, their help, and how one of them is run.

Each group is a module, which is imported when one of its commands or its help is asked for.
"""

import re
import sys
from collections.abc import Sequence
from inspect import cleandoc, iscoroutine
from typing import Any, Literal

from cyclopts import App, CycloptsError
from cyclopts.help import DefaultFormatter, HelpPanel
from rich.console import Console, ConsoleOptions
from rich.text import Text

from currents_async._version import __version__
from currents_async.cli import _exit
from currents_async.cli._mistakes import mistake
from currents_async.cli._streams import complain, drop_stdout, machine_stdout

_BROKEN = re.compile(r"^( *)(?!-+$)(\S.*)\n\1(?!-+$)(?=\S)", re.MULTILINE)
"""A line that the next one goes on with: it is as far in, and neither underlines the other."""


class _HelpFormatter(DefaultFormatter):
    """Puts each paragraph on one line before it is laid out.

    Markdown would do so too, but takes a quarter of the time that help takes.
    """

    def __call__(self, console: Console, options: ConsoleOptions, panel: HelpPanel) -> None:
        for entry in panel.entries:
            _unwrap(entry.description)
        super().__call__(console, options, panel)

    def render_description(
        self, console: Console, options: ConsoleOptions, description: Any
    ) -> None:
        _unwrap(description)
        super().render_description(console, options, description)


def _unwrap(shown: Any) -> None:
    text = getattr(shown, "primary_renderable", None)
    if isinstance(text, Text):
        text.plain = unwrapped(text.plain)


def unwrapped(text: str) -> str:
    """Return a docstring with each paragraph on one line."""
    text, broken = cleandoc(text), ""
    while text != broken:
        text, broken = _BROKEN.sub(r"\1\2 ", text), text
    return text


app = App(
    name="currents-async",
    help="""Fetch, watch, compare and export Currents.dev test runs.

    The API key is read from CURRENTS_API_KEY, or from where `auth login` has kept it.

    Exit codes: 0 ok, 1 the API, the network or a file failed, 2 usage, 3 not found, 4 not allowed,
    5 done in part, 6 --fail-on or `lake check` found something, 130 Ctrl-C, 141 stdout was closed,
    143 SIGTERM.
    """,
    version=__version__,
    help_format="plaintext",
    help_formatter=_HelpFormatter(),
)
_EXPORT = """Export all runs of projects as tables, day by day; needs the extra `export`.

A day becomes visible as a whole, and the target is sound at every moment, whatever happens. The
exit code is 5 when something could not be fetched: it is in the table `errors`, and --resume
tries it again. Ctrl-C and SIGTERM end it in order.

currents-async export lake --since 30d --all-projects

currents-async export runs.duckdb --since 2026-01-01 --resume
"""
_RUN = """Fetch a run and all its instances, and show what it came to.

currents-async run RUN_ID

currents-async run RUN_ID --all -o json
"""
_DEMO = """Fetch a run and all its instances from a server in this process.

currents-async demo

currents-async demo --specs 100 --seed 7
"""
_INSIGHTS = """Print how runs and tests went over time.

currents-async insights --since 30d --resolution 1w

currents-async insights --since 30d --branch main --overall
"""
_CONTEXT = """Print the failures of a run, a spec file or a test as Markdown, for people and agents.

currents-async context RUN_ID --limit 5

currents-async context --instance INSTANCE_ID --test TEST_ID
"""
_SHARE = """Print links to a public snapshot of a run, a spec file, a test or a session.

Whoever has one of the links can read it until it expires; nothing can revoke it before.

currents-async share fix RUN_ID

currents-async share report RUN_ID --instance INSTANCE_ID --expires-in 3d
"""
_ATTACH = """Attach files to a run, to a part of it or to a session.

Whoever sees the run can read them. The exit code is 5 when some could not be attached.

currents-async attach report.html --run RUN_ID --caption 'All slow tests'

currents-async attach cart.png --kind screenshot --ci-build ID --spec cart.spec.ts
"""
_API = """Send any request, and print the JSON of the response as it came.

Fields go into the query of GET and DELETE, and into a JSON object otherwise:

currents-async api GET /projects -f limit=5 -q 'data[].name'

currents-async api PUT /actions/ID -f name=Checkout -f 'action[][op]=quarantine'
"""
for name, (place, text) in {
    "export": ("_export:export", _EXPORT),
    "lake": ("_lake:app", "What exports have written: less of it, and whether it is sound."),
    "run": ("_run:run", _RUN),
    "demo": ("_run:demo", _DEMO),
    "report": ("_reports:app", "Pages and documents on runs, for people and other tools."),
    "projects": ("_projects:projects", "Projects of the organisation."),
    "pull-requests": ("_projects:pull_requests", "Pull requests, and how their runs went."),
    "terms": ("_projects:terms", "Tags, branches, authors and others that runs have used."),
    "runs": ("_runs:runs", "Runs of test suites."),
    "instances": ("_runs:instances", "Executions of single spec files."),
    "tests": ("_tests:app", "Tests over a span of time."),
    "spec-files": ("_trends:spec_files", "Spec files over a span of time."),
    "errors": ("_trends:errors", "Errors over a span of time."),
    "insights": ("_trends:insights", _INSIGHTS),
    "context": ("_context:context", _CONTEXT),
    "actions": ("_actions:app", "Rules that skip, quarantine or tag tests."),
    "quarantine": (
        "_quarantine:app",
        "Put tests that fail too often into quarantine, and let them out.",
    ),
    "open": ("_open:app", "Open pages of the dashboard in a browser."),
    "share": ("_sharing:share", _SHARE),
    "traces": ("_sharing:traces", "Playwright traces of tests and sessions."),
    "attach": ("_attach:attach", _ATTACH),
    "sessions": ("_sessions:app", "Records of work with files, and no runs."),
    "jira": ("_jira:app", "Issues in Jira about failed tests."),
    "assets": ("_assets:app", "Screenshots, videos, traces and attachments."),
    "webhooks": ("_webhooks:app", "URLs that the service calls when runs begin or end."),
    "mock": ("_mock:app", "Stand in for Currents, for programs in any language."),
    "auth": ("_auth:auth", "The API key."),
    "config": ("_config:app", "The configuration file, which has profiles."),
    "cache": ("_cache:app", "What --cache keeps on the disk."),
    "api": ("_api:api", _API),
}.items():
    app.command(f"currents_async.cli.{place}", name=name, help=text)

_EXPORTERS = {"pyarrow", "duckdb", "filelock"}
"""The modules of the extra `export`."""


@app.command
def completion(shell: Literal["bash", "zsh", "fish"], /) -> None:
    """Print a script that completes commands and options in a shell.

    For bash, write it to ~/.local/share/bash-completion/completions/currents-async, and for zsh to
    a file called `_currents-async` in a directory of `$fpath`.

    currents-async completion bash

    currents-async completion zsh

    Parameters
    ----------
    shell
        The shell to print it for.

    """
    machine_stdout().write(app.generate_completion(shell=shell))


def run(arguments: Sequence[str] | None = None) -> int:
    """Run a command line, by default the process's own; return its exit code."""
    try:
        code = _run(arguments)
        sys.stdout.flush()
    except CycloptsError as error:
        complain(mistake(error))
        return _exit.USAGE
    except BrokenPipeError:
        drop_stdout()
        return _exit.STDOUT_CLOSED
    except SystemExit as ended:
        if isinstance(ended.__context__, BrokenPipeError):  # as rich ends it
            return _exit.STDOUT_CLOSED
        raise
    except OSError as error:  # a full disk, for example
        drop_stdout()
        return _failed(str(error))
    except ModuleNotFoundError as error:
        return _missing(error)
    return code


def _run(arguments: Sequence[str] | None) -> int:
    command, bound, _ = app.parse_args(arguments, exit_on_error=False, print_error=False)
    result = command(*bound.args, **bound.kwargs)
    if not iscoroutine(result):
        return _exit.OK  # help, for example
    from currents_async.cli._execute import execute  # noqa: PLC0415 - --help needs no event loop

    return execute(result, lambda: _options(arguments))


def _options(arguments: Sequence[str] | None) -> set[str]:
    """Return what the command of a command line takes, as it is typed."""
    _, apps, _ = app.parse_commands(arguments)
    return {name for one in apps[-1].assemble_argument_collection() for name in one.names}


def _missing(error: ModuleNotFoundError) -> int:
    if (error.name or "").partition(".")[0] not in _EXPORTERS:
        raise error
    return _failed(f"{error.name} is not installed: python -m pip install 'currents-async[export]'")


def _failed(message: str) -> int:
    complain(message)
    return _exit.FAILED
