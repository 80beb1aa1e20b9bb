"""Fetching the data sets that a config may name, through Keras' own loaders."""

from pathlib import Path

import keras

from scenery import quiet_tensorflow  # noqa: F401  # isort: split
from scenery.data.class_folders import write_class_folders
from scenery.errors import UserError
from scenery.registry.datasets import NAMED_DATASETS


def fetch_dataset(name: str, folder: Path) -> dict[str, int]:
    """Have Keras download a data set and write it into ``train/`` and ``test/`` class folders.

    Keras keeps what it downloaded, so that another study does not download it again.

    Args:
        name: a name in `NAMED_DATASETS`.
        folder: where ``train`` and ``test`` go.

    Returns:
        Number of images of each partition.

    Raises:
        UserError: the download failed.
    """
    loader = getattr(keras.datasets, name)
    try:
        train, test = loader.load_data()
    # Keras raises bare Exception where a download fails, ValueError for a wrong digest and
    # OSError for a damaged file.
    except Exception as error:
        reason = " ".join(str(error).split())
        raise UserError(
            f"dataset.path: {name} could not be had ({reason}); run this step once where there is "
            "network access (snakemake --until fetch_dataset), or give a folder of class folders"
        ) from error
    for partition, (images, labels) in (("train", train), ("test", test)):
        write_class_folders(folder / partition, images, labels, NAMED_DATASETS[name])
    return {"train": len(train[0]), "test": len(test[0])}
