"""The progress bar, on stderr, for people only."""

from collections.abc import Callable, Generator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from currents_async import InstanceResults


@contextmanager
def progress_of(results: InstanceResults) -> Generator[Callable[[], None]]:
    """Show how many results have come; call what is yielded for each."""
    console = Console(stderr=True)
    columns = (
        TextColumn("instances"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("instances", total=None)

        def advance() -> None:
            progress.update(task, advance=1, total=results.total)

        yield advance
