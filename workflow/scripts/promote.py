"""Say which trials of a search are trained on after a comparison half-way.

In: metrics of the trials that were trained so far. Out: promoted.yaml, a list of trial ids.
"""

import logging
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import yaml

from scenery.evaluation.status import TrialStatus
from scenery.pipeline.execution import script_log
from scenery.pipeline.jobs.halving import PromoteJob
from scenery.study.successive_halving import Ranking, survivors_at

if TYPE_CHECKING:
    from snakemake.script import snakemake

log = logging.getLogger("scenery")


def promote(metrics: list[Path], earlier: list[Path], job: PromoteJob, out: Path) -> None:
    """Rank the trials by validation results and write the ids of the survivors.

    Args:
        metrics: One table of one row per trial, in the order of the config.
        earlier: The same for the trials of earlier rounds with which they are compared.
        job: How many go on, and what they are ranked by.
        out: promoted.yaml.
    """
    standings = _standings(metrics)
    kept = survivors_at(
        job.rung, standings, job.brackets, job.halving, job.choose, _standings(earlier)
    )
    out.write_text(yaml.safe_dump(kept), encoding="utf-8")
    log.info("%d of %d trials go on", len(kept), len(standings))


def _standings(metrics: list[Path]) -> list[Ranking]:
    return [
        Ranking(
            trial=str(row["trial"]),
            diverged=row["status"] == TrialStatus.DIVERGED,
            accuracy=float(row["validation_accuracy"]),
            loss=float(row["validation_loss"]),
        )
        for path in metrics
        for row in pd.read_csv(path).to_dict("records")
    ]


if __name__ == "__main__":
    with script_log(snakemake.log[0]):
        promote(
            metrics=[Path(path) for path in snakemake.input.metrics],
            earlier=[Path(path) for path in snakemake.input.get("earlier", [])],
            job=PromoteJob.model_validate(snakemake.params.job),
            out=Path(snakemake.output.promoted),
        )
