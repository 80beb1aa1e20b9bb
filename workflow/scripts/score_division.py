"""Choose in another division of the images, and test what was chosen.

In: the split of the study, the division, and features of all images. Out: choice.json (the chosen
setting, its validation and test accuracy) and predictions.csv (one row per test image of the
division). No trial, choice or final model of the study depends on them.
"""

import json
import logging
import math
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from scenery.classical import classifier_trials
from scenery.data.tables import read_split
from scenery.errors import UserError
from scenery.evaluation.class_balance import validation_measures
from scenery.evaluation.costs import costs_of
from scenery.evaluation.division_data import DivisionData
from scenery.evaluation.result_tables import as_result
from scenery.evaluation.trial_batches import TrialResult, names
from scenery.evaluation.trial_tables import prediction_table
from scenery.pipeline.execution import script_log
from scenery.pipeline.jobs.divisions import DivisionJob, DivisionTrial
from scenery.study.selection import COST, choose
from scenery.training import head_trials
from scenery.training.hardware import set_up

if TYPE_CHECKING:
    from snakemake.script import snakemake

log = logging.getLogger("scenery")

COLUMNS = ["file", "class", "predicted", "correct", "confidence"]


def score_division(
    job: DivisionJob, split: Path, division: Path, out_choice: Path, out_predictions: Path
) -> None:
    """Run the trials of the division, choose, test, and write both files.

    A division in which nothing can be chosen or the choice cannot be fitted has its reason in place
    of a result.
    """
    started = time.perf_counter()
    table = read_split(split)
    data = DivisionData(table, read_split(division), job.resampling)
    given = (
        bool(table.loc[table["partition"] == "test", "given"].any()) if "given" in table else False
    )
    facts: dict[str, Any] = {
        "experiment": job.experiment,
        "division": job.division,
        "training_images": len(data.train if not job.refit else data.refit_table),
        "test_images": len(data.test),
        "given_test": given,
        "reason": "",
    }
    found = pd.DataFrame(columns=COLUMNS)
    try:
        facts |= _chosen(job, data)
        probabilities = _tested(job, data, facts)
        labels = data.test["label"].to_numpy()
        found = prediction_table(list(data.test["file"]), labels, probabilities, data.classes)
        facts["test_accuracy"] = float(found["correct"].mean())
    except (UserError, ValueError) as error:
        facts["reason"] = str(error)
    facts.pop("learning_rates", None)
    facts["seconds"] = round(time.perf_counter() - started, 3)
    out_choice.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    found[COLUMNS].to_csv(out_predictions, index=False)
    log.info(
        "%s, division %d: test accuracy %.3f on %d images (%.1f s)",
        *(job.experiment, job.division, facts.get("test_accuracy", math.nan)),
        *(facts["test_images"], facts["seconds"]),
    )


def _chosen(job: DivisionJob, data: DivisionData) -> dict[str, Any]:
    """The chosen setting, with the learning rates that a refit repeats."""
    trials = [trial for trial in job.trials if trial.candidate]
    results = _run(job, trials, data)
    rows = [_row(job, trial, result) for trial, result in zip(trials, results, strict=True)]
    choice = choose([as_result(row) for row in rows], job.how, job.experiment)
    place = [trial.id for trial in trials].index(choice.trials[0])
    best = int(results[place].metrics["best_epoch"])
    return {
        "trial": choice.trials[0],
        "setting": choice.setting,
        "validation_accuracy": choice.accuracy,
        "learning_rates": [row["learning_rate"] for row in results[place].history[:best]],
    }


def _run(job: DivisionJob, trials: list[DivisionTrial], data: DivisionData) -> list[TrialResult]:
    if job.halving is not None:
        return head_trials.train_in_rungs(trials, data, job.halving)
    return [
        head_trials.train_head(trial, data, name, quiet=True)
        if trial.settings.classifier is None
        else classifier_trials.fit_classifier(trial, data)
        for trial, name in zip(trials, names(trials), strict=True)
    ]


def _row(job: DivisionJob, trial: DivisionTrial, result: TrialResult) -> dict[str, Any]:
    """What the choice looks at."""
    row = result.metrics | validation_measures(result.predictions)
    if COST in job.how.aims and result.predictions:
        true, predicted = (
            [str(one[name]) for one in result.predictions] for name in ("class", "predicted")
        )
        row["validation_cost"] = float(costs_of(true, predicted, job.how.costs).mean())
    return row | {"setting": trial.setting, "candidate": trial.candidate}


def _tested(job: DivisionJob, data: DivisionData, facts: dict[str, Any]) -> np.ndarray:
    """Class probabilities of the test images by the final model of the choice."""
    trial = next(trial for trial in job.trials if trial.id == facts["trial"])
    final = data.final(trial, job.refit)
    if trial.settings.classifier is not None:
        return classifier_trials.final_predictions(trial.settings, final, len(data.classes))
    rates = facts["learning_rates"]
    return head_trials.final_predictions(trial.settings, final, len(data.classes), rates)


if __name__ == "__main__":
    # As for trials, so that numbers do not depend on the number of processors.
    with script_log(snakemake.log[0]), threadpool_limits(1):
        set_up(snakemake.threads)
        score_division(
            job=DivisionJob.model_validate(snakemake.params.job),
            split=Path(snakemake.input.split),
            division=Path(snakemake.input.division),
            out_choice=Path(snakemake.output.choice),
            out_predictions=Path(snakemake.output.predictions),
        )
