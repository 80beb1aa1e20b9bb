"""Choose one setting among an experiment's trials, on validation results alone.

In: metrics and history of all trials. Out:
trials.csv   one row per trial: settings, what it gave, its gap between train and validation
             accuracy, whether it was chosen
history.csv  one row per trial and epoch
chosen.yaml  the choice, its settings, the learning rates that a refit replays, and the settings
             that are scored on test images
"""

import json
import logging
import math
import shutil
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import yaml

from scenery.config.experiment import Choose
from scenery.config.settings import Settings
from scenery.data.tables import read_split
from scenery.errors import UserError
from scenery.evaluation.calibration import Calibration
from scenery.evaluation.class_balance import balance_warning
from scenery.evaluation.costs import trial_costs
from scenery.evaluation.intervals import wilson
from scenery.evaluation.result_tables import (
    as_result,
    count_failed,
    ended_early,
    read_results,
)
from scenery.evaluation.search_scores import milliseconds_of
from scenery.evaluation.steadiness import is_unsteady, score_jump
from scenery.evaluation.undertraining import is_undertrained
from scenery.pipeline.execution import script_log
from scenery.pipeline.jobs.choice import ChooseJob, TrialRow
from scenery.study.advice import advice
from scenery.study.scored import CHOSEN, Scored, scored_settings, too_few_members
from scenery.study.selection import (
    COST,
    Candidate,
    Result,
    choose,
    describe_rule,
    on_front,
    refuse_unknown_classes,
)
from scenery.study.trials import setting_columns

if TYPE_CHECKING:
    from snakemake.script import snakemake

log = logging.getLogger("scenery")


def choose_setting(
    job: ChooseJob,
    split: Path,
    metrics: list[Path],
    history: list[Path],
    predictions: list[Path],
    out_chosen: Path,
    out_trials: Path,
    out_history: Path,
) -> None:
    """Join the trials with their results, choose, and write the three files.

    Args:
        job: The experiment and its trials.
        split: The split, for the number of training images of each class.
        metrics: One table per job.
        history: One table per job.
        predictions: One table per job, for a choice by cost; none for others.
        out_chosen: chosen.yaml.
        out_trials: trials.csv.
        out_history: history.csv.

    Raises:
        UserError: When no trial can be chosen.
    """
    rows = [_row(trial) for trial in job.trials]
    settings = {str(trial.row["trial"]): trial.settings for trial in job.trials}
    table = with_gap(_join(rows, metrics, job.experiment))
    table["training_images"] = _training_images(job)
    if COST in job.how.aims:
        classes = set(read_split(split)["class"])
        refuse_unknown_classes(job.how.costs, classes, job.experiment)
        said = [read_results(path) for path in predictions]
        table["validation_cost"] = trial_costs(list(table["trial"]), said, job.how.costs)
    if job.speeds:
        table["milliseconds"] = milliseconds_of(list(table["trial"]), job.speeds)
    epochs = pd.concat([read_results(path) for path in history], ignore_index=True)
    epochs = epochs[epochs["trial"].isin(table["trial"])]
    table = with_unsteady(with_undertrained(table, epochs), epochs)
    # Snakemake removes the outputs of a job that fails, so what says why is none of them.
    failed = out_trials.with_name("failed_trials.csv")
    table.assign(chosen=False).to_csv(failed, index=False)
    results = [as_result(row) for row in trials_as_dicts(table)]
    choice = choose(results, job.how, job.experiment)
    failed.unlink()
    if len(job.how.aims) > 1:
        table["pareto"] = table["setting"].isin(on_front(results, job.how))
    table["chosen"] = table["trial"].isin(choice.trials)
    table.to_csv(out_trials, index=False)
    epochs.to_csv(out_history, index=False)
    record = _record(table, epochs, choice, job.how) | {
        "experiment": job.experiment,
        "title": job.title,
        "strategy": job.strategy,
        "settings": settings[choice.trials[0]].model_dump(mode="json"),
        "validation_images": int(_first(table, choice)["validation_images"]),
        "warnings": _warnings(job, table, choice, read_split(split)),
    }
    scored = _scored(job, results, choice)
    record["scored"] = [_scored_record(one, settings, table, epochs) for one in scored]
    record["too_few_members"] = too_few_members(job.how, scored)
    record["warnings"] += record["too_few_members"]
    out_chosen.write_text(yaml.safe_dump(record, sort_keys=True), encoding="utf-8")
    _remove_others(job.checkpoints, keep={trial for one in scored for trial in one.trials})
    log.info(
        "%s: %s, validation accuracy %.3f (%s of %d)",
        job.experiment,
        record["name"],
        choice.accuracy,
        record["rule"],
        record["candidates"],
    )
    for warning in record["warnings"]:
        log.warning("WARNING: %s", warning)


