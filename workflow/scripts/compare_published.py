"""Put published numbers beside what the same settings gave here.

In: an experiment's trials.csv and chosen.yaml, and the published numbers of the config. Out:
published.csv, one row per published number.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scenery.pipeline.execution import job
from scenery.reporting.published import side_by_side
from scenery.reporting.reading import read_choice, read_trials

if TYPE_CHECKING:
    from snakemake.script import snakemake


def compare_published(
    trials: Path, chosen: Path, rows: Sequence[Mapping[str, Any]], out: Path
) -> None:
    """Write the table."""
    images = read_choice(chosen).validation_images
    side_by_side(read_trials(trials), rows, images).to_csv(out, index=False)


if __name__ == "__main__":
    with job(snakemake.log[0]):
        compare_published(
            trials=Path(snakemake.input.trials),
            chosen=Path(snakemake.input.chosen),
            rows=snakemake.params.rows,
            out=Path(snakemake.output.table),
        )
