"""Fetch a data set that the config names, such as mnist, through Keras' own loader.

In: nothing but its name.
Out: a folder with ``train/`` and ``test/`` of class folders of PNG files.
"""

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from scenery.demo.keras_datasets import fetch_dataset
from scenery.pipeline.execution import script_log

if TYPE_CHECKING:
    from snakemake.script import snakemake

log = logging.getLogger("scenery")


def main(name: str, folder: Path) -> None:
    """Fetch and write the images."""
    counts = fetch_dataset(name, folder)
    log.info("%s: %d training and %d test images", name, counts["train"], counts["test"])


if __name__ == "__main__":
    with script_log(snakemake.log[0]):
        main(name=snakemake.params.name, folder=Path(snakemake.output.folder))