def _row(trial: TrialRow) -> dict[str, Any]:
    columns = {**trial.row, **setting_columns(trial.settings)}
    return {**columns, **trial.row, "candidate": trial.candidate}


def _warnings(
    job: ChooseJob, table: pd.DataFrame, choice: Candidate, split: pd.DataFrame
) -> list[str]:
    """What should be known about the choice: classes that it does not recognize, a high rate."""
    chosen = _first(table, choice)
    training = split[split["partition"] == "train"]["class"].value_counts()
    warning = balance_warning(
        job.experiment,
        job.how.measure,
        int(chosen["classes_missed"]),
        json.loads(chosen["missed_classes"]),
        {str(name): int(images) for name, images in training.items()},
    )
    settings = next(one.settings for one in job.trials if one.row["trial"] == chosen["trial"])
    return [*([warning] if warning else []), *advice([settings])]


def _join(trials: list[dict[str, Any]], metrics: list[Path], experiment: str) -> pd.DataFrame:
    """Trials with their results; every trial must have exactly one row of them."""
    found = pd.concat([read_results(path) for path in metrics], ignore_index=True)
    rows = pd.DataFrame(trials)
    found = found[found["trial"].isin(rows["trial"])]
    doubled = found.loc[found["trial"].duplicated(), "trial"].tolist()
    missing = sorted(set(rows["trial"]) - set(found["trial"]))
    if doubled or missing:
        raise UserError(
            f"experiment {experiment}: results are there twice for {doubled} and missing for "
            f"{missing}; remove its folder below experiments/ and run again"
        )
    return rows.merge(found, on="trial", how="left", validate="one_to_one")


def with_gap(table: pd.DataFrame) -> pd.DataFrame:
    """Trials with two further columns behind their accuracies.

    gap          train minus validation accuracy at the best epoch
    overfitting  whether the train accuracy lies above the 95 % Wilson interval of the validation
                 accuracy: then the gap is more than the draw of the validation images explains

    Dropout and augmentation make training images harder than validation images, so that a gap
    may be negative, and one that is flagged is no less than it seems.
    """
    train, validation = table["train_accuracy"], table["validation_accuracy"]
    highest = [
        math.nan if math.isnan(share) else wilson(share, int(images))[1]
        for share, images in zip(validation, table["validation_images"], strict=True)
    ]
    place = list(table.columns).index("validation_accuracy") + 1
    table = table.copy()
    table.insert(place, "gap", train - validation)
    # Comparisons with NaN are False.
    table.insert(place + 1, "overfitting", train > highest)
    return table


def with_undertrained(table: pd.DataFrame, epochs: pd.DataFrame) -> pd.DataFrame:
    """Trials with the column undertrained behind the gap, from their epochs."""
    by_trial = _by_trial(epochs)
    flags = [
        trial in by_trial and is_undertrained(by_trial[trial], low, accuracy)
        for trial, low, accuracy in zip(
            table["trial"], _lows(table), table["train_accuracy"], strict=True
        )
    ]
    table = table.copy()
    table.insert(list(table.columns).index("overfitting") + 1, "undertrained", flags)
    return table


def with_unsteady(table: pd.DataFrame, epochs: pd.DataFrame) -> pd.DataFrame:
    """Trials with the columns score_jump and unsteady behind undertrained, from their epochs."""
    by_trial = _by_trial(epochs)
    jumps = [
        score_jump(by_trial[trial], int(best)) if trial in by_trial and best > 0 else math.nan
        for trial, best in zip(table["trial"], table["best_epoch"], strict=True)
    ]
    flags = [
        is_unsteady(jump, accuracy, low)
        for jump, accuracy, low in zip(
            jumps, table["validation_accuracy"], _lows(table), strict=True
        )
    ]
    place = list(table.columns).index("undertrained") + 1
    table = table.copy()
    table.insert(place, "score_jump", jumps)
    table.insert(place + 1, "unsteady", flags)
    return table


def _by_trial(epochs: pd.DataFrame) -> dict[str, pd.DataFrame]:
    return {str(trial): rows for trial, rows in epochs.groupby("trial", sort=False)}


def _lows(table: pd.DataFrame) -> list[float]:
    """Lower ends of the intervals of the validation accuracies."""
    return [
        math.nan if math.isnan(share) else wilson(share, int(images))[0]
        for share, images in zip(
            table["validation_accuracy"], table["validation_images"], strict=True
        )
    ]


