"""Write a data set that the config names: digits of scikit-learn, or one that Keras downloads.

In: nothing but its name.
Out: a folder of class folders of PNG files, within ``train/`` and ``test/`` where the data set has
these partitions.
"""

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from scenery.demo.digits import write_digits
from scenery.pipeline.execution import script_log

if TYPE_CHECKING:
    from snakemake.script import snakemake

log = logging.getLogger("scenery")


def main(name: str, folder: Path) -> None:
    """Fetch and write the images."""
    if name == "digits":
        log.info("digits: %d images", write_digits(folder))
        return
    # Keras takes seconds to import.
    from scenery.demo.keras_datasets import fetch_dataset

    counts = fetch_dataset(name, folder)
    log.info("%s: %d training and %d test images", name, counts["train"], counts["test"])


if __name__ == "__main__":
    with script_log(snakemake.log[0]):
        main(name=snakemake.params.name, folder=Path(snakemake.output.folder))
