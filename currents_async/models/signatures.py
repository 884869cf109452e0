"""Signatures of tests: the response of POST /signature/test.

Source: `docs/api/operations.md`, "Spec files, tests, results, errors".
"""

from currents_async.models._model import Model

__all__ = ["TestSignature"]


class TestSignature(Model, frozen=True, gc=False, kw_only=True):
    """The signature that identifies a test within a project."""

    __test__ = False  # pytest would take a class called Test… for tests

    signature: str
    """The first argument of `test_results.list`."""