def trials_as_dicts(table: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a table as dictionaries."""
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]


def _training_images(job: ChooseJob) -> list[int]:
    """The number of training images of each trial."""
    counts = {
        path: int((read_split(path)["partition"] == "train").sum())
        for path in {trial.table for trial in job.trials}
    }
    return [counts[trial.table] for trial in job.trials]


def _scored(job: ChooseJob, results: list[Result], choice: Candidate) -> list[Scored]:
    """The settings whose final models are trained and scored."""
    if not job.compare:
        return [Scored(choice.setting, choice.trials[:1], (CHOSEN,))]
    subsets = {str(trial.row["setting"]): trial.settings.subset for trial in job.trials}
    return scored_settings(
        results, choice, job.control, subsets, job.how, job.experiment, job.soup_groups
    )


def _scored_record(
    scored: Scored, settings: dict[str, Settings], table: pd.DataFrame, epochs: pd.DataFrame
) -> dict[str, Any]:
    best = table.set_index("trial")["best_epoch"]
    return {
        "setting": scored.setting,
        "roles": list(scored.roles),
        "training_set": settings[scored.trials[0]].subset,
        "trials": [
            {
                "trial": trial,
                "settings": settings[trial].model_dump(mode="json"),
                "learning_rates": _learning_rates(epochs, trial, int(best[trial])),
            }
            for trial in scored.trials
        ],
    }


def _learning_rates(epochs: pd.DataFrame, trial: str, best_epoch: int) -> dict[str, list[float]]:
    """Learning rates by step, up to the best epoch of the last step."""
    by_step = {
        str(step): [float(rate) for rate in rows.sort_values("epoch")["learning_rate"]]
        for step, rows in epochs[epochs["trial"] == trial].groupby("step", sort=False)
    }
    # A classical model has no epochs.
    for last in list(by_step)[-1:]:
        by_step[last] = by_step[last][:best_epoch]
    return by_step


def _record(
    table: pd.DataFrame, epochs: pd.DataFrame, choice: Candidate, how: Choose
) -> dict[str, Any]:
    first = _first(table, choice)
    best_epoch = int(first["best_epoch"])
    accuracies = table.loc[table["trial"].isin(choice.trials), "validation_accuracy"]
    return {
        "trial": choice.trials[0],
        "trials": list(choice.trials),
        "name": str(first["name"]),
        "setting": choice.setting,
        "varied": sorted({name for names in table["varied"] for name in json.loads(names)}),
        "repeats": len(choice.trials),
        "rule": describe_rule(how),
        "candidates": int(table["setting"].nunique()),
        "failed": count_failed(table),
        "stopped": int(ended_early(table).sum()),
        "validation_accuracy": float(choice.accuracy),
        "validation_accuracy_spread": finite(float(accuracies.std(ddof=1)))
        if len(accuracies) > 1
        else None,
        "validation_loss": finite(float(choice.loss)),
        "parameters": choice.parameters,
        "best_epoch": best_epoch,
        "calibration": _calibration(table, choice),
        "learning_rates": _learning_rates(epochs, choice.trials[0], best_epoch),
    }


def _calibration(table: pd.DataFrame, choice: Candidate) -> dict[str, float | None]:
    """What makes the probabilities of the chosen setting mean something: means over repeats."""
    chosen = table[table["trial"].isin(choice.trials)]
    return {
        field.name: finite(float(pd.to_numeric(chosen[field.name]).mean()))
        for field in fields(Calibration)
    }


def _first(table: pd.DataFrame, choice: Candidate) -> dict[str, Any]:
    """The row of the chosen setting's first repeat."""
    return next(row for row in trials_as_dicts(table) if row["trial"] == choice.trials[0])


def finite(value: float) -> float | None:
    """The value, or None where it is not a number, for which YAML has no portable word."""
    return value if math.isfinite(value) else None


def _remove_others(checkpoints: Path, keep: set[str]) -> None:
    """Weights of trials that were not chosen do not pile up."""
    for folder in checkpoints.glob("*-*"):
        if folder.is_dir() and folder.name not in keep:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    with script_log(snakemake.log[0]):
        choose_setting(
            job=ChooseJob.model_validate(snakemake.params.job),
            split=Path(snakemake.input.split),
            metrics=[Path(path) for path in snakemake.input.metrics],
            history=[Path(path) for path in snakemake.input.history],
            predictions=[Path(path) for path in snakemake.input.predictions],
            out_chosen=Path(snakemake.output.chosen),
            out_trials=Path(snakemake.output.trials),
            out_history=Path(snakemake.output.history),
        )
