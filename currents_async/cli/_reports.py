"""`report`: a run as a page, for pull requests and for CI systems."""

import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, NamedTuple

from cyclopts import App, Parameter

import currents_async
from currents_async.analysis import RunDetails
from currents_async.analysis.artifacts import list_artifacts, url_of
from currents_async.cli import _exit
from currents_async.cli._messages import plain_words
from currents_async.cli._options import CONNECTION, Connection, Count, File, Flag, RunID
from currents_async.cli._progress import progress_bar
from currents_async.cli._report_files import check_file, in_thread, write_report
from currents_async.cli._reports_over_time import flaky, trends
from currents_async.cli._run import fetch_details
from currents_async.cli._run_report import errors_of
from currents_async.cli._streams import note
from currents_async.errors import InvalidArgumentError
from currents_async.reports import (
    FlakyForm,
    ctrf,
    job_summary,
    junit,
    last_run,
    pull_request_comment,
    run_html,
)

app = App(name="report")
app.command(flaky)
app.command(trends)

_SUMMARY = "GITHUB_STEP_SUMMARY"
_MAX_SUMMARY = 1024 * 1024
"""Bytes that GitHub shows of a step's summary."""
_MIN_SUMMARY = 2_000

Target = Annotated[File | None, Parameter(show_default=False)]


_AssetPaths = Mapping[str, str]
"""Where files are that were saved beside a report, by their signed URLs."""


_Render = Callable[[RunDetails, _AssetPaths], bytes | str]


class _Document(NamedTuple):
    """A document to write, and how it is made."""

    option: str
    target: str
    render: _Render


@app.command
async def run(
    run_id: RunID,
    /,
    *,
    html: Target = None,
    junit_xml: Annotated[Target, Parameter(name="--junit")] = None,
    ctrf_json: Annotated[Target, Parameter(name="--ctrf")] = None,
    last_run_json: Annotated[Target, Parameter(name="--last-run")] = None,
    github_comment: Target = None,
    github_summary: Flag = False,
    flaky_as: Annotated[FlakyForm, Parameter(name="--flaky")] = "rerun",
    extended: Annotated[Flag, Parameter(name="--junit-extended")] = False,
    filters: Flag = False,
    with_assets: Flag = False,
    concurrency: Count = 16,
    connection: Connection = CONNECTION,
) -> int:
    """Fetch a run once, and write reports on it; a hyphen is stdout.

    The exit code is 5 when something could not be fetched, which each report says too.

    currents-async report run RUN_ID --html run.html --junit junit.xml

    currents-async report run RUN_ID --html run.html --with-assets --github-summary

    Parameters
    ----------
    html
        A page that needs nothing else: with a timeline, failures by cause, flaky and slow tests.
    junit_xml
        JUnit XML, as Jenkins, GitLab, Prow and others read it.
    ctrf_json
        JSON in the Common Test Report Format.
    last_run_json
        What `playwright test --last-failed` reads: test-results/.last-run.json.
    github_comment
        Markdown for a comment on a pull request, as for `gh pr comment --body-file`.
    github_summary
        Append a summary to the file that GITHUB_STEP_SUMMARY names, for the page of the job.
    flaky_as
        How JUnit XML shows a flaky test: as one case that passed, with its failures inside, or as
        cases that failed and one that passed.
    extended
        Give the cases of JUnit XML properties, a file and a line, as Prow, GitLab and Xray read.
    filters
        Let the page filter its lists, by a script; Jenkins, for example, forbids scripts.
    with_assets
        Save the screenshots, videos and traces of failed and flaky tests beside the page.
    concurrency
        Instances fetched at once.

    """
    wanted: tuple[tuple[str, str | None, _Render], ...] = (
        ("--html", html, lambda run, assets: run_html(run, assets=assets, script=filters)),
        (
            "--junit",
            junit_xml,
            lambda run, assets: junit(run, flaky=flaky_as, extended=extended, assets=assets),
        ),
        ("--ctrf", ctrf_json, lambda run, assets: ctrf(run, assets=assets)),
        ("--github-comment", github_comment, lambda run, _: pull_request_comment(run)),
        ("--last-run", last_run_json, lambda run, _: last_run(run).to_last_run_json()),
    )
    documents = [
        _Document(option, target, render) for option, target, render in wanted if target is not None
    ]
    summary = _summary_file() if github_summary else None
    await in_thread(partial(_check, documents, summary))
    folder = _folder_beside(html) if with_assets else None
    async with connection.open(limits=currents_async.Limits(concurrency=concurrency)) as currents:
        details = await fetch_details(currents, run_id)
        saved = await _save(currents, details, folder) if folder is not None else _Saved({})
    for document in documents:
        await write_report(document.target, partial(document.render, details, saved.paths))
    if summary is not None:
        await in_thread(partial(_append_summary, summary, details))
    complaints = [*errors_of(details), *saved.complaints]
    if last_run_json is not None and (unknown := _without_id(details)):
        note(f"--last-run lacks what has no test ID: {unknown}")
    for complaint in complaints:
        note(complaint)
    return _exit.PARTIAL if complaints else _exit.OK


