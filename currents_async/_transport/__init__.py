"""The only place that speaks to aiohttp's client."""

from currents_async._transport.asset_call import AssetCall
from currents_async._transport.channel import Channel
from currents_async._transport.credential import find_credential
from currents_async._transport.key_source import find_key
from currents_async._transport.options import CallOptions
from currents_async._transport.proxy import find_proxy
from currents_async._transport.rate_in_use import RateInUse
from currents_async._transport.reach import Reach
from currents_async._transport.response import RawResponse, ResponseStream
from currents_async._transport.session import Session
from currents_async._transport.tracing import (
    Observer,
    Observers,
    RequestAttempt,
    RequestCall,
    Tracing,
    Traffic,
)
from currents_async._transport.transport import Transport
from currents_async._transport.upload_attempt import UploadTarget

__all__ = [
    "AssetCall",
    "CallOptions",
    "Channel",
    "Observer",
    "Observers",
    "RateInUse",
    "RawResponse",
    "Reach",
    "RequestAttempt",
    "RequestCall",
    "ResponseStream",
    "Session",
    "Tracing",
    "Traffic",
    "Transport",
    "UploadTarget",
    "find_credential",
    "find_key",
    "find_proxy",
]
