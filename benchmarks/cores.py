"""Client and server on separate cores, where the system lets a process choose."""

import os
from typing import Literal

Role = Literal["client", "server"]


def pin(role: Role) -> None:
    """Keep this process to the last core as a client, to the first one as a server."""
    if not hasattr(os, "sched_setaffinity"):  # macOS and Windows place processes themselves
        return
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) > 1:
        os.sched_setaffinity(0, {cores[-1] if role == "client" else cores[0]})
