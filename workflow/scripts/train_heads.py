"""Train the heads of many trials on features of frozen backbones, in one process.

In: features of train and validation images. Out, one row each:
metrics.csv (trial, status, parameters, validation_accuracy, ...), history.csv (trial, epoch, ...),
predictions.csv (trial, file, class, predicted, confidence, repeat, fold).

A head is scored in folds of all these images, or on the validation images. It is trained in epochs,
or fitted exactly, which leaves no rows in history.csv. Where the config says so, trials are
compared half-way, and those of low scores end there.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from threadpoolctl import threadpool_limits

from scenery.evaluation.trial_batches import TrialResult, run_trials, write_tables
from scenery.evaluation.trial_data import ShardData
from scenery.pipeline.execution import script_log
from scenery.pipeline.jobs.trials import FeatureTrial, FeatureTrialsJob
from scenery.training.hardware import set_up
from scenery.training.head_trials import needs_keras, train_head, train_in_rungs

if TYPE_CHECKING:
    from snakemake.script import snakemake


def train_heads(
    job: FeatureTrialsJob,
    split: Path,
    code: str,
    out_metrics: Path,
    out_history: Path,
    out_predictions: Path,
    threads: int = 1,
) -> None:
    """Train every trial, or read the result of an earlier job, and write the three tables."""
    # TensorFlow has threads of its own, and its models are not made for several.
    threads = 1 if any(needs_keras(trial) for trial in job.trials) else threads
    data = ShardData(split, min(threads, len(job.trials)))

    def run(trial: FeatureTrial, name: str) -> TrialResult:
        return train_head(trial, data, name, quiet=len(job.trials) > 3)

    if job.halving is None:
        results = run_trials(job.trials, run, split, job.finished, code, threads)
    else:
        results = train_in_rungs(job.trials, data, job.halving)
    write_tables(results, out_metrics, out_history, out_predictions)


if __name__ == "__main__":
    # Each trial uses one processor, so that its numbers do not depend on how many there are.
    with script_log(snakemake.log[0]), threadpool_limits(1):
        set_up(snakemake.threads)
        train_heads(
            job=FeatureTrialsJob.model_validate(snakemake.params.job),
            split=Path(snakemake.input.split),
            code=snakemake.params.code,
            out_metrics=Path(snakemake.output.metrics),
            out_history=Path(snakemake.output.history),
            out_predictions=Path(snakemake.output.predictions),
            threads=snakemake.threads,
        )
