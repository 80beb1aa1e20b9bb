"""All trials of a study as a sortable, searchable HTML page.

In: summary.csv. Out: summary.html, which needs no network.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from scenery.pipeline.execution import script_log
from scenery.reporting.reading import read_trials
from scenery.reporting.tables import trial_tables, write_page

if TYPE_CHECKING:
    from snakemake.script import snakemake


def tabulate(summary: Path, out: Path) -> None:
    """Write the page."""
    write_page(out, "All trials of the study", trial_tables(read_trials(summary)))


if __name__ == "__main__":
    with script_log(snakemake.log[0]):
        tabulate(summary=Path(snakemake.input.summary), out=Path(snakemake.output.html))
