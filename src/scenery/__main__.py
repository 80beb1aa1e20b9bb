"""Commands on finished results: `python -m scenery compare A B`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from scenery.errors import UserError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; a user's mistake is one line and status 1."""
    parser = argparse.ArgumentParser(prog="python -m scenery", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    words = "two results folders side by side: which trials changed, and by how much"
    compare = commands.add_parser("compare", help=words, description=words)
    compare.add_argument("first", type=Path, metavar="A", help="a results folder")
    compare.add_argument("second", type=Path, metavar="B", help="another results folder")
    compare.add_argument(
        "--out", type=Path, default=Path("results/compared"), help="default: %(default)s"
    )
    given = parser.parse_args(arguments)
    try:
        # Imported late, so that --help does not wait for the drawing libraries.
        from scenery.presentation.compare import compare as run

        for line in run(given.first, given.second, given.out):
            print(line)
    except UserError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"Written: trials.csv, experiments.csv, comparison.svg and .png in {given.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
