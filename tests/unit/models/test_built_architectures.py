"""Scenery's own networks: what the study knows of them, and what they compute."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scenery.config.head import Head
from scenery.data.packed_images import PackedImages
from scenery.errors import UserError
from scenery.image_size import ImageSize, image_size_of
from scenery.models.backbones import LUMA, build_backbone, may_end_at
from scenery.models.heads import build_head
from scenery.models.input_statistics import fit_input_statistics
from scenery.models.truncation import LayerGraph
from scenery.models.truncation import cut_points as built_cut_points
from scenery.models.weights import load_weights, save_weights
from scenery.registry.architecture_outlines import architecture_outline
from scenery.registry.backbone_facts import facts, own_names
from scenery.registry.custom_architectures import ARCHITECTURES, Network
from scenery.registry.layers import Pooling
from scenery.registry.options import ACTIVATIONS, INITIALIZERS

COMMON: dict[str, Any] = {
    "batch_norm": st.booleans(),
    "activation": st.sampled_from(["relu", "maxout"]),
    "dropout": st.sampled_from([0.0, 0.5]),
}
STAGES = st.integers(1, 4)
CHOICES: dict[str, dict[str, Any]] = {
    "MLP": {"widths": st.lists(st.integers(1, 5), min_size=1, max_size=3)},
    "PatchMLP": {
        "widths": st.lists(st.integers(1, 5), min_size=1, max_size=3),
        "patch_size": st.integers(1, 16),
        "stride": st.integers(1, 20),
    },
    "LeNet5": {},
    "AlexNet": {},
    "ConvNet": {
        "stages": STAGES,
        "depth": st.integers(5, 14),
        "channels": st.integers(1, 4),
        "kernel_size": st.sampled_from([1, 3, 5]),
        "convolution": st.sampled_from(["plain", "separable"]),
        "downsampling": st.sampled_from(["pooling", "strides"]),
        "residual": st.booleans(),
    },
    "InceptionNet": {"stages": STAGES, "blocks": st.integers(1, 2), "channels": st.just(16)},
    "DenseBlockNet": {"stages": STAGES, "layers": st.integers(1, 3), "growth": st.integers(1, 3)},
}


@st.composite
def networks(draw: Any) -> tuple[str, Network, ImageSize]:
    name = draw(st.sampled_from(sorted(CHOICES)))
    options = ARCHITECTURES[name].model_fields
    known = {k: v for k, v in {**COMMON, **CHOICES[name]}.items() if k in options}
    values = draw(st.fixed_dictionaries({}, optional=known))
    if values.get("activation") == "maxout" and (values.get("residual") or name == "DenseBlockNet"):
        del values["activation"]
    network = Network(**values)
    smallest = facts(name, network, 4000).smallest_size
    side = st.integers(smallest, max(smallest, 16) + 60)
    return name, network, draw(side | st.tuples(side, side).map(lambda both: image_size_of(*both)))


@settings(
    max_examples=25, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
@given(networks())
def test_outline_agrees_with_the_built_network(case: tuple[str, Network, ImageSize]) -> None:
    name, options, size = case
    known, network = facts(name, options, size), build_backbone(name, size, None, options)
    graph = LayerGraph(network)
    assert [(p.layer, p.size, p.channels) for p in known.cut_points] == [
        (p.layer, p.size, p.channels) for p in built_cut_points(network)
    ]
    expected: dict[str, str | None] = {}
    for place in graph.bottlenecks(len(graph.operations) - 1):
        if may_end_at(graph.operations[place]):
            points = graph.cut_points(place)
            below = points[-2].layer if len(points) > 1 else None
            expected[graph.operations[place].name] = below
    assert known.below == expected


def built(name: str, size: int, **values: Any) -> keras.Model:
    keras.utils.set_random_seed(1)
    return build_backbone(name, size, None, Network(**values))


def with_weights(network: keras.Model) -> list[str]:
    kinds = (keras.layers.Conv2D, keras.layers.SeparableConv2D, keras.layers.Dense)
    layers = [layer.name for layer in network.layers if isinstance(layer, kinds)]
    return [name for name in layers if not name.endswith("_shortcut")]


def test_parameters_agree_with_the_publications() -> None:
    # LeNet-5 on colors: 456 + 2,416 + 48,120, and 84 and 10 units on its 120 values.
    lenet = built("LeNet5", 32)
    assert lenet.output.shape == (None, 1, 1, 120)
    assert lenet.count_params() + (121 * 84) + (85 * 10) == 62_006
    # AlexNet's convolutions in one path, as in its author's later paper.
    alexnet = built("AlexNet", 227)
    assert alexnet.output.shape == (None, 6, 6, 256)
    assert alexnet.count_params() == 34_944 + 614_656 + 885_120 + 1_327_488 + 884_992
    # 20 layers in three stages of 16, 32 and 64 channels: He et al. (2016) say 0.27 million.
    residual = {"depth": 20, "channels": 16, "downsampling": "strides", "batch_norm": True}
    network = built("ConvNet", 32, **residual, residual=True)
    assert network.count_params() + 65 * 10 == pytest.approx(270_000, rel=0.02)


@pytest.mark.parametrize("depth", [4, 5, 8, 20, 60])
@pytest.mark.parametrize("residual", [False, True])
def test_depth_is_the_number_of_layers_with_weights(depth: int, residual: bool) -> None:
    network = built("ConvNet", 16, depth=depth, channels=2, residual=residual)
    # The classifier is the last of them.
    assert len(with_weights(network)) + 1 == depth
    additions = [layer for layer in network.layers if isinstance(layer, keras.layers.Add)]
    assert bool(additions) == (residual and depth > 5)
    if depth >= 20 and residual:
        # All but the first layer and one of each stage with an odd number of them.
        assert len(additions) >= (depth - 1 - 3) // 2


def test_options_give_the_kinds_of_layers() -> None:
    separable = built("ConvNet", 16, convolution="separable")
    kinds = [type(layer).__name__ for layer in separable.layers]
    assert (kinds.count("Conv2D"), kinds.count("SeparableConv2D")) == (1, 6)
    dilated = built("ConvNet", 16, dilation=2, kernel_size=5)
    layers = [layer for layer in dilated.layers if isinstance(layer, keras.layers.Conv2D)]
    assert {(layer.dilation_rate, layer.kernel_size) for layer in layers} == {((2, 2), (5, 5))}
    strided = built("ConvNet", 16, downsampling="strides")
    assert not [layer for layer in strided.layers if "Pool" in type(layer).__name__]
    assert strided.output.shape[1:] == built("ConvNet", 16).output.shape[1:] == (4, 4, 128)
    growing = built("DenseBlockNet", 16, stages=2, layers=3, growth=4)
    assert growing.output.shape[1:] == (8, 8, (8 + 3 * 4) // 2 + 3 * 4)


def test_patch_mlp_applies_the_same_weights_to_each_patch() -> None:
    network = built("PatchMLP", 24, widths=[7, 5], patch_size=8, stride=4)
    assert network.output.shape == (None, 5, 5, 5)
    assert network.count_params() == (8 * 8 * 3 + 1) * 7 + 8 * 5
    images = np.random.default_rng(0).uniform(0, 255, (1, 24, 24, 3)).astype("float32")
    before = np.asarray(network(images))
    # The patch at row 1, column 2 begins at pixel (4, 8); the same pixels elsewhere answer alike.
    moved = images.copy()
    moved[:, :8, :8] = images[:, 4:12, 8:16]
    after = np.asarray(network(moved))
    np.testing.assert_allclose(after[0, 0, 0], before[0, 1, 2], rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(after[0, 4], before[0, 4])


def test_maxout_gives_the_larger_of_two_channels() -> None:
    network = built("MLP", 16, widths=[4], activation="maxout")
    images = np.random.default_rng(0).uniform(0, 255, (3, 16, 16, 3)).astype("float32")
    both = keras.Model(network.input, network.get_layer("dense1").output)
    values = np.asarray(both(images))
    found = np.asarray(network(images))
    np.testing.assert_array_equal(found, np.maximum(values[..., :4], values[..., 4:]))


@pytest.mark.parametrize("name", own_names())
def test_architecture_saved_and_loaded_predicts_the_same(name: str, tmp_path: Path) -> None:
    size = max(facts(name).smallest_size, 16)
    values = {"activation": "maxout"} if name != "DenseBlockNet" else {"dropout": 0.2}
    first, second = (built(name, size, **values) for _ in range(2))
    for a, b in zip(first.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    images = np.random.default_rng(0).uniform(0, 255, (2, size, size, 3)).astype("float32")
    expected = np.asarray(first(images))
    assert expected.std() > 0
    path = tmp_path / "network.keras"
    first.save(path)
    loaded = keras.models.load_model(path, compile=False, safe_mode=True)
    np.testing.assert_allclose(np.asarray(loaded(images)), expected, rtol=1e-5, atol=1e-6)
    keras.utils.set_random_seed(2)
    other = np.asarray(build_backbone(name, size, None, Network(**values))(images))
    assert not np.allclose(other, expected)


@pytest.mark.parametrize("kernel_initializer", INITIALIZERS)
def test_initializer_is_that_of_keras(kernel_initializer: str) -> None:
    network = built("ConvNet", 16, depth=4, kernel_initializer=kernel_initializer)
    kernel = network.get_layer("stage1_conv1").get_weights()[0]
    assert (kernel.std() > 0) == (kernel_initializer != "zeros")
    made = network.get_layer("stage1_conv1").kernel_initializer
    assert type(made) is type(keras.initializers.get(kernel_initializer))


CLASSROOM = [
    (
        "ConvNet", 28, {"channels": [32, 64, 64], "padding": "valid", "color_mode": "grayscale"},
        {"dense": (64,)}, 10, 93_322,
    ),
    (
        "ConvNet", 150,
        {"channels": [32, 64, 128, 128], "padding": "valid", "final_pooling": True},
        {"dense": (512,), "class_mode": "binary"}, 2, 3_453_121,
    ),
    ("LeNet5", 32, {"color_mode": "grayscale"}, {"dense": (84,)}, 10, 61_706),
    ("LeNet5", 28, {"color_mode": "grayscale", "padding": "same"}, {"dense": (84,)}, 10, 61_706),
]  # fmt: skip


@pytest.mark.parametrize(("name", "size", "values", "head", "classes", "parameters"), CLASSROOM)
def test_classroom_network_has_its_number_of_parameters(
    name: str, size: int, values: dict[str, Any], head: dict[str, Any], classes: int,
    parameters: int,
) -> None:  # fmt: skip
    backbone = built(name, size, **values)
    top = Head(pooling="flatten", standardize=False, **head)
    network = build_head(backbone.output.shape[1:], classes, top)
    assert backbone.count_params() + network.count_params() == parameters


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("ConvNet", {"channels": [8, 16], "padding": "valid", "final_pooling": True}),
        ("ConvNet", {"pooling": "l2", "depth": 4}),
        ("ConvNet", {"pooling": "average", "dilation": 2, "padding": "valid", "depth": 4}),
        ("ConvNet", {"pooling": "none", "stages": 2, "depth": 3, "color_mode": "grayscale"}),
        ("InceptionNet", {"form": "naive", "stages": 2, "blocks": 1}),
        ("DenseBlockNet", {"bottleneck": True, "layers": 2, "stages": 2}),
        ("MLP", {"color_mode": "grayscale", "widths": [8]}),
    ],
)
def test_outline_of_a_form_is_that_of_the_built_network(name: str, values: dict[str, Any]) -> None:
    network = built(name, 32, **values)
    last = architecture_outline(name, Network(**values), 32)[-1]
    assert (last.layer, last.size, last.size, last.channels) == (
        network.layers[-1].name, *network.output.shape[1:]
    )  # fmt: skip
    images = np.random.default_rng(0).uniform(0, 255, (2, 32, 32, 3)).astype("float32")
    assert np.isfinite(network(images)).all()


def test_naive_inception_keeps_the_channels_of_its_pooling() -> None:
    naive = built("InceptionNet", 16, form="naive", stages=1, blocks=2, channels=16)
    # Each block: 14 filters and the channels that it reads.
    assert naive.output.shape[-1] == 16 + 14 + 14


def test_bottleneck_narrows_to_four_times_the_growth() -> None:
    network = built("DenseBlockNet", 16, bottleneck=True, layers=1, stages=1, growth=6)
    assert network.get_layer("stage1_layer1_bottleneck").filters == 24
    assert network.get_layer("stage1_layer1_conv").filters == 6


def test_l2_pooling_is_the_norm_of_each_window() -> None:
    x = np.random.default_rng(0).normal(size=(1, 4, 4, 2)).astype("float32")
    found = Pooling("pool", 2, 2, how="l2").build(x)
    blocks = x.reshape(1, 2, 2, 2, 2, 2).transpose(0, 1, 3, 2, 4, 5)
    expected = np.sqrt((blocks**2).sum(axis=(3, 4)))
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_grayscale_network_reads_the_luminance() -> None:
    network = built("MLP", 16, color_mode="grayscale", widths=[4])
    gray = np.random.default_rng(0).uniform(0, 255, (1, 16, 16, 1)).astype("float32")
    color = np.concatenate([gray + 58.7, gray, gray], axis=-1)
    # A change of green by 0.299 / 0.587 of that of red is as bright.
    as_bright = np.concatenate([gray, gray + 29.9, gray], axis=-1)
    np.testing.assert_allclose(network(color), network(as_bright), rtol=1e-3, atol=1e-3)
    assert not np.allclose(network(color), network(np.repeat(gray, 3, axis=-1)), atol=1e-3)


def test_list_gives_each_layer_its_value() -> None:
    network = built(
        "LeNet5", 32, activation=["relu", "softsign", "leaky_relu"], negative_slope=0.1,
        kernel_initializer=["uniform", "zero", "lecun_uniform"],
    )  # fmt: skip
    convolutions = [network.get_layer(f"conv{number}") for number in (1, 2, 3)]
    assert [type(layer.kernel_initializer).__name__ for layer in convolutions] == [
        "RandomUniform", "Zeros", "LecunUniform"
    ]  # fmt: skip
    first, second, third = (network.get_layer(f"conv{n}_activation") for n in (1, 2, 3))
    assert first.activation is keras.activations.relu
    assert second.activation is keras.activations.softsign
    assert third.negative_slope == pytest.approx(0.1)
    inception = built("InceptionNet", 16, stages=1, blocks=1, activation=["tanh"] * 7)
    assert inception.get_layer("stage1_block1_1x1_activation").activation is keras.activations.tanh


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_activation_is_that_of_keras(activation: str) -> None:
    network = built("ConvNet", 16, depth=4, activation=activation)
    layer = network.get_layer("stage1_conv1_activation")
    assert layer.activation is keras.activations.get(activation)


@pytest.mark.parametrize(
    ("name", "size", "values", "message"),
    [
        ("LeNet5", 31, {}, "LeNet5 with these options needs at least 32 pixels; found 31"),
        ("AlexNet", 64, {}, "needs at least 67 pixels; found 64"),
        ("ConvNet", 16, {"stages": 6, "depth": 9}, "needs at least 32 pixels; found 16"),
        ("ConvNet", 64, {"stages": 6, "depth": 6}, "6 layers .* too few for 6 stages; .* 7"),
        ("PatchMLP", 24, {"patch_size": 25}, "needs at least 25 pixels; found 24"),
        ("InceptionNet", 64, {"channels": 24}, "multiple of 16; found 24"),
        ("DenseBlockNet", 64, {"activation": "maxout"}, "DenseBlockNet must keep"),
        ("ConvNet", 64, {"channels": [8, 8], "stages": 3}, "one value for each of the 3 stages"),
        ("ConvNet", 64, {"padding": "valid", "residual": True}, "which residual must keep"),
        ("LeNet5", 32, {"activation": ["relu"]}, "has 3 such layers; found 1 values"),
        ("MLP", 32, {"kernel_initializer": ["zero"] * 3}, "has 2 such layers; found 3 values"),
    ],
)
def test_build_and_facts_with_wrong_options_are_refused(
    name: str, size: int, values: dict[str, Any], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        build_backbone(name, size, None, Network(**values))
    with pytest.raises(UserError, match=message):
        facts(name, Network(**values), size)


def packed(pixels: np.ndarray) -> PackedImages:
    places, files = np.arange(len(pixels)), tuple(map(str, range(len(pixels))))
    return PackedImages((pixels,), np.zeros(len(pixels), np.int64), places, places, files)


@pytest.mark.parametrize("scaling", ["featurewise", "featurewise_center"])
@pytest.mark.parametrize("color_mode", ["rgb", "grayscale"])
def test_featurewise_scaling_is_by_statistics_of_the_training_images(
    scaling: str, color_mode: str, tmp_path: Path
) -> None:
    options = Network(widths=[3], scaling=scaling, color_mode=color_mode)
    network = build_backbone("MLP", 4, options=options)
    rng = np.random.default_rng(0)
    # More images than are read at a time, and a channel of one value.
    training = np.concatenate(
        [rng.integers(0, high, (20, 4, 4, 1)) for high in (256, 100)]
        + [np.full((20, 4, 4, 1), 7)], axis=-1,
    ).astype(np.uint8)  # fmt: skip
    fit_input_statistics(network, packed(training))
    values = training.astype(np.float64)
    if color_mode == "grayscale":
        values = (values @ np.array(LUMA))[..., np.newaxis]
    wanted = values - values.mean(axis=(0, 1, 2))
    if scaling == "featurewise":
        deviation = values.std(axis=(0, 1, 2))
        wanted /= np.where(deviation == 0, 1, deviation)
    first = next(layer for layer in network.layers if isinstance(layer, keras.layers.Reshape))
    pixels = training.astype(np.float32)
    # They do not follow the batches of training.
    scaled = keras.Model(network.input, first.input)(pixels[:5], training=True)
    np.testing.assert_allclose(scaled, wanted[:5], atol=1e-3)
    # They go where the weights go.
    save_weights(network, tmp_path / "w.h5")
    other = build_backbone("MLP", 4, options=options)
    assert not np.allclose(other(pixels), network(pixels))
    load_weights(other, tmp_path / "w.h5")
    np.testing.assert_array_equal(other(pixels), network(pixels))


@pytest.mark.parametrize("scaling", ["symmetric", "unit", "none", "samplewise"])
def test_scaling_is_that_of_its_formula(scaling: str) -> None:
    network = build_backbone("MLP", 4, options=Network(widths=[3], scaling=scaling))
    pixels = np.random.default_rng(0).integers(0, 256, (2, 4, 4, 3)).astype(np.float32)
    first = next(layer for layer in network.layers if isinstance(layer, keras.layers.Reshape))
    scaled = keras.Model(network.input, first.input)(pixels).numpy()
    mean, deviation = (getattr(pixels, what)(axis=(1, 2, 3), keepdims=True)
                       for what in ("mean", "std"))  # fmt: skip
    wanted = {
        "symmetric": pixels / 127.5 - 1, "unit": pixels / 255, "none": pixels,
        "samplewise": (pixels - mean) / deviation,
    }  # fmt: skip
    np.testing.assert_allclose(scaled, wanted[scaling], atol=1e-4)
    assert network.count_params() == 48 * 3 + 3
