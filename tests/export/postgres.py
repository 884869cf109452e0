"""A PostgreSQL server of its own, on a loopback port, by a user who is not root."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from trustme import LeafCert

# Debian keeps what starts a server out of the PATH.
_PATH = os.pathsep.join([
    os.environ.get("PATH", os.defpath),
    *map(str, Path("/usr/lib/postgresql").glob("*/bin")),
])
_PG_CTL = shutil.which("pg_ctl", path=_PATH)

IS_INSTALLED = _PG_CTL is not None


_GUARDED = "host all guarded 127.0.0.1/32 scram-sha-256"
"""Of all users only this one has to have a password."""


@contextmanager
def postgres(*, certificate: LeafCert | None = None) -> Generator[str]:
    """Run a server; hand out its URL, which the name of a database is to be added to."""
    with tempfile.TemporaryDirectory() as name:
        directory, port = Path(name), _free_port()
        user = _who_may_run_it(directory)

        def pg_ctl(*arguments: str) -> None:
            command = [str(_PG_CTL), "-D", str(directory / "data"), "-s", *arguments]
            with (directory / "complaints").open("w+b") as complaints:
                done = subprocess.run(  # noqa: S603 - a program of Debian's
                    command, check=False, cwd=directory, stderr=complaints, **user
                )
                complaints.seek(0)
                assert done.returncode == 0, complaints.read().decode()

        pg_ctl("init", "-o", "-U loader -A trust -E UTF8 --locale=C --no-sync")
        rules = directory / "data" / "pg_hba.conf"
        rules.write_text(f"{_GUARDED}\n{rules.read_text()}")
        settings = f"-p {port} -k {directory} -c listen_addresses=127.0.0.1 -c fsync=off"
        if certificate is not None:
            settings += f" -c ssl=on {_with_files(certificate, directory / 'data', user)}"
        pg_ctl("start", "-w", "-l", str(directory / "log"), "-o", settings)
        try:
            yield f"postgresql://loader:trusted@127.0.0.1:{port}"
        finally:
            pg_ctl("stop", "-w", "-m", "immediate")


def _with_files(certificate: LeafCert, directory: Path, user: dict[str, Any]) -> str:
    chain, key = directory / "server.crt", directory / "server.key"
    certificate.cert_chain_pems[0].write_to_path(chain)
    certificate.private_key_pem.write_to_path(key)
    key.chmod(0o600)
    for path in (chain, key) if user else ():
        os.chown(path, user["user"], user["group"])
    return f"-c ssl_cert_file={chain} -c ssl_key_file={key}"


def create_database(url: str, name: str) -> str:
    """Return the URL of a new database."""
    createdb = str(shutil.which("createdb", path=_PATH))
    subprocess.run([createdb, f"--maintenance-db={url}/postgres", name], check=True)  # noqa: S603
    return f"{url}/{name}"


def _who_may_run_it(directory: Path) -> dict[str, Any]:
    """Give a directory away where root runs the tests, to whom the server refuses to run for."""
    if os.geteuid():
        return {}
    nobody = pwd.getpwnam("nobody")
    os.chown(directory, nobody.pw_uid, nobody.pw_gid)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port
