"""The public names at the top, but for the errors and those of `_client`, which load sooner."""

from currents_async._cache.settings import Cache
from currents_async._clock import Clock
from currents_async._downloads.results import AssetResult, AssetResults
from currents_async._downloads.save import AssetDownload
from currents_async._fanout.plans import InstanceResult
from currents_async._fanout.pool import Progress
from currents_async._fanout.results import InstanceResults
from currents_async._pagination import CursorPager, PagePager
from currents_async._quarantine.decision import QuarantineDecision
from currents_async._quarantine.evidence import ExaminedResult, ExaminedTest
from currents_async._quarantine.plan import QuarantineFailure, QuarantinePlan, QuarantineResult
from currents_async._quarantine.policy import QuarantinePolicy
from currents_async._quarantine.tickets import JiraTicket, QuarantineTicket
from currents_async._resources.errors import ErrorsPager
from currents_async._streams import RunStream
from currents_async._transport import (
    Observer,
    RateInUse,
    RawResponse,
    RequestAttempt,
    RequestCall,
    Traffic,
)
from currents_async._uploads.attach import AttachResult, UploadResult
from currents_async._uploads.files import AttachmentFile
from currents_async._watch import RunWatch
from currents_async._wire.rate_limits import RateLimit

__all__: list[str] = [
    "AssetDownload",
    "AssetResult",
    "AssetResults",
    "AttachResult",
    "AttachmentFile",
    "Cache",
    "Clock",
    "CursorPager",
    "ErrorsPager",
    "ExaminedResult",
    "ExaminedTest",
    "InstanceResult",
    "InstanceResults",
    "JiraTicket",
    "Observer",
    "PagePager",
    "Progress",
    "QuarantineDecision",
    "QuarantineFailure",
    "QuarantinePlan",
    "QuarantinePolicy",
    "QuarantineResult",
    "QuarantineTicket",
    "RateInUse",
    "RateLimit",
    "RawResponse",
    "RequestAttempt",
    "RequestCall",
    "RunStream",
    "RunWatch",
    "Traffic",
    "UploadResult",
]