def _without_id(details: RunDetails) -> str:
    """Say how many spec files failed or are missing as a whole: Playwright cannot repeat them."""
    files = sum(failure.test.is_file for failure in details.failures())
    counts = details.counts()
    missing = counts.missing + counts.unclaimed
    parts = ((files, "failed spec files"), (missing, "without results"))
    return ", ".join(f"{count} {what}" for count, what in parts if count)


def _check(documents: Sequence[_Document], summary: Path | None) -> None:
    if not documents and summary is None:
        raise InvalidArgumentError(
            "name a report: --html, --junit, --ctrf, --last-run, --github-comment or "
            "--github-summary"
        )
    for document in documents:
        check_file(document.option, document.target)
    if summary is not None:
        check_file(_SUMMARY, str(summary))
    targets = {os.path.abspath(document.target) for document in documents}  # noqa: PTH100
    if len(targets) < len(documents):
        raise InvalidArgumentError("two reports have the same file")


def _folder_beside(html: str | None) -> Path:
    if html is None or html == "-":
        raise InvalidArgumentError("--with-assets needs --html with a file")
    return Path(html).parent / f"{Path(html).stem}_assets"


class _Saved(NamedTuple):
    """Artifacts that were saved beside a page."""

    paths: _AssetPaths
    complaints: Sequence[str] = ()


async def _save(currents: "currents_async.Currents", details: RunDetails, folder: Path) -> _Saved:
    """Save the artifacts of failed and flaky tests."""
    wanted = {
        *(failure.test.instance_id for failure in details.failures()),
        *(flaky.test.instance_id for flaky in details.flaky_tests()),
    }
    urls: dict[tuple[str, str | None, int | None], str | None] = {
        (instance.instance_id, listed.kind, listed.number): url_of(listed.artifact)
        for instance in details.instances
        if instance.instance_id in wanted
        for listed in list_artifacts(instance.results)
    }
    paths: dict[str, str] = {}
    complaints: list[str] = []
    saving = currents.assets.of_run(
        details.run.run_id,
        to=folder,
        only=lambda spec: spec.instance_id in wanted,
        on_error="collect",
    )
    with progress_bar("assets", currents) as work:
        async with saving as results:
            async for result in results:
                url = urls.get((result.instance_id, result.kind, result.number))
                if result.error is not None:
                    complaints.append(plain_words(result.error))
                elif result.download is not None and url is not None:
                    paths[url] = result.download.path.relative_to(folder.parent).as_posix()
                work.advance(len(paths), results.total)
    return _Saved(paths, complaints)


def _summary_file() -> Path:
    path = os.environ.get(_SUMMARY)
    if not path:
        raise InvalidArgumentError(f"--github-summary needs {_SUMMARY}, which GitHub Actions sets")
    return Path(path)


def _append_summary(path: Path, details: RunDetails) -> None:
    """Append a summary that fits into what GitHub shows of the whole file."""
    with path.open("ab") as file:
        before = "\n" if file.tell() else ""
        room = _MAX_SUMMARY - file.tell() - 2 * len(before)  # a line end may take two bytes
        if room < _MIN_SUMMARY:
            raise OSError(f"{path} has no room for a summary: GitHub shows none above 1 MiB")
        file.write((before + job_summary(details, max_bytes=room)).encode())
