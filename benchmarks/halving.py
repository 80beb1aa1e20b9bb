"""Successive halving beside the full search: saved epochs and regret.

Snakemake runs both searches with the same trials. A trial that is continued gives the same results
as in the full search (a test). The curves of the full search therefore also show the result of
halving on other samples: halves of its trials, sampled many times.
"""

import copy

import numpy as np
import pandas as pd

from benchmarks.material import Material
from benchmarks.results import Row
from scenery.config.experiment import Choose
from scenery.config.search import Halving
from scenery.evaluation.result_tables import read_results
from scenery.study.successive_halving import Ranking, rungs, survivors

DRAWS = 500


def run(material: Material) -> list[Row]:
    """Saved epochs and regret of one search, and regret over other samples."""
    how = Halving() if material.epochs >= 9 else Halving(factor=2, first_epochs=1)
    material.split  # noqa: B018 - packs the images where that is not done
    study = material.search()
    halved = copy.deepcopy(study["experiments"]["search"])
    halved["random"]["halving"] = how.model_dump()
    study["experiments"]["halved"] = halved
    material.write("halving.yaml", study)
    folder = material.results / "experiments"
    chosen = [f"results/search/experiments/{name}/chosen.yaml" for name in ("search", "halved")]
    material.run(material.snakemake(*chosen, config="halving.yaml"))
    tables = {name: read_results(folder / name / "trials.csv") for name in ("search", "halved")}
    whole, fewer = (tables[name]["epochs_run"].sum() for name in ("search", "halved"))
    best = {
        name: table.loc[table["status"] == "completed", "validation_accuracy"].max()
        for name, table in tables.items()
    }
    regrets = _regrets(read_results(folder / "search" / "history.csv"), material.epochs, how)
    work = f"successive halving (factor {how.factor}) of {material.trials} trials"
    missed = float((regrets > 0).mean())
    return [
        Row(
            work=work,
            compared="the full search, the same draws",
            measured=f"{1 - fewer / whole:.0%} of the epochs saved",
            note=f"{fewer:.0f} epochs in the place of {whole:.0f}; best validation accuracy "
            f"{best['halved']:.3f} in the place of {best['search']:.3f}",
        ),
        Row(
            work=f"{work}: regret in validation accuracy",
            compared=f"the full search, {DRAWS} drawings of half of its trials",
            measured=f"{regrets.mean():.4f} on average, {np.quantile(regrets, 0.95):.4f} at most "
            "in 95 %",
            note=f"the full search's best trial was ended early in {missed:.0%} of the drawings",
        ),
    ]


def _regrets(history: pd.DataFrame, epochs: int, how: Halving) -> np.ndarray:
    """Best accuracy of the full search minus that of halving, for each sample."""
    curves = {str(trial): rows.sort_values("epoch") for trial, rows in history.groupby("trial")}
    names = np.array(sorted(curves))
    random = np.random.default_rng(1)
    found = []
    for _ in range(DRAWS):
        drawn = random.choice(names, max(len(names) // 2, 1), replace=False)
        running = list(drawn)
        for until in rungs(epochs, how):
            running = survivors([_standing(curves, t, until) for t in running], how, Choose())
        kept = max(_standing(curves, trial, epochs).accuracy for trial in running)
        found.append(max(_standing(curves, trial, epochs).accuracy for trial in drawn) - kept)
    return np.array(found)


def _standing(curves: dict[str, pd.DataFrame], trial: str, until: int) -> Ranking:
    rows = curves[trial].head(until)
    order = np.lexsort((rows["validation_loss"], -rows["validation_accuracy"]))
    best = rows.iloc[order[0]]
    diverged = len(curves[trial]) < until
    return Ranking(
        trial, diverged, float(best["validation_accuracy"]), float(best["validation_loss"])
    )
