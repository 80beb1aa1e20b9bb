"""Score the scored settings of an experiment over their repeats, and compare them.

In: metrics.json and predictions.csv of each final model, the split. Out: scores.csv (one row for
each scored setting: mean over its final models with an interval), comparisons.csv (the chosen
setting against its control, and against the experiment that it starts from).
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from scenery.data.tables import file_groups, read_split
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
from scenery.pipeline.jobs import CompareJob, ScoredSetting

if TYPE_CHECKING:
    from snakemake.script import snakemake


def compare_settings(job: CompareJob, split: Path, out_scores: Path, out_comparisons: Path) -> None:
    """Read the scores of all final models, and write both tables."""
    group_of = file_groups(read_split(split))
    scored, groups = _read(job.scored, group_of)
    before, _ = _read(job.before, group_of)
    score_table(scored, groups).to_csv(out_scores, index=False)
    comparison_table(scored, before, groups).to_csv(out_comparisons, index=False)


def _read(
    settings: tuple[ScoredSetting, ...], group_of: dict[str, int] | None
) -> tuple[list[ScoredModels], np.ndarray | None]:
    """The models of the settings, and the group of each test image; None without groups."""
    models: list[ScoredModels] = []
    groups: np.ndarray | None = None
    for one in settings:
        tables = [read_results(trial.predictions) for trial in one.trials]
        files, correct = correct_answers(tables)
        groups = None if group_of is None else np.array([group_of[file] for file in files])
        metrics = [json.loads(trial.metrics.read_text(encoding="utf-8")) for trial in one.trials]
        models.append(
            ScoredModels(
                experiment=one.experiment,
                setting=one.setting,
                roles=one.roles,
                training_set=one.training_set,
                trials=tuple(trial.trial for trial in one.trials),
                correct=correct,
                training_images=int(metrics[0]["training_images"]),
                measures=mean_measures(metrics) | measure_ends(tables, groups),
            )
        )
    return models, groups


if __name__ == "__main__":
    with script_log(snakemake.log[0]):
        compare_settings(
            job=CompareJob.model_validate(snakemake.params.job),
            split=Path(snakemake.input.split),
            out_scores=Path(snakemake.output.scores),
            out_comparisons=Path(snakemake.output.comparisons),
        )
