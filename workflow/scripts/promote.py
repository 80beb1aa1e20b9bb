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
from scenery.pipeline.jobs import HalvingPlan
from scenery.study.successive_halving import Ranking, survivors

if TYPE_CHECKING:
    from snakemake.script import snakemake

log = logging.getLogger("scenery")


def promote(metrics: list[Path], plan: HalvingPlan, out: Path) -> None:
    """Rank the trials by validation results and write the ids of the survivors.

    Args:
        metrics: One table of one row per trial, in the order of the config.
        plan: How many go on, and what they are ranked by.
        out: promoted.yaml.
    """
    table = pd.concat([pd.read_csv(path) for path in metrics], ignore_index=True)
    standings = [
        Ranking(
            trial=str(row["trial"]),
            diverged=row["status"] == TrialStatus.DIVERGED,
            accuracy=float(row["validation_accuracy"]),
            loss=float(row["validation_loss"]),
        )
        for row in table.to_dict("records")
    ]
    kept = survivors(standings, plan.halving, plan.choose)
    out.write_text(yaml.safe_dump(kept), encoding="utf-8")
    log.info("%d of %d trials go on", len(kept), len(standings))


if __name__ == "__main__":
    with script_log(snakemake.log[0]):
        promote(
            metrics=[Path(path) for path in snakemake.input.metrics],
            plan=HalvingPlan.model_validate(snakemake.params.halving),
            out=Path(snakemake.output.promoted),
        )
