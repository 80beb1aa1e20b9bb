"""Snakemake calls that train nothing, as multiples of a call of an empty workflow."""

import sys

from benchmarks.material import Material, check_out
from benchmarks.measuring import Spread, in_turn, ratios, seconds
from benchmarks.results import Row

MAX_RATIOS = (1.4, 2.0)
BARE = "bare/Snakefile"
# Run Snakemake in this process, so that its imports can be listed.
SPY = """
import sys
from snakemake.cli import main
sys.argv = ["snakemake", *sys.argv[1:]]
try:
    main()
except SystemExit:
    pass
print("TENSORFLOW" if "tensorflow" in sys.modules else "NO TENSORFLOW")
"""


def run(material: Material) -> list[Row]:
    """Both calls beside a bare one, and whether they import TensorFlow."""
    check_out(material.folder)
    calls = {
        "a second `snakemake` call of a finished study": _finished(material),
        f"dry run of a study of {(trials := 250)} trials, each a job": _planned(material, trials),
    }
    sides = [
        lambda call=call: seconds(lambda: material.run(call))
        for call in (*calls.values(), _bare(material))
    ]
    rounds = in_turn(sides, material.rounds)
    bare = Spread.of([values[-1] for values in rounds])
    rows = []
    for number, ((work, call), most) in enumerate(zip(calls.items(), MAX_RATIOS, strict=True)):
        spread = Spread.of([values[number] for values in rounds])
        ratio = ratios(rounds, number, len(calls))
        clean = "NO TENSORFLOW" in material.run([sys.executable, "-c", SPY, *call[3:]])
        rows.append(
            Row(
                work=work,
                compared="a `snakemake` call of an empty workflow",
                measured=f"{ratio} times as long",
                target=f"≤ {most}, no TensorFlow",
                met=ratio.median <= most and clean,
                note=f"{spread} s against {bare} s, TensorFlow is "
                + ("not imported" if clean else "imported"),
            )
        )
    return rows


def _bare(material: Material) -> list[str]:
    """The command for a workflow with nothing in it."""
    snakefile = material.folder / BARE
    snakefile.parent.mkdir(exist_ok=True)
    snakefile.write_text("rule all:\n", encoding="utf-8")
    command = [sys.executable, "-m", "snakemake", "--snakefile", BARE, "--cores", "1"]
    return [*command, "--dry-run", "--quiet", "all"]


def _finished(material: Material) -> list[str]:
    """The command for a small study that is finished."""
    study = {
        "results": "results/finished",
        "dataset": {"path": "generated", "generated": {"per_class": 6, "image_size": 32}},
        "base": {"backbone": "SqueezeNet", "weights": "none", "image_size": 32, "epochs": 2},
        "explain": {"experiments": "none"},
        "experiments": {"heads": {"grid": {"head.dropout": [0, 0.5]}}},
    }
    material.write("finished.yaml", study)
    call = material.snakemake(*material.targets("finished", "heads"), config="finished.yaml")
    material.run(call)
    # The report depends on the previous run, so repeat until nothing is left to do.
    material.run(call)
    return call


def _planned(material: Material, trials: int) -> list[str]:
    study = material.search() | {"results": "results/planned"}
    study["base"]["trainable"] = "all"
    study["experiments"]["search"]["random"]["n_trials"] = trials
    material.write("planned.yaml", study)
    return material.snakemake("--dry-run", "--quiet", "all", config="planned.yaml")
