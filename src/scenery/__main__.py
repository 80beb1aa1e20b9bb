"""Commands beside Snakemake: `python -m scenery check`, `compare` and `reproduce`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from scenery.config.loading import load_config
from scenery.errors import UserError
from scenery.pipeline.preflight import check_config
from scenery.pipeline.reproduction import describe_differences, differences, run_again
from scenery.study.experiments import expand


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; a user's mistake is one line and status 1."""
    parser = argparse.ArgumentParser(prog="python -m scenery", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    words = "whether a config is a study that can start: mistakes, one a line, or its trials"
    check = commands.add_parser("check", help=words, description=words)
    check.add_argument("config", type=Path, metavar="CONFIG", help="a config file")
    words = "two results folders side by side: which trials changed, and by how much"
    compare = commands.add_parser("compare", help=words, description=words)
    compare.add_argument("first", type=Path, metavar="A", help="a results folder")
    compare.add_argument("second", type=Path, metavar="B", help="another results folder")
    compare.add_argument(
        "--out", type=Path, default=Path("results/compared"), help="default: %(default)s"
    )
    words = "run a finished study again from the config in its results; the same, or what differs"
    again = commands.add_parser("reproduce", help=words, description=words)
    again.add_argument("results", type=Path, metavar="RESULTS", help="a results folder")
    again.add_argument(
        "--out", type=Path, default=Path("results/reproduced"), help="default: %(default)s"
    )
    again.epilog = "What follows after -- are options of Snakemake, such as --profile or --cores."
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    # argparse takes options after -- for its own where an option of its own stands before.
    own = arguments.index("--") if "--" in arguments else len(arguments)
    given = parser.parse_args(arguments[:own])
    try:
        if given.command == "check":
            print(check_file(given.config))
            return 0
        if given.command == "reproduce":
            return reproduce(given.results, given.out, arguments[own + 1 :])
        # Imported late, so that --help does not wait for the drawing libraries.
        from scenery.reporting.compare import compare as run

        for line in run(given.first, given.second, given.out):
            print(line)
    except UserError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"Written: trials.csv, experiments.csv, comparison.svg and .png in {given.out}")
    return 0


def reproduce(published: Path, out: Path, options: Sequence[str]) -> int:
    """Run a study again and say what differs; status 1 where something does.

    Raises:
        UserError: It cannot be run again.
    """
    run_again(published, out, options)
    found = differences(published, out)
    for line in describe_differences(published, found):
        print(line)
    return 1 if found else 0


def check_file(config: Path) -> str:
    """What a config that is right asks for, in one line.

    Raises:
        UserError: For its mistakes, one a line.
    """
    study = check_config(load_config(config), str(config))
    counts = []
    for name, experiment in study.experiments.items():
        # What comes after a choice is counted when that is known.
        known = experiment.start_from is None
        count = (
            len(expand(study, name, None, str(config)))
            if known
            else f"after {experiment.start_from}"
        )
        counts.append(f"{name} ({count})")
    return f"{config}: a study that can start; trials: {', '.join(counts)}"


if __name__ == "__main__":
    sys.exit(main())
