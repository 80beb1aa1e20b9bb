"""Measure on the shared photographs and write RESULTS.md.

    python -m benchmarks                 the short ones, about twenty minutes in all
    python -m benchmarks heads views     only these
    python -m benchmarks --list          list all

Each benchmark replaces its own rows of the table. The longer ones run only if they are named. Those
that measure accuracy or memory can run on a busy machine. A call that is interrupted or killed ends
everything that it started.
"""

import argparse
import dataclasses
import importlib
import os
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY / "src"))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from benchmarks.ending import ending_all  # noqa: E402
from benchmarks.material import real, tiny  # noqa: E402
from benchmarks.results import FOLDER, record  # noqa: E402

# Minutes on two idle cores, and what is measured.
TIMED = {
    "search": "8 min: a whole random search, beside the usual script",
    "features": "1 min: feature extraction, beside the bare forward pass",
    "prediction": "4 min: scenery predict, beside feature extraction, and its memory",
    "fine_tuning": "5 min: fine-tuning with augmentation, beside the bare training step",
    "heads": "3 min: one head trial, beside fit of Keras",
    "views": "2 min: stored views, beside augmentation in each epoch",
    "overhead": "2 min: the overhead of a job",
    "startup": "2 min: calls of Snakemake that train nothing",
}
LONG = {
    "tuners": "10 min: the search, beside KerasTuner and Optuna",
    "halving": "3 min: saved epochs and regret of successive halving",
    "samplers": "8 min: searches that learn, beside random search",
    "search_accuracy": "15 min: the best accuracy of each search",
    "views_accuracy": "4 min: the accuracy lost by stored views",
    "conclusions": "40 min: heads beside logistic regression, and the cost of choosing",
    "optimism": "15 min: the error of corrected validation scores against test",
    "data_trust": "10 min: other divisions, labels, rare classes, probabilities, forecasts",
    "novelty": "1 min: other drawings, noise and photographs told from drawn scenes",
    "near_duplicates": "25 min: near duplicates among 100,000 and 1,000,000 images",
    "memory": "15 min: the memory of every job with ten times the images",
}
# These do not compare times, so one round is enough.
ONCE = (
    "halving",
    "samplers",
    "search_accuracy",
    "views_accuracy",
    "conclusions",
    "optimism",
    "data_trust",
    "novelty",
    "near_duplicates",
    "memory",
)


def main() -> None:
    """Run the named benchmarks, each in its own process."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    known = TIMED | LONG
    parser.add_argument("names", nargs="*", metavar="NAME", help="benchmarks to run, see --list")
    parser.add_argument("--list", action="store_true", help="list all benchmarks")
    parser.add_argument(
        "--shared",
        type=Path,
        default=Path(os.environ.get("SCENERY_SHARED", REPOSITORY.parent / "shared")),
        help="folder of photographs and weights (default: SCENERY_SHARED or ../shared)",
    )
    parser.add_argument(
        "--work", type=Path, default=REPOSITORY / ".benchmarks", help="default: %(default)s"
    )
    parser.add_argument("--out", type=Path, default=FOLDER, help="folder of RESULTS.md")
    parser.add_argument("--rounds", type=int, help="how often each side runs (default: 7)")
    parser.add_argument("--tiny", action="store_true", help="drawn pictures: does it run at all?")
    given = parser.parse_args()
    if given.list:
        print("\n".join(f"{name:16} {words}" for name, words in known.items()))
        return
    names = given.names or list(TIMED)
    unknown = sorted(set(names) - set(known))
    if unknown:
        parser.error(f"there is no benchmark {unknown[0]}; there are {', '.join(known)}")
    with ending_all():
        run(names, given, list(known))


def run(names: list[str], given: argparse.Namespace, order: list[str]) -> None:
    """Run benchmarks: one here, several in a process each.

    Args:
        names: The benchmarks.
        given: The options of the command line.
        order: All benchmarks, in the order of the table.
    """
    if len(names) > 1:
        options = ["--shared", given.shared, "--work", given.work, "--out", given.out]
        options += ["--tiny"] if given.tiny else []
        options += ["--rounds", given.rounds] if given.rounds else []
        for name in names:
            command = [sys.executable, "-m", "benchmarks", name, *map(str, options)]
            subprocess.run(command, cwd=REPOSITORY, check=True)
        return
    for folder in (given.work, given.out):
        folder.mkdir(parents=True, exist_ok=True)
    work = given.work.resolve()
    material = tiny(work) if given.tiny else real(given.shared, work)
    if given.rounds:
        material = dataclasses.replace(material, rounds=given.rounds)
    rows = importlib.import_module(f"benchmarks.{names[0]}").run(material)
    record(names[0], rows, 1 if names[0] in ONCE else material.rounds, order, given.out)
    for row in rows:
        print(f"{names[0]}: {row.work} / {row.compared}: {row.measured}  {row.note}", flush=True)


if __name__ == "__main__":
    main()
