"""`python -m currents_async.cli` is `currents-async`."""

from currents_async.cli import main

main()
