"""An object store whose every response takes a while: `python -m benchmarks.slow_s3 SECONDS`.

It needs `moto[server]`. `/-/requests` says how many requests it has had since it was asked last.
"""

import logging
import sys
import threading
import time
from collections.abc import Iterable
from itertools import count
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

from benchmarks.processes import say


class _Slow:
    """A WSGI application in front of another."""

    def __init__(self, application: Any, latency: float) -> None:
        self._application = application
        self._latency = latency
        self._numbers = count()

    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/-/requests":
            number, self._numbers = next(self._numbers), count()
            start_response("200 OK", [])
            return [f"{number}".encode()]
        next(self._numbers)
        time.sleep(self._latency)
        found: Iterable[bytes] = self._application(environ, start_response)
        return found


class _KeptAlive(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"


def main() -> None:
    """Serve until the input ends."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    slow = _Slow(DomainDispatcherApplication(create_backend_app), float(sys.argv[1]))
    server = make_server("127.0.0.1", 0, slow, threaded=True, request_handler=_KeptAlive)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    say(f"127.0.0.1:{server.server_port}")
    sys.stdin.read()


if __name__ == "__main__":
    main()
