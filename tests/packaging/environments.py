"""Empty environments, in which a release is installed as users do."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Self

ROOT = Path(__file__).parents[2]
NEWEST = ("--resolution=highest",)
# uv takes the lowest only of what is named itself, and a wheel does not name what it needs.
# The lowest for a new Python is the first release with wheels for it; pyarrow is not built at home.
LOWEST = (
    "--resolution=lowest-direct",
    f"--requirements={ROOT}/pyproject.toml",
    *("--extra=all", "--only-binary=pyarrow"),
)


class Environment:
    """An environment of a Python, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def made(cls, folder: Path, python: str) -> Self:
        """Make one with nothing in it."""
        run("uv", "venv", "--quiet", "--clear", f"--python={python}", str(folder))
        return cls(folder)

    def install(self, *arguments: str) -> None:
        pip_install(f"--python={self.command('python')}", *arguments)

    def command(self, name: str) -> str:
        """Return the path of a command that is installed in it."""
        return str(self.folder / "bin" / name)

    def run(self, name: str, *arguments: str, cwd: Path | None = None) -> None:
        run(self.command(name), *arguments, cwd=cwd)


def pip_install(*arguments: str) -> None:
    run("uv", "pip", "install", "--quiet", *arguments)


def run(*command: str, cwd: Path | None = None) -> None:
    """Run a command, after it is shown; if it fails, so does all of this."""
    sys.stdout.write(f"$ {' '.join(command)}\n")
    sys.stdout.flush()
    # Nothing of this checkout is on the path of what is run elsewhere.
    outside = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    subprocess.run(command, check=True, cwd=cwd, env=outside)  # noqa: S603 - of our own making


def interpreter(version: str) -> str | None:
    """Return a Python of this version that works, if there is one on this machine."""
    pyenv = Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser()
    installed = sorted(pyenv.glob(f"versions/{version}.*/bin/python"))
    on_path = shutil.which(f"python{version}")
    pythons = [*([on_path] if on_path else []), *map(str, installed)]
    return next((python for python in pythons if _works(python)), None)


def _works(python: str) -> bool:
    """Return whether it runs: pyenv leaves some on the PATH that do not."""
    return subprocess.run([python, "-V"], capture_output=True, check=False).returncode == 0  # noqa: S603


def wheel_and_sdist() -> tuple[str, str]:
    """Return the paths of what `tests.packaging.build` has built."""
    [wheel], [sdist] = (list((ROOT / "dist").glob(name)) for name in ("*.whl", "*.tar.gz"))
    return str(wheel), str(sdist)
