"""Paint the generated data set: eight classes of outdoor scenes.

In: nothing but the settings.
Out: a folder of class folders, ``<class>/<class>_<number>.png``, numbers from 1.
"""

import logging
from typing import TYPE_CHECKING

from scenery.demo.scenes import SCENE_CLASSES, Difficulty, draw_scenes
from scenery.pipeline.execution import script_log

if TYPE_CHECKING:
    from snakemake.script import snakemake

log = logging.getLogger("scenery")


def main(per_class: int, image_size: int, seed: int, difficulty: Difficulty, folder: str) -> None:
    """Paint the scenes."""
    draw_scenes(folder, per_class, image_size, seed, difficulty)
    log.info("%d scenes of each of %s", per_class, ", ".join(SCENE_CLASSES))


if __name__ == "__main__":
    with script_log(snakemake.log[0]):
        main(
            per_class=snakemake.params.per_class,
            image_size=snakemake.params.image_size,
            seed=snakemake.params.seed,
            difficulty=snakemake.params.difficulty,
            folder=snakemake.output.folder,
        )
