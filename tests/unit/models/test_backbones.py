"""The table of backbones against Keras, and the networks built from it."""

import json
import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import keras
import numpy as np
import pytest
from forms import form
from keras import applications
from large_networks import LARGE, MEDIUM, NOT_BUILT

from scenery.errors import UserError
from scenery.models.backbones import (
    BACKBONES,
    IMAGENET_DEVIATION,
    IMAGENET_MEAN,
    build_backbone,
    end_at,
    is_preprocessing,
    preprocess,
)
from scenery.models.truncation import cut_points
from scenery.registry.backbone_facts import facts

NAMES = sorted(set(BACKBONES) - set(NOT_BUILT))
Int = Callable[[str], keras.Model]

# From the publication of each network and Keras' own table.
PARAMETERS = {
    "Xception": 22_910_480,
    "ResNet50": 25_636_712,
    "NASNetMobile": 5_326_716,
    "InceptionV3": 23_851_784,
    "MobileNetV2": 3_538_984,
    "DenseNet121": 8_062_504,
    "ResNet50V2": 25_613_800,
    "EfficientNetB2": 9_177_569,
    "VGG16": 138_357_544,
    "MobileNet": 4_253_864,
    "SqueezeNet": 1_235_496,
    "VGG19": 143_667_240,
    "ResNet101": 44_707_176,
    "ResNet152": 60_419_944,
    "ResNet101V2": 44_675_560,
    "ResNet152V2": 60_380_648,
    "InceptionResNetV2": 55_873_736,
    "DenseNet169": 14_307_880,
    "DenseNet201": 20_242_984,
    "NASNetLarge": 88_949_818,
    "EfficientNetLite0": 4_694_024,
    "EfficientNetB0": 5_330_571,
    "EfficientNetB1": 7_856_239,
    "EfficientNetB3": 12_320_535,
    "EfficientNetB4": 19_466_823,
    "EfficientNetB5": 30_562_527,
    "EfficientNetB6": 43_265_143,
    "EfficientNetB7": 66_658_687,
    "EfficientNetV2B0": 7_200_312,
    "EfficientNetV2B1": 8_212_124,
    "EfficientNetV2B2": 10_178_374,
    "EfficientNetV2B3": 14_467_622,
    "EfficientNetV2S": 21_612_360,
    "EfficientNetV2M": 54_431_388,
    "EfficientNetV2L": 119_027_848,
    "MobileNetV3Small": 2_554_968,
    "MobileNetV3Large": 5_507_432,
    "ConvNeXtTiny": 28_589_128,
    "ConvNeXtSmall": 50_223_688,
    "ConvNeXtBase": 88_591_464,
    "ConvNeXtLarge": 197_767_336,
    "ConvNeXtXLarge": 350_196_968,
}
# Preprocessed as tests of their own say.
OWN = {"SqueezeNet", "EfficientNetLite0", *(f"EfficientNetB{number}" for number in range(8))}
# Keras' networks that hold their preprocessing, and its mean and deviation.
TO_ONE = (127.5, 127.5)
TO_IMAGENET = (255 * np.array(IMAGENET_MEAN), 255 * np.array(IMAGENET_DEVIATION))
INSIDE = {
    "MobileNetV3Small": TO_ONE,
    "MobileNetV3Large": TO_ONE,
    "EfficientNetV2B0": TO_IMAGENET,
    "EfficientNetV2S": (128, 128),
    "ConvNeXtTiny": TO_IMAGENET,
}

MODULES = {
    "Xception": applications.xception,
    "ResNet50": applications.resnet50,
    "NASNetMobile": applications.nasnet,
    "InceptionV3": applications.inception_v3,
    "MobileNetV2": applications.mobilenet_v2,
    "DenseNet121": applications.densenet,
    "ResNet50V2": applications.resnet_v2,
    "VGG16": applications.vgg16,
    "MobileNet": applications.mobilenet,
}

LARGE_MODULES = {
    "VGG19": applications.vgg19,
    "ResNet101": applications.resnet,
    "ResNet152": applications.resnet,
    "ResNet101V2": applications.resnet_v2,
    "ResNet152V2": applications.resnet_v2,
    "InceptionResNetV2": applications.inception_resnet_v2,
    "DenseNet169": applications.densenet,
    "DenseNet201": applications.densenet,
    "NASNetLarge": applications.nasnet,
    "MobileNetV3Small": applications.mobilenet_v3,
    "MobileNetV3Large": applications.mobilenet_v3,
    **{name: applications.efficientnet_v2 for name in BACKBONES if "EfficientNetV2" in name},
    **{name: applications.convnext for name in BACKBONES if "ConvNeXt" in name},
}
ALL_MODULES = MODULES | LARGE_MODULES


