"""A random search of heads on a frozen backbone, beside the usual scripts.

On the side of Scenery, the whole Snakemake command is measured, from packed images to the chosen
trial. A usual script runs the whole network in every epoch, which takes hours. Two epochs on a part
of the photographs are measured in a separate process, and scaled by the number of images, epochs
and trials.
"""

import json
import shutil
import sys
from collections.abc import Callable

from benchmarks.material import REPOSITORY, USUAL, Material
from benchmarks.measuring import Spread, in_turn, ratios, seconds
from benchmarks.results import Row

SCRIPTS = {
    "plain_keras": "the usual script, one process for each trial",
    "keras_tuner_search": "KerasTuner",
    "optuna_search": "Optuna and Keras",
}
# Twice what version 0.1 reached.
MIN_RATIO = 578


def run(material: Material) -> list[Row]:
    """Scenery and the usual script in turn."""
    return compare(material, ["plain_keras"])


def compare(material: Material, scripts: list[str]) -> list[Row]:
    """Scenery and some of the scripts in turn."""
    part = material.folders(material.small_part)
    small = len(list(part.glob("*/*/*")))
    images = material.count("train") + material.count("validation")
    usual = [_usual(material, name, images / small) for name in scripts]
    rounds = in_turn([_scenery(material), *usual], material.rounds)
    own = Spread.of([values[0] for values in rounds])
    work = (
        f"search of {material.trials} trials of {material.epochs} epochs, {images} images of "
        f"{material.size} px: whole `snakemake` call"
    )
    rows = []
    for number, name in enumerate(scripts, start=1):
        times = ratios(rounds, number, 0)
        whole = Spread.of([values[number] for values in rounds])
        rows.append(
            Row(
                work=work,
                compared=f"{SCRIPTS[name]}, scaled",
                measured=f"{times} times faster",
                target=f"≥ {MIN_RATIO}" if name == "plain_keras" else "",
                met=times.median >= MIN_RATIO if name == "plain_keras" else None,
                note=f"{own} s against {whole} s; {lines('search.yaml')} lines to write against "
                f"{lines(f'{name}.py', 'photographs.py')}; timed on {small} images, 2 epochs",
            )
        )
    return rows


def _scenery(material: Material) -> Callable[[], float]:
    command = material.snakemake("results/search/experiments/search/chosen.yaml")

    def call() -> float:
        for made in ("features", "weights", "experiments"):
            shutil.rmtree(material.results / made, ignore_errors=True)
        return seconds(lambda: material.run(command))

    return call


def _usual(material: Material, name: str, scale: float) -> Callable[[], float]:
    """Estimated seconds of a script for all trials, epochs and images."""
    out = material.folder / "epochs.json"
    tuner = name != "plain_keras"
    folder = str(material.folder / f"photographs_{material.small_part}")
    given = [folder, material.weights, "--size", str(material.size), "--epochs", "2"]
    command = [sys.executable, "-m", "benchmarks.timed_script", str(out), str(USUAL / f"{name}.py")]
    command += given + (["--trials", "1"] if tuner else [])

    def call() -> float:
        path = f"PYTHONPATH={REPOSITORY}"
        wall = seconds(lambda: material.run(["env", path, *command]))
        first, second = json.loads(out.read_text(encoding="utf-8"))[0]
        start, tracing = wall - first - second, max(first - second, 0.0)
        trial = tracing + material.epochs * second * scale
        if tuner:
            return start + material.trials * trial
        return material.trials * (start + trial)

    return call


def lines(*files: str) -> int:
    """Number of lines of code, without comments and docstrings."""
    code = 0
    for file in files:
        inside = False
        for line in (USUAL / file).read_text(encoding="utf-8").splitlines():
            text = line.strip()
            quotes = text.count('"""')
            if quotes or inside:
                inside ^= quotes == 1
            elif text and not text.startswith("#"):
                code += 1
    return code
