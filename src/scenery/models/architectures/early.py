"""LeNet-5 and AlexNet up to their last feature map; their dense layers are the head's.

LeNet-5: LeCun, Bottou, Bengio and Haffner (1998), with full connections between its maps, average
pooling without weights and a softmax for its radial basis functions; with the head
`{pooling: flatten, dense: [84], activation: tanh}` it has the 61,706 parameters of its common form
on one channel, and 62,006 on the three of color images.

AlexNet: Krizhevsky, Sutskever and Hinton (2012), in one path instead of two that shared two GPUs,
and without local response normalization; its head is `{pooling: flatten, dense: [4096, 4096],
dropout: 0.5}`. Made for 227 pixels, it takes images from 67 pixels up with the same layers.
"""

from typing import Any

import keras

from scenery.models.architectures.layers import Known, convolution


def lenet5(x: Any, known: Known) -> Any:
    """LeNet-5: three convolutions of 5 x 5 without padding, two average poolings."""
    x = convolution(x, "conv1", 6, 5, known, padding="valid")
    x = keras.layers.AveragePooling2D(2, name="pool1")(x)
    x = convolution(x, "conv2", 16, 5, known, padding="valid")
    x = keras.layers.AveragePooling2D(2, name="pool2")(x)
    return convolution(x, "conv3", 120, 5, known, padding="valid")


def alexnet(x: Any, known: Known) -> Any:
    """AlexNet: five convolutions, three of them with overlapping max pooling behind."""
    x = convolution(x, "conv1", 96, 11, known, strides=4, padding="valid")
    x = keras.layers.MaxPooling2D(3, strides=2, name="pool1")(x)
    x = convolution(x, "conv2", 256, 5, known)
    x = keras.layers.MaxPooling2D(3, strides=2, name="pool2")(x)
    for number, channels in ((3, 384), (4, 384), (5, 256)):
        x = convolution(x, f"conv{number}", channels, 3, known)
    return keras.layers.MaxPooling2D(3, strides=2, name="pool5")(x)
