"""Draw the contact sheet of the augmentations in use.

In: augmentations.npz. Out: augmentations.png.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from scenery.pipeline.execution import script_log
from scenery.reporting.explain_figures import augmentations_figure
from scenery.reporting.style import save

if TYPE_CHECKING:
    from snakemake.script import snakemake


def plot_augmentations(archive: Path, png: Path) -> None:
    """Draw the figure."""
    with np.load(archive, allow_pickle=False) as stored:
        save(augmentations_figure(stored), None, png)


if __name__ == "__main__":
    with script_log(snakemake.log[0]):
        plot_augmentations(
            archive=Path(snakemake.input.archive), png=Path(snakemake.output.augmentations_png)
        )
