"""Processes of this package, spoken to in lines of JSON: a request, then its response."""

import os
import subprocess
import sys
from typing import Literal, Self, TypeVar

import msgspec

Response = TypeVar("Response")
Counts = dict[str, int]
"""What a server has served, by its status or by what was wrong with it."""


class Failed(Exception):  # noqa: N818 - what happened
    """A contender failed, or did different work: the numbers would mean nothing."""


class Process:
    """A module that runs in a process of its own, which ends when its input does."""

    def __init__(self, module: str, *arguments: str) -> None:
        self._name = " ".join((module, *arguments[:1]))
        self._popen = subprocess.Popen(  # noqa: S603 - ourselves
            [sys.executable, "-m", module, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def ask(self, request: msgspec.Struct | None, response: type[Response]) -> Response:
        """Send a line, and return the next one; raise `Failed` when the process has ended."""
        stdin, stdout = self._popen.stdin, self._popen.stdout
        assert stdin is not None  # noqa: S101 - a pipe, above
        assert stdout is not None  # noqa: S101 - likewise
        stdin.write(msgspec.json.encode(request) + b"\n")
        stdin.flush()
        line = stdout.readline()
        if not line:
            raise Failed(f"{self._name} ended")
        return msgspec.json.decode(line, type=response)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._popen.communicate()


class Server(Process):
    """What serves a `Service` of `benchmarks.server`, one after the other."""

    def __init__(self) -> None:
        super().__init__("benchmarks.server")

    def serve(self, service: msgspec.Struct) -> str:
        """Serve this from now on; return its URL."""
        return self.ask(service, str)

    def counts(self) -> Counts:
        """Return what has been served since the last time."""
        return self.ask(None, Counts)


def say(response: object) -> None:
    """Write a line for the process that reads ours."""
    sys.stdout.buffer.write(msgspec.json.encode(response) + b"\n")
    sys.stdout.buffer.flush()


def pin(role: Literal["client", "server"]) -> None:
    """Keep this process to the last core as a client, to the first one as a server."""
    if hasattr(os, "sched_setaffinity"):  # macOS and Windows place processes themselves
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cores[-1] if role == "client" else cores[0]})
