"""Draw an experiment's accuracy against the number of training images.

In: its trials.csv and chosen.yaml, and the split. Out: the figure as SVG and PNG.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from scenery.pipeline.execution import script_log
from scenery.reporting.reading import read_choice, read_split, read_trials
from scenery.reporting.sample_size import sample_size_figure
from scenery.reporting.style import save

if TYPE_CHECKING:
    from snakemake.script import snakemake


def plot_regimes(
    trials: Path,
    chosen: Path,
    split: Path,
    per_class: Mapping[str, int | None],
    title: str,
    svg: Path,
    png: Path,
) -> None:
    """Draw the figure; `per_class` holds images of each class by subset, None for all of them."""
    images = read_split(split)
    train = images[images["partition"] == "train"]
    of_all = len(train) / train["class"].nunique()
    sizes = {name: of_all if size is None else float(size) for name, size in per_class.items()}
    save(sample_size_figure(read_trials(trials), read_choice(chosen), sizes, title), svg, png)


if __name__ == "__main__":
    with script_log(snakemake.log[0]):
        plot_regimes(
            trials=Path(snakemake.input.trials),
            chosen=Path(snakemake.input.chosen),
            split=Path(snakemake.input.split),
            per_class=snakemake.params.per_class,
            title=snakemake.params.title,
            svg=Path(snakemake.output.regimes_svg),
            png=Path(snakemake.output.regimes_png),
        )
