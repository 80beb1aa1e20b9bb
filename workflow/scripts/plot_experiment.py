"""Draw an experiment's trials.

In: its trials.csv, history.csv and chosen.yaml. Out: learning curves, and validation accuracy for
everything that was varied, each as SVG and PNG.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from scenery.pipeline.execution import script_log
from scenery.reporting.learning_curves import learning_curves
from scenery.reporting.reading import read_choice, read_history, read_trials
from scenery.reporting.settings_figures import settings_figure
from scenery.reporting.style import save

if TYPE_CHECKING:
    from snakemake.script import snakemake


def plot_experiment(
    trials: Path,
    history: Path,
    chosen: Path,
    title: str,
    learning_curves_svg: Path,
    learning_curves_png: Path,
    settings_svg: Path,
    settings_png: Path,
) -> None:
    """Draw both figures from the tables."""
    table, choice = read_trials(trials), read_choice(chosen)
    curves = learning_curves(table, read_history(history), choice, title)
    save(curves, learning_curves_svg, learning_curves_png)
    save(settings_figure(table, choice, title), settings_svg, settings_png)


if __name__ == "__main__":
    with script_log(snakemake.log[0]):
        plot_experiment(
            trials=Path(snakemake.input.trials),
            history=Path(snakemake.input.history),
            chosen=Path(snakemake.input.chosen),
            title=snakemake.params.title,
            learning_curves_svg=Path(snakemake.output.learning_curves_svg),
            learning_curves_png=Path(snakemake.output.learning_curves_png),
            settings_svg=Path(snakemake.output.settings_svg),
            settings_png=Path(snakemake.output.settings_png),
        )
