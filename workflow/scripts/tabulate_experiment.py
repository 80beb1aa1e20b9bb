"""One experiment's trials as a sortable, searchable HTML page.

In: trials.csv, selection.csv, and reference_results.csv if there is one. Out: trials.html, which
needs no network.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from scenery.evaluation.result_tables import with_reference_results, with_selection
from scenery.pipeline.execution import script_log
from scenery.reporting.reading import read_reference_results, read_selection, read_trials
from scenery.reporting.reference_results import reference_results_page_table
from scenery.reporting.tables import trial_tables, write_page

if TYPE_CHECKING:
    from snakemake.script import snakemake


def tabulate_experiment(
    trials: Path, selection: Path, references: Path | None, title: str, out: Path
) -> None:
    """Write the page; `references` is None without reference results."""
    table = with_selection(read_trials(trials), read_selection(selection))
    if references is None:
        write_page(out, title, trial_tables(table))
        return
    numbers = read_reference_results(references)
    tables = trial_tables(with_reference_results(table, numbers))
    write_page(out, title, [reference_results_page_table(numbers), *tables])


if __name__ == "__main__":
    with script_log(snakemake.log[0]):
        tabulate_experiment(
            trials=Path(snakemake.input.trials),
            selection=Path(snakemake.input.selection),
            references=next(map(Path, snakemake.input[2:]), None),
            title=snakemake.params.title,
            out=Path(snakemake.output.html),
        )
