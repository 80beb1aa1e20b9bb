"""Write what the study found, which the report shows first.

In: summary; of each experiment its chosen.yaml, history.csv, the metrics and predictions of its
final model, and its test scores and comparisons; divisions.csv, if there is one. Out:
conclusions.rst.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from scenery.pipeline.execution import script_log
from scenery.reporting.conclusions import ExperimentResult
from scenery.reporting.experiment_files import experiment_files, input_paths, read_experiments
from scenery.reporting.report_conclusions import report_conclusions

if TYPE_CHECKING:
    from snakemake.script import snakemake


def write_conclusions(results: Sequence[ExperimentResult], out: Path) -> None:
    """Write the section as reStructuredText."""
    out.write_text(report_conclusions(results), encoding="utf-8")


if __name__ == "__main__":
    with script_log(snakemake.log[0]):
        given = input_paths(dict(snakemake.input.items()))
        write_conclusions(
            results=read_experiments(
                given["summary"][0], experiment_files(given), {}, given["divisions"]
            ),
            out=Path(snakemake.output.conclusions),
        )
