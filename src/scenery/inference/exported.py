"""An exported model: a folder of files that answers without the study that made it."""

from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from scenery.classical import classifiers
from scenery.classical.codebooks import encode, load_codebook
from scenery.classical.dense_sift import DenseSift
from scenery.inference import final_model, vectors
from scenery.inference.final_model import load_final
from scenery.models.feature_extraction import make_extract_fn
from scenery.models.forward import make_forward_fn
from scenery.pipeline.model_folder import (
    CLASSIFIER,
    CODEBOOK,
    FEATURE_NETWORK,
    NETWORK,
    ModelFacts,
    read_facts,
)


class ExportedModel:
    """A model that answers for batches of images.

    Args:
        folder: Its folder. Files are loaded in Keras' safe mode and by skops: nothing in them can
            run code.

    Raises:
        UserError: A file is missing, damaged, or asks for code.

    Attributes:
        facts: The content of model.json.
        batch: Images that are given to the model at a time, as `evaluate` does.
    """

    def __init__(self, folder: Path) -> None:
        self.facts: ModelFacts = read_facts(folder)
        self.batch = final_model.BATCH
        if self.facts.kind == "network":
            self._forward = make_forward_fn(load_final(folder / NETWORK))
            return
        self.batch = vectors.BATCH
        self._forward = make_extract_fn(self._feature_extractor(folder))
        self._classifier = classifiers.load(folder / CLASSIFIER)
        self._codebook = None
        if self.facts.encoding is not None:
            self._codebook = load_codebook(folder / CODEBOOK)

    def _feature_extractor(self, folder: Path) -> keras.Model | DenseSift:
        grid = self.facts.dense_sift
        if grid is not None:
            return DenseSift(self.facts.image_size, grid.step, grid.scales)
        return load_final(folder / FEATURE_NETWORK)

    def features(self, pixels: np.ndarray) -> np.ndarray:
        """What the classifier takes: float32, shape (images, ...).

        Args:
            pixels: uint8 RGB, shape (images, size, size, 3).
        """
        values = np.asarray(self._forward(tf.constant(pixels)))
        encoding = self.facts.encoding
        if self._codebook is not None and encoding is not None:
            values = encode(values, self._codebook, encoding)
        return values

    def probabilities(self, pixels: np.ndarray) -> np.ndarray:
        """Class probabilities, float64, shape (images, classes).

        Args:
            pixels: uint8 RGB, shape (images, size, size, 3).
        """
        if self.facts.kind == "network":
            return np.asarray(self._forward(tf.constant(pixels)), dtype=np.float64)
        classes = len(self.facts.classes)
        return classifiers.probabilities(self._classifier, self.features(pixels), classes)