def some_images(size: int, count: int = 2) -> np.ndarray:
    return np.random.default_rng(0).uniform(0, 255, (count, size, size, 3)).astype("float32")


def entering(network: keras.Model) -> keras.Model:
    """What reaches the first layer of the network itself."""
    first = next(layer for layer in network.layers if not is_preprocessing(layer))
    return keras.Model(network.input, first.input)


@pytest.mark.parametrize("name", form(["MobileNet", "SqueezeNet"], NAMES))
def test_parameters_with_top(name: str) -> None:
    network = BACKBONES[name].constructor(weights=None)
    assert network.count_params() == PARAMETERS[name] == BACKBONES[name].parameters


@pytest.mark.parametrize("name", [*LARGE, *MEDIUM])
def test_parameters_of_large_networks(name: str) -> None:
    # The generated table holds those of the built network without its top, which is one dense
    # layer on the pooled map; VGG16 and VGG19 have three on the flattened one.
    last = facts(name).cut_points[-1]
    assert last.parameters is not None
    widths = [last.channels, 1000]
    if name in ("VGG16", "VGG19"):
        widths = [last.size**2 * last.channels, 4096, 4096, 1000]
    if name == "MobileNetV3Large":
        widths = [last.channels, 1280, 1000]
    top = sum((below + 1) * above for below, above in pairwise(widths))
    assert last.parameters + top == PARAMETERS[name] == BACKBONES[name].parameters
    assert facts(name).smallest_size == BACKBONES[name].smallest_size


@pytest.mark.parametrize("name", [name for name in NOT_BUILT if name in ALL_MODULES])
def test_preprocessing_of_large_networks_is_that_of_keras(name: str) -> None:
    images = keras.Input((32, 32, 3))
    prepared = keras.Model(images, preprocess(images, BACKBONES[name].preprocessing))
    expected = ALL_MODULES[name].preprocess_input(some_images(32))
    found = np.asarray(prepared(some_images(32)))
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-4)
    assert BACKBONES[name].constructor is getattr(applications, name)


@pytest.mark.parametrize("name", NAMES)
def test_whole_network_takes_native_images_and_gives_a_map(name: str, whole: Int) -> None:
    network, size = whole(name), BACKBONES[name].native_size
    assert network.input.shape == (None, size, size, 3)
    assert len(network.output.shape) == 4
    assert network.name == name
    assert not [layer for layer in network.layers if isinstance(layer, keras.Model)]


@pytest.mark.parametrize("name", NAMES)
def test_smallest_size(name: str) -> None:
    smallest = BACKBONES[name].smallest_size
    network = build_backbone(name, smallest)
    assert min(network.output.shape[1:]) >= 1
    with pytest.raises(UserError, match=f"image_size: {smallest - 1} .*{name}.*{smallest}"):
        build_backbone(name, smallest - 1)


@pytest.mark.parametrize("name", sorted({*MODULES} & {*NAMES}))
def test_preprocessing_is_that_of_keras(name: str, whole: Int) -> None:
    images = some_images(BACKBONES[name].native_size)
    expected = MODULES[name].preprocess_input(images.copy())
    np.testing.assert_allclose(
        np.asarray(entering(whole(name))(images)), expected, rtol=1e-5, atol=1e-4
    )
    # The images are told apart from unscaled ones, or the comparison would say nothing.
    assert np.abs(expected - images).max() > 50


def test_preprocessing_of_squeezenet_is_blue_green_red_minus_mean(whole: Int) -> None:
    images = some_images(224)
    expected = images[..., ::-1] - np.array([103.939, 116.779, 123.68], "float32")
    found = np.asarray(entering(whole("SqueezeNet"))(images))
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_preprocessing_of_efficientnet_divides_by_the_deviation(whole: Int) -> None:
    images = some_images(260)
    expected = (images / 255 - np.array(IMAGENET_MEAN)) / np.array(IMAGENET_DEVIATION)
    found = np.asarray(entering(whole("EfficientNetB2"))(images))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", form(["MobileNetV3Small"], [*INSIDE]))
