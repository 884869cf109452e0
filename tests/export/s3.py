"""An object store that speaks the protocol of S3, in a process of its own.

deltalake holds the GIL while it waits for some requests, which one in this process could not serve.
"""

import subprocess
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

import pytest

BUCKET = "bucket"
_SERVER = """
import logging, sys
from moto.server import ThreadedMotoServer
logging.getLogger("werkzeug").setLevel(logging.ERROR)
server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
server.start()
print(*server.get_host_and_port(), sep=":", flush=True)
sys.stdin.read()
server.stop()
"""


class S3(NamedTuple):
    """A store with one bucket."""

    host: str
    client: Any

    def url(self, path: str = "lake", *, bucket: str = BUCKET) -> str:
        return f"s3://{bucket}/{path}?endpoint_override={self.host}&scheme=http&region=us-east-1"

    def options(self) -> dict[str, str]:
        """What deltalake and polars take to read it."""
        return {
            "AWS_ENDPOINT_URL": f"http://{self.host}",
            "AWS_ALLOW_HTTP": "true",
            "AWS_REGION": "us-east-1",
        }

    def objects(self) -> dict[str, int]:
        """Return the sizes of all objects, by their names."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET)
        return {one["Key"]: one["Size"] for page in pages for one in page.get("Contents", ())}


@contextmanager
def s3_store() -> Generator[S3]:
    command = [sys.executable, "-c", _SERVER]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:  # noqa: S603 - ours
        assert server.stdin is not None
        assert server.stdout is not None
        try:
            host = server.stdout.readline().decode().strip()
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("AWS_ACCESS_KEY_ID", "key")
                patch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
                boto3 = pytest.importorskip("boto3")
                client = boto3.client("s3", endpoint_url=f"http://{host}", region_name="us-east-1")
                client.create_bucket(Bucket=BUCKET)
                yield S3(host, client)
        finally:
            server.stdin.close()


@contextmanager
def refusing_store(refuses_all: bool) -> Generator[str]:  # noqa: FBT001
    """A store that has nothing, and refuses all requests or those that write; its address."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as in the base
            pass

        def respond(self) -> None:
            if refuses_all or self.command in {"PUT", "POST"}:
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self.send(403, "<Error><Code>AccessDenied</Code><Message>No</Message></Error>")
            elif "list-type" in self.path:
                self.send(200, "<ListBucketResult><KeyCount>0</KeyCount></ListBucketResult>")
            else:
                self.send(404, "<Error><Code>NoSuchKey</Code><Message>No</Message></Error>")

        do_GET = do_HEAD = do_PUT = do_POST = respond  # noqa: N815 - names of the base

        def send(self, status: int, text: str) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(text.encode())

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
