"""One experiment's trials as a sortable, searchable HTML page.

In: trials.csv. Out: trials.html, which needs no network.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from scenery.jobs import job
from scenery.presentation.reading import read_trials
from scenery.presentation.tables import trial_tables, write_page

if TYPE_CHECKING:
    from snakemake.script import snakemake


def tabulate_experiment(trials: Path, title: str, out: Path) -> None:
    """Write the page."""
    write_page(out, title, trial_tables(read_trials(trials)))


if __name__ == "__main__":
    with job(snakemake.log[0]):
        tabulate_experiment(
            trials=Path(snakemake.input.trials),
            title=snakemake.params.title,
            out=Path(snakemake.output.html),
        )
