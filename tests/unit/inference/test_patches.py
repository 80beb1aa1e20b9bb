"""Which parts of images excite the channels of a layer most."""

import keras
import numpy as np
import pytest

from scenery.errors import UserError
from scenery.inference.patches import PATCHES, known_layers, strongest_patches
from scenery.models.backbones import build_backbone

SIZE = 32


@pytest.fixture(scope="module")
def network() -> keras.Model:
    """A layer of which channel 0 gives red and channel 1 green, behind a 4 x 4 mean."""
    image = keras.Input((SIZE, SIZE, 3))
    colors = keras.layers.Conv2D(2, 4, strides=4, use_bias=False, name="colors")
    model = keras.Model(image, colors(image), name="net")
    kernel = np.zeros((4, 4, 3, 2), np.float32)
    kernel[:, :, 0, 0] = kernel[:, :, 1, 1] = 1 / 16
    colors.set_weights([kernel])
    return model


def test_patches_are_around_the_largest_activations(network: keras.Model) -> None:
    pixels = np.zeros((9, SIZE, SIZE, 3), np.uint8)
    # Image n has a red square of brightness 20 n, and image 3 the only green one.
    for number in range(9):
        pixels[number, 8:12, 4 * (number % 8) : 4 * (number % 8) + 4, 0] = 20 * number
    pixels[3, 20:24, 28:32, 1] = 250
    found = strongest_patches(network, ["colors"], pixels)
    channels = found["channels_0"].tolist()
    red, green = channels.index(0), channels.index(1)
    assert found["patches_0"].shape == (2, PATCHES, 4, 4, 3)
    assert found["images_0"][red].tolist() == [8, 7, 6, 5, 4, 3]
    assert found["values_0"][red] == pytest.approx([160, 140, 120, 100, 80, 60])
    assert (found["patches_0"][red, 1] == (140, 0, 0)).all()
    assert found["images_0"][green, 0] == 3
    assert (found["patches_0"][green, 0] == (0, 250, 0)).all()


def test_patches_of_images_that_are_not_square(network: keras.Model) -> None:
    image = keras.Input((32, 64, 3))
    colors = keras.layers.Conv2D(2, 4, strides=4, use_bias=False, name="colors")
    wide = keras.Model(image, colors(image), name="net")
    wide.set_weights(network.get_weights())
    pixels = np.zeros((2, 32, 64, 3), np.uint8)
    pixels[0, 20:24, 52:56, 0] = pixels[1, 8:12, 4:8, 1] = 250
    found = strongest_patches(wide, ["colors"], pixels)
    channels = found["channels_0"].tolist()
    for channel, image, color in ((0, 0, (250, 0, 0)), (1, 1, (0, 250, 0))):
        place = channels.index(channel)
        assert found["images_0"][place, 0] == image
        assert (found["patches_0"][place, 0] == color).all()


def test_patches_of_few_images_and_a_large_receptive_field() -> None:
    keras.utils.set_random_seed(0)
    backbone = build_backbone("SqueezeNet", 64)
    pixels = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3)).astype(np.uint8)
    found = strongest_patches(backbone, ["fire2_concat", "fire9_concat"], pixels)
    assert found["layers"].tolist() == ["fire2_concat", "fire9_concat"]
    assert found["patches_0"].shape[1] == found["patches_1"].shape[1] == 2
    # No patch is larger than the image.
    assert found["patches_0"].shape[2] < found["patches_1"].shape[2] == 64


def test_known_layers_are_those_of_the_backbone(network: keras.Model) -> None:
    assert known_layers(network, []) == []
    assert known_layers(network, ["colors", "block1_conv1"]) == ["colors"]
    with pytest.raises(UserError, match=r"net has no layer 'color' .* did you mean colors"):
        known_layers(network, ["color"])
