"""Put published numbers beside what the same settings gave here.

In: an experiment's trials.csv and chosen.yaml, and the published numbers of the config. Out:
reference_results.csv, one row per published number.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from scenery.evaluation.reference_results import compare_with_reference
from scenery.evaluation.result_tables import read_results
from scenery.pipeline.execution import script_log

if TYPE_CHECKING:
    from snakemake.script import snakemake


def compare_reference_results(
    trials: Path, chosen: Path, rows: Sequence[Mapping[str, Any]], out: Path
) -> None:
    """Write the table."""
    images = yaml.safe_load(chosen.read_text(encoding="utf-8"))["validation_images"]
    compare_with_reference(read_results(trials), rows, images).to_csv(out, index=False)


if __name__ == "__main__":
    with script_log(snakemake.log[0]):
        compare_reference_results(
            trials=Path(snakemake.input.trials),
            chosen=Path(snakemake.input.chosen),
            rows=snakemake.params.rows,
            out=Path(snakemake.output.table),
        )
