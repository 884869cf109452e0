"""`python -m tests.sweep` prints what is not read of changed responses; `--write` checks it in."""

import asyncio
import sys

from tests.sweep.documents import responses_of_the_fake, samples
from tests.sweep.table import TABLE, sweep, table


def main() -> None:
    """Print the table, or write it."""
    found = sweep([*asyncio.run(responses_of_the_fake()), *samples()])
    if sys.argv[1:] == ["--write"]:
        TABLE.write_text(table(found))
    else:
        sys.stdout.write(table(found))


if __name__ == "__main__":
    main()
