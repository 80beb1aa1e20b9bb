"""The training images that are nearest to a photograph, as the model sees them."""

from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import numpy as np

from scenery.data.images import Pixels
from scenery.data.packed_images import PackedImages, open_packed
from scenery.data.tables import class_names, partition_table, read_split
from scenery.errors import UserError
from scenery.files import file_digest
from scenery.inference.exported import ExportedModel
from scenery.inference.novelty import load_references, reference_places, unit_vectors
from scenery.inference.progress import Progress
from scenery.pipeline.layout import Layout
from scenery.pipeline.model_folder import REFERENCES

NOT_IN_FOLDER = (
    "The folder of a model has no training images. Serve a results folder to see the nearest ones."
)


@dataclass(frozen=True)
class Neighbor:
    """One training image: its file, its class, and the image as the model saw it."""

    file: str
    label: str
    pixels: Pixels


@dataclass(frozen=True)
class TrainingImages:
    """Up to 1,000 training images with their features.

    Attributes:
        images: The images.
        classes: Class names in the order of their numbers.
        vectors: float32, shape (images, values), each of length 1 (or 0).
    """

    images: PackedImages
    classes: tuple[str, ...]
    vectors: np.ndarray

    def nearest(self, values: np.ndarray, count: int) -> list[Neighbor]:
        """The training images whose features have the smallest angle to those of a photograph.

        Args:
            values: Features of one photograph, as of `ExportedModel.with_features`.
            count: How many; fewer where there are fewer.
        """
        alike = self.vectors @ unit_vectors(values[np.newaxis])[0]
        places = np.argsort(-alike, kind="stable")[:count]
        labels = self.images.labels[places]
        return [
            Neighbor(self.images.files[place], self.classes[label], pixels)
            for place, label, pixels in zip(places, labels, self.images.read(places), strict=True)
        ]


def find_training_images(
    results: Path, folder: Path, model: ExportedModel, messages: TextIO
) -> TrainingImages | str:
    """Read the training images of a study, or say why there are none to show.

    Their features are read where the model was exported with `novelty`; otherwise they are
    computed, which takes as long as to classify as many photographs.

    Args:
        results: A results folder, or the folder of a model.
        folder: The folder of the model.
        model: The model.
        messages: Where progress is written.
    """
    if results == folder:
        return NOT_IN_FOLDER
    layout = Layout(str(results))
    split, packed = Path(layout.split), Path(layout.packed("train", model.facts.image_size).array)
    for path in (split, packed):
        if not path.is_file():
            return f"Nearest training images are not shown, since {path.name} is not in the results"
    if file_digest(split) != model.facts.data_digest:
        return "Nearest training images are not shown, since the model is of another data set"
    table = read_split(split)
    rows = partition_table(table, "train")
    rows = rows.iloc[reference_places(len(rows))].reset_index(drop=True)
    try:
        images = open_packed(packed, rows)
    except (ValueError, OSError) as error:
        raise UserError(f"{packed}: cannot be read as images ({error})") from None
    if REFERENCES in model.facts.files:
        vectors = load_references(folder / REFERENCES).vectors
    else:
        vectors = _computed(model, images, messages)
    if len(vectors) != len(images):
        return "Nearest training images are not shown, since the model is of another data set"
    return TrainingImages(images, tuple(class_names(table)), vectors)


def _computed(model: ExportedModel, images: PackedImages, messages: TextIO) -> np.ndarray:
    progress = Progress(len(images), messages)
    parts = []
    for start in range(0, len(images), model.batch):
        places = np.arange(start, min(start + model.batch, len(images)))
        parts.append(unit_vectors(model.with_features(images.read(places))[1]))
        progress.add(len(places))
    progress.end()
    return np.concatenate(parts)
