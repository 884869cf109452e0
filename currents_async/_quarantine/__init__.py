"""Tests that fail too often, put into quarantine and let out again by evidence.

`examine` fetches the evidence, `decide` decides without a network, and `plan` carries decisions out
through the `action_store`; `rules` defines how our actions differ from those of others.
"""

from currents_async._quarantine.decide import QuarantineDecision
from currents_async._quarantine.evidence import ExaminedResult, ExaminedTest
from currents_async._quarantine.group import Quarantine
from currents_async._quarantine.plan import QuarantineFailure, QuarantinePlan, QuarantineResult
from currents_async._quarantine.policy import QuarantinePolicy

__all__ = [
    "ExaminedResult",
    "ExaminedTest",
    "Quarantine",
    "QuarantineDecision",
    "QuarantineFailure",
    "QuarantinePlan",
    "QuarantinePolicy",
    "QuarantineResult",
]
