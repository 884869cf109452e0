"""What `completion` takes."""

from typing import Literal

Shell = Literal["bash", "zsh", "fish"]


def completion(shell: Shell, /) -> int:
    """Print a script that completes commands and options in a shell.

    For example `currents-async completion bash > ~/.local/share/bash-completion/completions/
    currents-async`, or for zsh a file called `_currents-async` in a directory of `$fpath`.

    Parameters
    ----------
    shell
        The shell to print it for.

    """
    from currents_async.cli._app import app  # noqa: PLC0415 - which this is a command of
    from currents_async.cli._streams import machine_stdout  # noqa: PLC0415

    machine_stdout().write(app.generate_completion(shell=shell))
    return 0
