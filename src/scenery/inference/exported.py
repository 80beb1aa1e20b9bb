"""An exported model: a folder of files that answers without the study that made it."""

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from scenery.classical import classifiers
from scenery.classical.codebooks import encode, load_codebook
from scenery.classical.handcrafted import Handcrafted, handcrafted_descriptors
from scenery.data.packed_images import PackedImages
from scenery.evaluation.calibration import calibrated
from scenery.inference import final_model, vectors
from scenery.inference.classifier_layers import with_classifier
from scenery.inference.explanation import Parts, split_model
from scenery.inference.final_model import load_final
from scenery.inference.novelty import References, load_references
from scenery.models.feature_extraction import make_extract_fn
from scenery.models.heads import STANDARDIZATION
from scenery.models.inference_engine import Forward
from scenery.models.prediction_views import averages_views
from scenery.pipeline.model_folder import (
    CLASSIFIER,
    CODEBOOK,
    FEATURE_NETWORK,
    NETWORK,
    REFERENCES,
    ModelFacts,
    read_facts,
)


def with_features(network: keras.Model) -> keras.Model:
    """A network that gives its probabilities and the features that they rest on.

    They are what goes into its last dense layer, before they are standardized: standardization
    enlarges what hardly varies among training images, and hides how unlike another image is.
    """
    parts = split_model(network)
    maps = parts.backbone(network.input)
    # The features are those of the image itself.
    answer = network.output if averages_views(network) else parts.head(maps)
    return keras.Model(network.input, [answer, _compared(parts)(maps)])


def _compared(parts: Parts) -> keras.Model:
    """The part of a head up to the features."""
    names = {layer.name for layer in parts.head.layers}
    if STANDARDIZATION not in names or "dense_1" in names:
        return parts.before
    plain = parts.head.get_layer(STANDARDIZATION).input
    if len(plain.shape) == 4:
        plain = keras.layers.GlobalAveragePooling2D()(plain)
    return keras.Model(parts.head.input, plain)


def network_features(network: keras.Model, images: PackedImages) -> np.ndarray:
    """Features as of `with_features`: float32, shape (images, values)."""
    forward = Forward(with_features(network), len(images))
    parts = [np.asarray(forward(batch)[1]) for batch in images.batches(final_model.BATCH)]
    return np.concatenate(parts)


class ExportedModel:
    """A model that answers for batches of images.

    Args:
        folder: Its folder. Files are loaded in Keras' safe mode and by skops: nothing in them can
            run code.
        images: The number of images that will follow, as far as it is known.

    Raises:
        UserError: A file is missing, damaged, or asks for code.

    Attributes:
        facts: The content of model.json.
        network: The network; None of a classical model.
        batch: Images that are given to the model at a time, as `evaluate` does.
    """

    def __init__(self, folder: Path, images: int = 0) -> None:
        self.facts: ModelFacts = read_facts(folder)
        self._images = images
        self.batch = final_model.BATCH
        self._references: References | None = None
        if REFERENCES in self.facts.files:
            self._references = load_references(folder / REFERENCES)
        self.network: keras.Model | None = None
        if self.facts.kind == "network":
            self.network = load_final(folder / NETWORK)
            self._forward: Callable[[tf.Tensor], Any] = Forward(self.network, images)
            return
        self.batch = vectors.BATCH
        self._extractor = self._feature_extractor(folder)
        self._forward = make_extract_fn(self._extractor, images)
        self._classifier = classifiers.load(folder / CLASSIFIER)
        self._codebook = None
        if self.facts.encoding is not None:
            self._codebook = load_codebook(folder / CODEBOOK)

    def _feature_extractor(self, folder: Path) -> keras.Model | Handcrafted:
        made = self.facts.handcrafted
        if made is not None:
            return handcrafted_descriptors(made.name, self.facts.image_size, made.network)
        return load_final(folder / FEATURE_NETWORK)

    def as_network(self) -> keras.Model:
        """One network from images to class probabilities, for other programs.

        Raises:
            ValueError: No network computes the features (see `format_problem`).
        """
        if self.network is not None:
            return self.network
        if not isinstance(self._extractor, keras.Model) or self._codebook is not None:
            raise ValueError("no network computes the features of this model")
        return with_classifier(self._extractor, self._classifier, len(self.facts.classes))

    def features(self, pixels: np.ndarray) -> np.ndarray:
        """What the classifier takes: float32, shape (images, ...).

        Args:
            pixels: uint8 RGB, shape (images, height, width, 3).
        """
        values = np.asarray(self._forward(tf.constant(pixels)))
        encoding = self.facts.encoding
        if self._codebook is not None and encoding is not None:
            values = encode(values, self._codebook, encoding)
        return values

    @property
    def knows_novelty(self) -> bool:
        """Whether it says which photographs are unlike its training images."""
        return self._references is not None

    @property
    def has_sets(self) -> bool:
        """Whether it gives prediction sets: enough images were held out to find a threshold."""
        return bool(self.facts.calibration.temperature and self.facts.calibration.set_probability)

    def prediction_sets(self, probabilities: np.ndarray) -> np.ndarray | None:
        """Whether each class is in the prediction set, shape (images, classes), or None.

        Args:
            probabilities: As of `answers`.
        """
        threshold = self.facts.calibration.set_probability
        if not self.has_sets or threshold is None:
            return None
        return self.calibrated(probabilities) >= threshold

    def calibrated(self, probabilities: np.ndarray) -> np.ndarray:
        """The probabilities with the temperature of held-out images; unchanged if it is not known.

        Args:
            probabilities: As of `answers`.
        """
        return calibrated(probabilities, self.facts.calibration.temperature)

    def answers(self, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """Class probabilities as of `probabilities`, and scores of novelty.

        Scores have shape (images,); above 1 is unlike all training images. None where the folder
        has no training images to compare with.
        """
        if self._references is None:
            return self.probabilities(pixels), None
        probabilities, values = self.with_features(pixels)
        return probabilities, self.novelty(values)

    def novelty(self, values: np.ndarray) -> np.ndarray | None:
        """Scores of novelty as of `answers`, from features as of `with_features`."""
        return None if self._references is None else self._references.scores(values)

    def with_features(self, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Class probabilities as of `probabilities`, and the features that they rest on.

        Features have shape (images, ...): those of `with_features`, or what goes into a classical
        model.
        """
        if self.network is not None:
            found, values = self._both(tf.constant(pixels))
            return np.asarray(found, dtype=np.float64), np.asarray(values)
        values = self.features(pixels)
        classes = len(self.facts.classes)
        return classifiers.probabilities(self._classifier, values, classes), values

    @cached_property
    def _both(self) -> Callable[[tf.Tensor], Any]:
        assert self.network is not None
        return Forward(with_features(self.network), self._images)

    def probabilities(self, pixels: np.ndarray) -> np.ndarray:
        """Class probabilities, float64, shape (images, classes).

        Args:
            pixels: uint8 RGB, shape (images, height, width, 3).
        """
        if self.network is not None:
            return np.asarray(self._forward(tf.constant(pixels)), dtype=np.float64)
        classes = len(self.facts.classes)
        return classifiers.probabilities(self._classifier, self.features(pixels), classes)
