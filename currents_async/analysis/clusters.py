"""Failures that have the same cause, as far as their messages tell."""

from collections.abc import Iterable

from currents_async.analysis.failures import Failure
from currents_async.models._model import Model


class FailureCluster(Model, frozen=True, gc=False, kw_only=True):
    """Failures with the same message, but for numbers, times, IDs, paths and addresses."""

    message: str = ""
    """The first line of the first failure; empty if it has no message."""
    pattern: str = ""
    """What the messages have in common, with `<number>`, `<id>` and others for what differs.

    The first line, and those that say what the test looked for.
    """
    failures: tuple[Failure, ...] = ()

    def _label(self) -> str:
        return f"{len(self.failures)} × {self.message}"  # noqa: RUF001


def cluster_failures(failures: Iterable[Failure]) -> list[FailureCluster]:
    """Group failures by their messages, largest group first, then in the order of the failures.

    Two selectors are two causes, and one selector with another generated ID is one.
    """
    # Here, since it compiles what every client would wait for as it is imported.
    from currents_async.analysis._message_pattern import pattern_of  # noqa: PLC0415

    clusters: dict[str, list[Failure]] = {}
    patterns: dict[str, str] = {}
    for failure in failures:
        message = _message(failure)
        pattern = patterns.get(message)
        if pattern is None:
            pattern = patterns[message] = pattern_of(message)
        clusters.setdefault(pattern, []).append(failure)
    found = [
        FailureCluster(message=_first_line(of[0]), pattern=pattern, failures=tuple(of))
        for pattern, of in clusters.items()
    ]
    return sorted(found, key=lambda cluster: -len(cluster.failures))


def _message(failure: Failure) -> str:
    error = failure.error
    texts = () if error is None else (error.message, error.stack, error.name)
    return next((text for text in texts if text and not text.isspace()), failure.test.error)


def _first_line(failure: Failure) -> str:
    return failure.test.error if failure.error is None else failure.error.first_line
