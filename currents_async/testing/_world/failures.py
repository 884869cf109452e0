"""Errors as Playwright and Cypress report them, and what the errors explorer reads from them."""

import re
from random import Random
from typing import NamedTuple

import msgspec

from currents_async.testing._world.facts import Wire

_DIM, _RED, _GREEN, _PLAIN = "\x1b[2m", "\x1b[31m", "\x1b[32m", "\x1b[22m\x1b[39m"
_FUNCTIONS = (
    "addToBasket",
    "openDialog",
    "waitForAnswer",
    "fillForm",
    "signIn",
    "expectTotal",
    "Proxy.<anonymous>",
    "processTicksAndRejections",
    "async",
    "retry",
    "Object.apply",
    "WorkerMain._runTest",
    "Array.forEach",
)
_FILES = (
    "node_modules/playwright/lib/worker/workerMain.js",
    "node_modules/playwright-core/lib/client/channelOwner.js",
    "node_modules/@company/e2e-helpers/dist/esm/pages/checkout/basket-page.js",
    "support/fixtures.ts",
    "support/pages/größe.ts",
)
_DEPTHS = (3, 8, 60)
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_ASSERTION = re.compile(r"expect\(.*?\)\.(?:not\.)?(\w+)\(")
_TIMEOUT = re.compile(r"(?:\w+\.)?(\w+): Timeout \d+ms exceeded")
_LOCATOR = re.compile(r"locator\('(.+?)'\)")
_PROPERTY = re.compile(r"\(reading '(.+?)'\)")


class AttemptFailure(NamedTuple):
    """Why an attempt failed."""

    raw_status: str
    name: str
    message: str
    line: int
    column: int
    frame: str
    depth: int


def make_failure(rng: Random) -> AttemptFailure:
    """Draw a failed expectation, a timeout or an exception."""
    line, column, expected = rng.randint(4, 400), rng.randint(3, 60), rng.randint(2, 9999)
    received = expected + rng.randint(1, 50)
    raw_status, name, message, code = rng.choice((
        (
            "failed",
            "Error",
            (
                f"{_DIM}expect({_PLAIN}{_RED}received{_PLAIN}{_DIM}).{_PLAIN}toBe{_DIM}({_PLAIN}"
                f"{_GREEN}expected{_PLAIN}{_DIM}) // Object.is equality{_PLAIN}\n\n"
                f"Expected: {_GREEN}{expected}{_PLAIN}\nReceived: {_RED}{received}{_PLAIN}"
            ),
            f"expect(total).toBe({expected});",
        ),
        (
            "timedOut",
            "TimeoutError",
            "locator.click: Timeout 30000ms exceeded.\nCall log:\n"
            f"{_DIM}  - waiting for locator('[data-testid=\"row-{expected}\"]'){_PLAIN}\n" * 3,
            f"await page.locator('[data-testid=\"row-{expected}\"]').click();",
        ),
        (
            "failed",
            "TypeError",
            "Cannot read properties of undefined (reading 'größe') 🤷",
            "const size = product.größe;",
        ),
    ))
    frame = (
        f'  {line - 1} | test("keeps \\"quotes\\"", async ({{ page }}) => {{\n> {line} |   {code}\n'
        f"    | {' ' * column}^\n  {line + 1} | }});"
    )
    return AttemptFailure(raw_status, name, message, line, column, frame, rng.choice(_DEPTHS))


def playwright_error(rng: Random, failure: AttemptFailure, path: str) -> Wire:
    """Return a failure as in `instance-playwright.json`."""
    file = f"/home/runner/work/monorepo/e2e/{path}"
    return {
        "name": failure.name,
        "message": failure.message,
        "stack": f"{failure.name}: {failure.message}\n    at {file}:{failure.line}:{failure.column}"
        + _frames(rng, failure.depth, "/home/runner/work/monorepo/e2e/"),
        "codeFrame": {
            "frame": failure.frame,
            "line": failure.line,
            "column": failure.column,
            "file": file,
        },
    }


def cypress_error(rng: Random, failure: AttemptFailure, path: str) -> Wire:
    """Return a failure as in `instance-cypress.json`."""
    host = "https://shop.example.org/__cypress/"
    return {
        "name": failure.name,
        "message": failure.message,
        "stack": f"    at Context.eval ({host}tests?p={path}:{failure.line}:{failure.column})"
        + _frames(rng, failure.depth, f"{host}runner/"),
        "codeFrame": {
            "line": failure.line,
            "column": failure.column,
            "originalFile": path,
            "relativeFile": path,
            "absoluteFile": f"/home/runner/work/monorepo/{path}",
            "frame": failure.frame,
            "language": "js",
        },
    }


def _frames(rng: Random, depth: int, root: str) -> str:
    return "".join(
        f"\n    at {rng.choice(_FUNCTIONS)} ({root}{rng.choice(_FILES)}:{rng.randint(1, 4000)}:17)"
        for _ in range(depth)
    )


class ErrorFacts(msgspec.Struct, frozen=True):
    """An error in the terms of the errors explorer; None is what the error does not mention."""

    message: str
    category: str
    action: str | None = None
    target: str | None = None


def classify(error: Wire) -> ErrorFacts:
    """Parse the error of an attempt."""
    message = without_colours(error.get("message") or "")
    if timeout := _TIMEOUT.search(message):
        return ErrorFacts(message, "timeout", timeout[1], _first(_LOCATOR, message))
    if assertion := _ASSERTION.search(message):
        return ErrorFacts(message, "assertion", assertion[1], _first(_LOCATOR, message))
    return ErrorFacts(message, "exception", None, _first(_PROPERTY, message))


def without_colours(text: str) -> str:
    """Return a text without the colours of a terminal."""
    return _COLOURS.sub("", text)


def _first(pattern: re.Pattern[str], text: str) -> str | None:
    found = pattern.search(text)
    return None if found is None else found[1]