def test_preprocessing_inside_of_networks(name: str) -> None:
    images = some_images(32)
    mean, deviation = INSIDE[name]
    found = np.asarray(entering(build_backbone(name, 32))(images))
    np.testing.assert_allclose(found, (images - mean) / deviation, rtol=1e-4, atol=1e-5)


def test_every_application_of_keras_is_a_backbone() -> None:
    found = {name for name in vars(applications) if name[0].isupper()}
    assert len(found) == 40
    assert found <= set(BACKBONES)


def test_every_kind_of_preprocessing_is_tested() -> None:
    assert {*MODULES, *LARGE_MODULES, *OWN} == set(BACKBONES)


def test_resnext_is_said_to_be_out() -> None:
    with pytest.raises(UserError, match=r"ResNeXt is out: Keras does not ship it"):
        build_backbone("ResNeXt50", 224)


def test_preprocessing_keeps_32_bits_under_mixed_precision() -> None:
    keras.config.set_dtype_policy("mixed_float16")
    try:
        network = build_backbone("SqueezeNet", 32)
        first = keras.Model(network.input, network.get_layer("preprocess_scale").output)
        assert first.output.dtype == "float32"
        assert network.get_layer("conv1").compute_dtype == "float16"
    finally:
        keras.config.set_dtype_policy("float32")


@pytest.mark.parametrize("name", NAMES)
def test_every_cut_network_builds(name: str, whole: Int) -> None:
    points = cut_points(whole(name))
    assert len(points) > 1
    for point in points:
        cut = end_at(whole(name), point.layer)
        assert cut.layers[-1].name == point.layer
        assert cut.output.shape == (None, point.size, point.size, point.channels)
        assert cut.count_params() == point.parameters


def test_names_do_not_depend_on_what_was_built_before(whole: Int) -> None:
    first = [operation.name for operation in whole("InceptionV3").operations]
    second = [operation.name for operation in build_backbone("InceptionV3", 299).operations]
    assert first == second
    assert {"conv2d", "conv2d_93", "batch_normalization_93"} < set(first)


def test_weights_depend_on_the_seed_alone() -> None:
    def weights(seed: int) -> list[np.ndarray]:
        keras.utils.set_random_seed(seed)
        return list(build_backbone("MobileNet", 32, "conv_pw_2_relu").get_weights())

    first, second, other = weights(0), weights(0), weights(1)
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
    assert not np.array_equal(first[0], other[0])


@pytest.mark.parametrize(
    ("name", "cut", "words"),
    [
        ("mobilenet", None, r"'mobilenet' is not known; did you mean MobileNet"),
        ("Quux", None, r"'Quux' is not known; known are .*Xception"),
        ("MobileNet", "conv_pw12_relu", r"no layer 'conv_pw12_relu'; did you mean conv_pw_12_relu"),
        ("MobileNet", "preprocess_scale", r"no layer 'preprocess_scale'"),
        ("MobileNet", "images", r"no layer 'images'"),
    ],
)
def test_unknown_names_are_a_users_mistake(name: str, cut: str | None, words: str) -> None:
    with pytest.raises(UserError, match=words):
        build_backbone(name, 224, cut)


LOADER = """
import json, sys
import keras, numpy as np
for path in json.loads(sys.argv[1]):
    model = keras.models.load_model(path, safe_mode=True)
    np.save(path + ".npy", model.predict(np.load(path + ".in.npy"), verbose=0))
assert not any(name.startswith("scenery") for name in sys.modules)
"""


def test_saved_networks_load_without_this_code(tmp_path: Path) -> None:
    few = {
        "EfficientNetB0": "block1a_activation",
        "MobileNet": "conv_pw_1_relu",
        "SqueezeNet": "fire3_concat",
    }
    more = {
        "EfficientNetB2": "block1a_activation",
        "ResNet50": "conv2_block1_out",
        "DenseNet121": "pool1",
        "NASNetMobile": "stem_bn1",
    }
    cuts = form(few, few | more | {"SqueezeNet": None})
    expected, paths = {}, []
    for name, cut in cuts.items():
        network, path = build_backbone(name, 64, cut), str(tmp_path / f"{name}.keras")
        images = some_images(64)
        network.save(path)
        np.save(f"{path}.in.npy", images)
        expected[path] = np.asarray(network(images))
        paths.append(path)
    subprocess.run([sys.executable, "-c", LOADER, json.dumps(paths)], check=True, cwd=tmp_path)
    for path in paths:
        np.testing.assert_allclose(np.load(f"{path}.npy"), expected[path], rtol=1e-5, atol=1e-5)
