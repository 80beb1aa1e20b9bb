"""Score the chosen setting in folds that keep groups of images whole, and in folds that do not.

In: the split, features of training and validation images. Out: grouping.csv, one row. Images of a
group in two folds let a model recognize what it has learned, so the second accuracy is higher than
that on images of other groups. The difference is the price of leakage.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from scenery.classical.classifier_trials import fit_classifier
from scenery.data.tables import file_groups, read_split
from scenery.evaluation.choice_statistics import held_out_matrix
from scenery.evaluation.columns import names_of
from scenery.evaluation.paired import accuracy_interval, compare_models
from scenery.evaluation.trial_data import ShardData, UngroupedData
from scenery.pipeline.execution import script_log
from scenery.pipeline.jobs.divisions import GroupingJob
from scenery.pipeline.jobs.trials import FeatureTrial
from scenery.training.hardware import set_up
from scenery.training.head_trials import train_head

if TYPE_CHECKING:
    from snakemake.script import snakemake


def score_grouping(job: GroupingJob, split: Path, out: Path) -> None:
    """Score the setting both ways on the same images, and write the row."""
    files, grouped = _correct(job.trial, ShardData(split))
    others, ungrouped = _correct(job.trial, UngroupedData(split))
    order = [others.index(file) for file in files]
    ungrouped = ungrouped[:, order]
    group_of = file_groups(read_split(split)) or {}
    groups = np.array([group_of.get(file, number) for number, file in enumerate(files)])
    found = compare_models(grouped, ungrouped, groups)
    row: dict[str, object] = {
        "experiment": job.experiment,
        "trial": job.trial.id,
        "images": len(files),
        "independent_images": len(np.unique(groups)),
        "difference": found.difference,
        "p_value": found.p_value,
    }
    for name, correct in (("grouped", grouped), ("ungrouped", ungrouped)):
        low, high = accuracy_interval(correct, groups)
        row |= {f"{name}_accuracy": correct.mean(), f"{name}_low": low, f"{name}_high": high}
    pd.DataFrame([row], columns=list(names_of("grouping"))).to_csv(out, index=False)


def _correct(trial: FeatureTrial, data: ShardData) -> tuple[list[str], np.ndarray]:
    """The files, and how often each is classified correctly, shape (1, images)."""
    if trial.settings.classifier is None:
        result = train_head(trial, data, trial.id, quiet=True)
    else:
        result = fit_classifier(trial, data)
    if not result.predictions:
        raise ValueError(f"{trial.id} {result.metrics['status']}: {result.metrics['reason']}")
    return held_out_matrix(pd.DataFrame(result.predictions), [trial.id])


if __name__ == "__main__":
    with script_log(snakemake.log[0]), threadpool_limits(1):
        set_up(snakemake.threads)
        score_grouping(
            job=GroupingJob.model_validate(snakemake.params.job),
            split=Path(snakemake.input.split),
            out=Path(snakemake.output.grouping),
        )
