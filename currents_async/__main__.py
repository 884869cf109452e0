"""`python -m currents_async` is `currents-async`."""

from currents_async.cli import main

main()
