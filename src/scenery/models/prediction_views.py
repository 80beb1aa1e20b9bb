"""Views of an image whose predictions are averaged: test-time augmentation.

They are part of the network, so that every program that uses it predicts alike. All layers are
those of Keras.
"""

from collections.abc import Callable, Iterator
from typing import Any

import keras

# Side of a crop as a fraction of the image: 224 of 256 pixels in Krizhevsky et al. (2012).
CROP = 0.875


def average_over_views(predict: Callable[[Any], Any], images: Any, views: str) -> Any:
    """The mean of the class probabilities of all views.

    Args:
        predict: From images to class probabilities.
        images: Keras tensor of shape (images, height, width, channels).
        views: none: the images alone; flip: and their mirror images; ten_crops: the four corners
            and the center, each with its mirror image.
    """
    if views == "none":
        return predict(images)
    found = [predict(one) for one in VIEWS[views](images)]
    return keras.layers.Average(dtype="float32", name="mean_of_views")(found)


def averages_views(model: keras.Model) -> bool:
    """Whether a network predicts the mean over views."""
    return any(layer.name == "mean_of_views" for layer in model.layers)


def _with_mirror_image(images: Any) -> Iterator[Any]:
    yield images
    yield keras.ops.flip(images, axis=2)


def _ten_crops(images: Any) -> Iterator[Any]:
    height, width = images.shape[1:3]
    # Rows and columns that a crop leaves out.
    rows, columns = (side - round(CROP * side) for side in (height, width))
    corners = ((0, 0), (0, columns), (rows, 0), (rows, columns), (rows // 2, columns // 2))
    for top, left in corners:
        edges = ((top, rows - top), (left, columns - left))
        crop = keras.layers.Cropping2D(edges, dtype="float32")
        scale = keras.layers.Resizing(height, width, dtype="float32")
        yield from _with_mirror_image(scale(crop(images)))


VIEWS: dict[str, Callable[[Any], Iterator[Any]]] = {
    "flip": _with_mirror_image,
    "ten_crops": _ten_crops,
}
