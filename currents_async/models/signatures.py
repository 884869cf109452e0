"""Signatures of tests: what POST /signature/test answers.

Source: `docs/api/operations.md`, "Spec files, tests, results, errors".
"""

from currents_async.models._model import Model

__all__ = ["TestSignature"]


class TestSignature(Model, frozen=True, gc=False, kw_only=True):
    """What tells a test from all others of a project."""

    __test__ = False  # pytest takes what is called Test… for tests

    signature: str
    """What `test_results.list` wants."""
