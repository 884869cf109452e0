"""httpx and pydantic: models with the same fields and the same depth as our Structs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import Enum
from functools import cache, reduce
from operator import or_
from types import UnionType
from typing import Any, get_args, get_origin

import httpx
import msgspec
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, create_model

from benchmarks.contenders import Fetch, Take
from currents_async.models import Run

LABEL = "httpx + pydantic"
PACKAGES = ("httpx", "pydantic", "pydantic-core")


@cache
def model_of(struct: type[msgspec.Struct]) -> type[BaseModel]:
    """Make the pydantic model that equals a Struct field by field."""
    fields: dict[str, Any] = {}
    for field in msgspec.structs.fields(struct):
        default: dict[str, Any] = {"default": ... if field.required else field.default}
        if field.default_factory is not msgspec.NODEFAULT:
            default = {"default_factory": field.default_factory}
        fields[field.name] = (translate(field.type), Field(**default, alias=field.encode_name))
    return create_model(struct.__name__, __config__=ConfigDict(frozen=True), **fields)


def translate(hint: Any) -> Any:
    """Put models in the place of Structs, and str in that of open enums."""
    parts = [translate(part) for part in get_args(hint)]
    if isinstance(hint, UnionType):
        return reduce(or_, parts)
    if parts:
        origin: Any = get_origin(hint)
        return origin[tuple(parts)]
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return model_of(hint)
    return str if isinstance(hint, type) and issubclass(hint, Enum) else hint


@asynccontextmanager
async def connect(server: str) -> AsyncIterator[Fetch]:
    """Open a client."""
    envelope: Any = create_model("Envelope", status=(str, ...), data=(model_of(Run), ...))
    decoder = TypeAdapter(envelope)
    async with httpx.AsyncClient(base_url=server) as client:

        async def fetch(path: str, take: Take) -> None:
            response = await client.get(path)
            take(decoder.validate_json(response.content).data.specs)

        yield fetch
