"""Render every augmentation that the study uses, on a few training images.

In: packed training images. Out: augmentations.npz with the pictures (`pixels`), what was done to
them (`names`), and the renderings (`renderings`).
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from scenery.config.settings import Augment
from scenery.data.packed_images import open_packed
from scenery.data.tables import partition_table, read_split
from scenery.pipeline.execution import script_log
from scenery.training.augmentation import build_augmentation, reseed
from scenery.training.hardware import set_up

if TYPE_CHECKING:
    from snakemake.script import snakemake

SEED = 0
RENDERINGS = 7


def render_augmentations(
    split: Path, array: Path, augmentations: list[dict[str, Any]], out: Path
) -> None:
    """Write the archive.

    Args:
        split: The split.
        array: Packed training images.
        augmentations: Each with `name` and `augment`, its settings.
        out: Archive with `names`, shape (augmentations,); `pixels`, uint8 of shape (augmentations,
            height, width, 3), a picture of another class for each; and `renderings`, uint8 of shape
            (augmentations, 7, height, width, 3).
    """
    training = open_packed(array, partition_table(read_split(split), "train"))
    firsts = np.array([np.flatnonzero(training.labels == one)[0] for one in set(training.labels)])
    names, pixels, renderings = [], [], []
    for number, one in enumerate(augmentations):
        layers = build_augmentation(Augment.model_validate(one["augment"]), SEED)
        if layers is None:
            continue
        picture = training.read(firsts[[number % len(firsts)]])
        batch = tf.cast(np.repeat(picture, RENDERINGS, axis=0), tf.float32)
        reseed(layers, SEED, number + 1)
        changed = np.clip(np.asarray(layers(batch, training=True)).round(), 0, 255)
        names.append(one["name"])
        pixels.append(picture[0])
        renderings.append(changed.astype(np.uint8))
    np.savez_compressed(
        out, names=np.array(names), pixels=np.array(pixels), renderings=np.array(renderings)
    )


if __name__ == "__main__":
    with script_log(snakemake.log[0]):
        set_up(snakemake.threads)
        render_augmentations(
            split=Path(snakemake.input.split),
            array=Path(snakemake.input.images[0]),
            augmentations=snakemake.params.augmentations,
            out=Path(snakemake.output.archive),
        )
