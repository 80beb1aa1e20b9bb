"""Sizes of images that are not square: names, settings, and the networks that are built."""

import math
from typing import Any

import keras
import pytest

from scenery.config.validation import read_settings
from scenery.errors import UserError
from scenery.image_size import ImageSize, image_size_of, named_size, sides, size_name, size_text
from scenery.models.backbones import build_backbone
from scenery.pipeline.layout import Layout
from scenery.registry.backbone_facts import facts
from scenery.study.features import plain_features
from scenery.study.time_estimate import multiply_adds
from scenery.study.trial_network import check_network


@pytest.mark.parametrize(
    ("size", "name", "text"), [(224, "224", "224 x 224"), ((240, 320), "240x320", "240 x 320")]
)
def test_image_size_name_says_height_and_width(size: ImageSize, name: str, text: str) -> None:
    assert size_name(size) == name
    assert size_text(size) == text
    assert named_size(name) == image_size_of(*sides(size)) == size


def test_image_size_in_paths_keeps_the_names_of_squares() -> None:
    layout = Layout("results")
    assert layout.packed("train", 96).array == "results/data/train/96.npy"
    assert layout.packed("train", (96, 128)).array == "results/data/train/96x128.npy"
    wide = plain_features(read_settings({"image_size": [96, 128]}, "s"))
    assert wide.id.startswith("MobileNet-conv_pw_13_relu-96x128px-average-")


def test_square_written_as_height_and_width_is_the_same_trial() -> None:
    square, pair = (read_settings({"image_size": size}, "s") for size in (96, [96, 96]))
    assert square.digests() == pair.digests()
    assert read_settings({"image_size": [96, 128]}, "s").digests() != square.digests()


@pytest.mark.parametrize("size", [[8, 300], [64], [64, 64, 64], [64.5, 64], [True, 64], [64, "a"]])
def test_image_size_list_that_is_no_height_and_width_has_one_message(size: list[Any]) -> None:
    with pytest.raises(UserError) as error:
        read_settings({"image_size": size}, "s")
    words = "s: image_size: a list is [height, width], two whole numbers from 16 to 2048; found "
    assert str(error.value).startswith(words)
    assert "\n" not in str(error.value)


def test_network_of_images_that_are_not_square() -> None:
    network = build_backbone("MobileNet", (64, 96), "conv_pw_5_relu")
    assert network.input.shape == (None, 64, 96, 3)
    assert network.output.shape == (None, 8, 12, 256)
    # Weights do not depend on the size.
    assert (
        network.count_params()
        == build_backbone("MobileNet", 32, network.layers[-1].name).count_params()
    )
    with pytest.raises(UserError, match=r"image_size: 16x96 is too small for MobileNet, .* 32"):
        build_backbone("MobileNet", (16, 96))


def test_network_for_a_smaller_side_than_it_needs_is_refused() -> None:
    settings = read_settings({"backbone": "ConvNet", "weights": "none", "image_size": [16, 96],
                              "network": {"stages": 6}}, "s")  # fmt: skip
    with pytest.raises(UserError, match=r"needs at least 32 pixels; found 16x96"):
        check_network(settings, "e")
    wide = read_settings({"backbone": "VGG16", "cut": "fc1", "image_size": [224, 240]}, "s")
    with pytest.raises(UserError, match=r"up to fc1 needs 224 pixels, .*; found 224x240"):
        check_network(wide, "e")


def test_multiply_adds_grow_with_the_pixels() -> None:
    native = facts("MobileNet").multiply_adds
    assert native is not None
    assert math.isclose(multiply_adds("MobileNet", (112, 448)), native)


def test_whole_own_network_reads_every_value() -> None:
    network = keras.Model(
        (built := build_backbone("MLP", (8, 12))).input, built.get_layer("values").output
    )
    assert network.output.shape == (None, 1, 1, 8 * 12 * 3)
