"""`python -m tests.packaging.build FOLDER` builds the commit twice, and compares the bytes.

What is in the environment must not show in a release: the second time, folder, times of files,
permissions, locale, time zone and hash seed are others.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[2]
LONG_AGO = 86_400 * 365 * 20
ONE = {"LC_ALL": "C", "TZ": "UTC", "PYTHONHASHSEED": "1"}
OTHER = {"LC_ALL": "C.UTF-8", "TZ": "Asia/Kathmandu", "PYTHONHASHSEED": "2"}


def main() -> None:
    """Leave wheel, sdist and their SHA-256 in the folder, which is emptied before."""
    out = Path(sys.argv[1])
    shutil.rmtree(out, ignore_errors=True)
    if git("status", "--porcelain", "--untracked-files=no"):
        sys.stdout.write("What is not committed is not in the build.\n")
    with TemporaryDirectory() as folder:
        first = build(Path(folder, "one"), 0o022, ONE)
        second = build(Path(folder, "another, with a space"), 0o077, OTHER)
        if sums(first) != sums(second):
            sys.exit(f"The bytes differ:\n{sums(first)}\n{sums(second)}")
        shutil.copytree(first, out)
    (out / "SHA256SUMS").write_text(sums(out), encoding="utf-8")
    sys.stdout.write(f"The same bytes twice:\n{sums(out)}")


def build(folder: Path, umask: int, environment: dict[str, str]) -> Path:
    """Build a clone of the commit; return where wheel and sdist are."""
    source, built = folder / "source", folder / "dist"
    inside = {**os.environ, **environment, "SOURCE_DATE_EPOCH": git("log", "-1", "--format=%ct")}
    clone = ("git", "clone", "--quiet", "--no-hardlinks", str(ROOT), str(source))
    subprocess.run(clone, check=True, umask=umask)  # noqa: S603 - of our own making
    if environment is OTHER:
        for file in source.rglob("*"):
            os.utime(file, (LONG_AGO, LONG_AGO), follow_symlinks=False)
    command = (sys.executable, "-m", "build", "--no-isolation", f"--outdir={built}", str(source))
    subprocess.run(  # noqa: S603 - likewise
        command, check=True, umask=umask, env=inside, stdout=subprocess.DEVNULL
    )
    return built


def git(*arguments: str) -> str:
    command = ("git", "-C", str(ROOT), *arguments)
    return subprocess.check_output(command, text=True).strip()  # noqa: S603 - likewise


def sums(folder: Path) -> str:
    """Return the lines of `sha256sum`."""
    files = (file for file in sorted(folder.iterdir()) if file.name.startswith("currents_async-"))
    lines = (f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in files)
    return "".join(lines)


if __name__ == "__main__":
    main()
