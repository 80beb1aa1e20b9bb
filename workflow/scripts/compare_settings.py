"""Score the scored settings of an experiment over their repeats, and compare them.

In: metrics.json and predictions.csv of each final model, the split. Out: scores.csv (one row for
each scored setting: mean over its final models with an interval; one for the ensemble, if there is
one), comparisons.csv (the chosen setting against its control, the ensemble, and the experiment that
it starts from).
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from scenery.data.tables import file_groups, read_split
from scenery.evaluation.ensembles import score_ensembles
from scenery.evaluation.final_scores import (
    ScoredModels,
    comparison_table,
    correct_answers,
    mean_measures,
    measure_ends,
    score_table,
)
from scenery.evaluation.result_tables import read_results
from scenery.pipeline.execution import script_log
from scenery.pipeline.jobs.final_models import CompareJob, ScoredSetting
from scenery.study.scored import MEMBER

if TYPE_CHECKING:
    from snakemake.script import snakemake


def compare_settings(job: CompareJob, split: Path, out_scores: Path, out_comparisons: Path) -> None:
    """Read the scores of all final models, and write both tables."""
    group_of = file_groups(read_split(split))
    tables = [_predictions(one) for one in job.scored]
    groups = _groups(tables[0], group_of)
    scored = [_scored(*one, groups) for one in zip(job.scored, tables, strict=True)]
    before = [_scored(one, _predictions(one), groups) for one in job.before]
    members = [found for one, found in zip(job.scored, tables, strict=True) if MEMBER in one.roles]
    if len(members) > 1:
        scored.append(score_ensembles(members, scored[0], groups))
    score_table(scored, groups).to_csv(out_scores, index=False)
    comparison_table(scored, before, groups).to_csv(out_comparisons, index=False)


def _predictions(setting: ScoredSetting) -> list[pd.DataFrame]:
    """What each final model of a setting answers for the test images."""
    return [read_results(trial.predictions) for trial in setting.trials]


def _groups(tables: list[pd.DataFrame], group_of: dict[str, int] | None) -> np.ndarray | None:
    """The group of each test image; None without groups."""
    files, _ = correct_answers(tables)
    return None if group_of is None else np.array([group_of[file] for file in files])


def _scored(
    setting: ScoredSetting, tables: list[pd.DataFrame], groups: np.ndarray | None
) -> ScoredModels:
    """The models of a setting with their answers and measures."""
    metrics = [json.loads(trial.metrics.read_text(encoding="utf-8")) for trial in setting.trials]
    return ScoredModels(
        experiment=setting.experiment,
        setting=setting.setting,
        roles=setting.roles,
        training_set=setting.training_set,
        trials=tuple(trial.trial for trial in setting.trials),
        correct=correct_answers(tables)[1],
        training_images=int(metrics[0]["training_images"]),
        measures=mean_measures(metrics) | measure_ends(tables, groups),
    )


if __name__ == "__main__":
    with script_log(snakemake.log[0]):
        compare_settings(
            job=CompareJob.model_validate(snakemake.params.job),
            split=Path(snakemake.input.split),
            out_scores=Path(snakemake.output.scores),
            out_comparisons=Path(snakemake.output.comparisons),
        )
