"""What the page of `scenery serve` shows of one photograph."""

import base64
import json
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from PIL import Image

from scenery.data.images import FORMATS, Pixels, try_decode_image
from scenery.image_size import sides
from scenery.inference.answers import best_classes
from scenery.inference.explanation import GradCam, grad_cam_layer, split_model
from scenery.inference.exported import ExportedModel
from scenery.inference.nearest_images import Neighbor, find_training_images
from scenery.inference.reading_ahead import as_input
from scenery.reporting.tables import as_jpeg

TOP = 5
NEIGHBORS = 6
SIDE = 320
NEIGHBOR_SIDE = 144
# Share of the heat map where it lies over the picture; the figures of the report have the same.
HEAT_SHARE = 0.55
HEAT_COLORS = "inferno"
# A map of fewer cells says nothing about a place.
MIN_CELLS = 2


class ServedModel:
    """A model that answers for one photograph at a time, and explains its answer.

    Args:
        results: A results folder, or the folder of a model.
        folder: The folder of the model.
        which: Which model it is, in words.
        messages: Where progress is written.

    Raises:
        UserError: The model cannot be used.
    """

    def __init__(self, results: Path, folder: Path, which: str, messages: TextIO) -> None:
        self._model = ExportedModel(folder)
        self._which = which
        self._explainer, self._no_heat = _explainer(self._model)
        found = find_training_images(results, folder, self._model, messages)
        self._training_images = None if isinstance(found, str) else found
        self._no_neighbors = found if isinstance(found, str) else ""
        # TensorFlow builds its graphs now, so that the first photograph takes no longer.
        self._answer(np.zeros((*sides(self._model.facts.image_size), 3), np.uint8))

    def about(self, max_bytes: int) -> str:
        """What the page says before there is a photograph, as JSON.

        Args:
            max_bytes: The largest file that is taken.
        """
        facts = self._model.facts
        return _json(
            {
                "model": self._which,
                "classes": list(facts.classes),
                "max_bytes": max_bytes,
                "formats": list(FORMATS),
                "no_heat": self._no_heat,
                "no_neighbors": self._no_neighbors,
            }
        )

    def answer(self, content: bytes) -> str:
        """The answer for a photograph, as JSON: what is wrong with it, or its classes and pictures.

        Args:
            content: Of an image file.
        """
        facts = self._model.facts
        decoded, problem = try_decode_image(content, facts.max_pixels, facts.white_level)
        if decoded is None:
            return _json({"problem": problem})
        pixels = as_input(decoded, facts)
        # A large photograph need not be kept while the model answers.
        del decoded
        return self._answer(pixels)

    def _answer(self, pixels: Pixels) -> str:
        facts = self._model.facts
        probabilities, values = self._model.with_features(pixels[np.newaxis])
        novelty = self._model.novelty(values)
        sets = self._model.prediction_sets(probabilities)
        best = best_classes(
            "",
            probabilities[0],
            facts.classes,
            TOP,
            None if sets is None else sets[0],
            None if novelty is None else float(novelty[0]),
        )
        return _json(
            {
                "problem": "",
                "classes": list(best.classes),
                "probabilities": list(best.probabilities),
                "prediction_set": best.prediction_set,
                "note": best.note,
                "picture": _address(pixels, SIDE),
                "heat": self._heat(pixels, int(probabilities[0].argmax())),
                "neighbors": [_shown(one) for one in self._nearest(values[0])],
            }
        )

    def _heat(self, pixels: Pixels, label: int) -> str:
        if self._explainer is None:
            return ""
        [heat] = self._explainer.maps(pixels[np.newaxis], [label])
        return _address(_with_heat(pixels, heat), SIDE)

    def _nearest(self, values: np.ndarray) -> list[Neighbor]:
        if self._training_images is None:
            return []
        return self._training_images.nearest(values, NEIGHBORS)


def _explainer(model: ExportedModel) -> tuple[GradCam | None, str]:
    """What explains the answers of a network; or None, and why."""
    if model.network is None:
        return None, "Grad-CAM explains networks; this is a classical model."
    parts = split_model(model.network)
    layer = grad_cam_layer(parts.backbone)
    if layer.size < MIN_CELLS:
        return None, "Grad-CAM needs a feature map; this network has none."
    return GradCam(parts, layer.layer), ""


def _with_heat(pixels: Pixels, heat: np.ndarray) -> Pixels:
    """A heat map, from 0 to 1, over the gray picture: uint8, shape as of the pixels."""
    from matplotlib import colormaps

    smooth = Image.fromarray(heat).resize(pixels.shape[1::-1], Image.Resampling.BILINEAR)
    colors = colormaps[HEAT_COLORS](np.asarray(smooth))[..., :3] * 255
    gray = np.asarray(Image.fromarray(pixels).convert("L"))[..., np.newaxis]
    return (HEAT_SHARE * colors + (1 - HEAT_SHARE) * gray).round().astype(np.uint8)


def _shown(neighbor: Neighbor) -> dict[str, str]:
    picture = _address(neighbor.pixels, NEIGHBOR_SIDE)
    return {"file": neighbor.file, "class": neighbor.label, "picture": picture}


def _address(pixels: Pixels, side: int) -> str:
    """A picture as the address of an `img`, a JPEG of at most `side` pixels a side."""
    picture = Image.fromarray(pixels)
    picture.thumbnail((side, side))
    return "data:image/jpeg;base64," + base64.b64encode(as_jpeg(picture)).decode("ascii")


def _json(value: dict[str, Any]) -> str:
    # In ASCII: names of files may have bytes that are no text.
    return json.dumps(value, ensure_ascii=True, allow_nan=False)
