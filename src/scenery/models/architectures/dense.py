"""Networks of dense layers: on whole images, and on patches that share their weights."""

from typing import Any

import keras

from scenery.models.architectures.layers import Known, convolution, dense, dropout


def mlp(x: Any, known: Known) -> Any:
    """A multilayer perceptron: dense layers on all values of the image, as a map of one cell."""
    x = keras.layers.Reshape((1, 1, -1), name="values")(x)
    for number, units in enumerate(known["widths"], start=1):
        x = dense(x, f"dense{number}", units, known)
        x = dropout(x, f"dropout{number}", known)
    return x


def patch_mlp(x: Any, known: Known) -> Any:
    """A multilayer perceptron on patches; each position of the map is one patch.

    Its first layer reads all values of a patch, which is a convolution whose kernel is the patch
    and whose strides are those from patch to patch. Patches that would leave the image are not
    taken.
    """
    first, *others = known["widths"]
    size, stride = known["patch_size"], known["stride"]
    x = convolution(x, "dense1", first, size, known, strides=stride, padding="valid")
    x = dropout(x, "dropout1", known)
    for number, units in enumerate(others, start=2):
        x = dense(x, f"dense{number}", units, known)
        x = dropout(x, f"dropout{number}", known)
    return x
