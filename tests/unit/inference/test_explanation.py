"""Inside a model, against values worked out another way."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from scenery.config.head import Head
from scenery.inference.explanation import (
    GradCam,
    embed,
    feature_maps,
    first_filters,
    grad_cam_layer,
    pick,
    split_model,
)
from scenery.models.backbones import build_backbone
from scenery.models.heads import build_head
from scenery.models.layer_table import (
    layer_table,
    layers_diagram,
    receptive_fields,
    stages_diagram,
)
from scenery.models.truncation import LayerGraph, cut_points
from scenery.registry.custom_architectures import Network
from scenery.training.fine_tuning import assemble


@pytest.fixture(scope="module")
def model() -> keras.Model:
    keras.utils.set_random_seed(0)
    backbone = build_backbone("SqueezeNet", 64)
    head = build_head(backbone.output.shape[1:], 3, Head(dense=(8,), dropout=0.3))
    return assemble(backbone, head)


@pytest.fixture(scope="module")
def pixels() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (3, 64, 64, 3)).astype(np.uint8)


def test_grad_cam_is_the_class_activation_map_of_a_linear_head(pixels: np.ndarray) -> None:
    keras.utils.set_random_seed(1)
    backbone = build_backbone("SqueezeNet", 64)
    parts = split_model(assemble(backbone, build_head(backbone.output.shape[1:], 3, Head())))
    layer = backbone.layers[-1].name
    maps = np.asarray(backbone(tf.cast(pixels, tf.float32), training=False))
    weights = np.asarray(parts.head.get_layer("classes").kernel)
    classes = [2, 0, 1]
    # Zhou et al. (2016): behind average pooling the gradient is the weight of the class.
    expected = np.maximum(np.einsum("ijkc,ci->ijk", maps, weights[:, classes]), 0)
    expected /= np.maximum(expected.max(axis=(1, 2), keepdims=True), 1e-12)
    found = GradCam(parts, layer).maps(pixels, classes)
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_grad_cam_of_one_sigmoid_explains_both_classes(pixels: np.ndarray) -> None:
    keras.utils.set_random_seed(1)
    backbone = build_backbone("SqueezeNet", 64, "fire2_concat")
    head = build_head(backbone.output.shape[1:], 2, Head(class_mode="binary", standardize=False))
    parts = split_model(assemble(backbone, head))
    maps = np.asarray(backbone(tf.cast(pixels, tf.float32), training=False))
    weights = np.asarray(head.get_layer("classes").kernel)[:, 0]
    signs = np.array([-1, 1, 1])
    expected = np.maximum((maps @ weights) * signs[:, None, None], 0)
    expected /= np.maximum(expected.max(axis=(1, 2), keepdims=True), 1e-12)
    found = GradCam(parts, "fire2_concat").maps(pixels, [0, 1, 1])
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_grad_cam_of_a_lower_layer_and_of_no_image(model: keras.Model, pixels: np.ndarray) -> None:
    parts = split_model(model)
    point = grad_cam_layer(parts.backbone)
    assert point.size >= 5
    assert point.layer != cut_points(parts.backbone)[-1].layer
    heat = GradCam(parts, point.layer).maps(pixels, [0, 1, 2])
    assert heat.shape == (3, point.size, point.size)
    assert heat.min() >= 0
    assert heat.max() <= 1
    assert len(GradCam(parts, point.layer).maps(pixels[:0], [])) == 0


def test_right_answers_go_round_the_classes_and_wrong_ones_by_confidence() -> None:
    labels = np.array([0, 0, 0, 1, 1, 2])
    probabilities = np.array(
        [[0.9, 0.05, 0.05], [0.8, 0.1, 0.1], [0.2, 0.7, 0.1], [0.4, 0.5, 0.1], [0.6, 0.3, 0.1],
         [0.1, 0.1, 0.8]]
    )  # fmt: skip
    right, wrong = pick(probabilities, labels, 8)
    assert right == [0, 5, 3, 1]
    assert wrong == [2, 4]
    assert pick(probabilities, labels, 1) == ([0], [2])


def test_feature_maps_hold_what_the_layers_give(model: keras.Model, pixels: np.ndarray) -> None:
    backbone = split_model(model).backbone
    found = feature_maps(backbone, pixels)
    for number, name in enumerate(found["layers"]):
        probe = keras.Model(backbone.input, backbone.get_layer(str(name)).output)
        maps = np.asarray(probe(tf.cast(pixels, tf.float32), training=False))
        scale = np.abs(maps).max()
        np.testing.assert_allclose(
            found[f"mean_{number}"], maps.mean(axis=-1), atol=1e-3 * scale, rtol=1e-2
        )
        np.testing.assert_allclose(
            found[f"max_{number}"], maps.max(axis=-1), atol=1e-3 * scale, rtol=1e-2
        )
        strongest = found[f"strongest_{number}"]
        spreads = maps.std(axis=(0, 1, 2))
        assert spreads[strongest[0]] == pytest.approx(spreads.max())
        shares = found[f"variance_{number}"]
        assert np.all(np.diff(shares) <= 1e-6)
        assert shares.sum() <= 1 + 1e-5


def test_filters_come_in_red_green_blue_and_strongest_first() -> None:
    network = build_backbone("SqueezeNet", 64)
    layer = next(one for one in network.layers if isinstance(one, keras.layers.Conv2D))
    kernel = np.zeros(layer.kernel.shape, np.float32)
    # SqueezeNet reads blue, green, red: its first channel is blue.
    kernel[:, :, 0, 5] = 2.0
    kernel[:, :, 2, 1] = 1.0
    layer.kernel.assign(kernel)
    filters = first_filters(network)
    assert filters[0, 0, 0].tolist() == [0, 0, 2]
    assert filters[1, 0, 0].tolist() == [1, 0, 0]


def test_receptive_fields_are_those_that_gradients_show() -> None:
    inputs = keras.Input((64, 64, 1))
    x = keras.layers.Conv2D(1, 3, strides=2, padding="same", kernel_initializer="ones")(inputs)
    side = keras.layers.Conv2D(1, 1, kernel_initializer="ones")(x)
    x = keras.layers.DepthwiseConv2D(5, padding="same", depthwise_initializer="ones")(x)
    x = keras.layers.Add()([x, side])
    x = keras.layers.AveragePooling2D(2)(x)
    x = keras.layers.Conv2D(1, 3, dilation_rate=2, padding="same", kernel_initializer="ones")(x)
    last = x
    x = keras.layers.GlobalAveragePooling2D(keepdims=True)(x)
    network = keras.Model(inputs, keras.layers.Multiply()([last, x]))
    fields = receptive_fields(network)
    names = [operation.name for operation in LayerGraph(network).operations]
    assert all(np.isinf(fields[names.index(one.name)][0]) for one in network.layers[-2:])
    for layer in network.layers[1:-2]:
        probe = keras.Model(inputs, layer.output)
        image = tf.Variable(tf.random.uniform((1, 64, 64, 1), seed=0))
        with tf.GradientTape() as tape:
            middle = probe(image)
            score = middle[0, middle.shape[1] // 2, middle.shape[2] // 2, 0]
        touched = np.flatnonzero(np.asarray(tape.gradient(score, image))[0, :, :, 0].any(axis=0))
        field, stride = fields[names.index(layer.name)]
        assert field == touched[-1] - touched[0] + 1, layer.name
        assert stride == 64 // middle.shape[1]


def test_the_layer_table_adds_up_and_the_diagrams_name_the_parts(model: keras.Model) -> None:
    parts = split_model(model)
    table = layer_table(parts.backbone, parts.head)
    assert table["layer_parameters"].sum() == model.count_params()
    assert list(table["number"]) == list(range(1, len(table) + 1))
    assert table["part"].iloc[-1] == "head"
    assert table["output"].iloc[-1] == "3"
    stages = len(cut_points(parts.backbone))
    text = stages_diagram(parts.backbone, parts.head)
    assert f"SqueezeNet stage {stages}:" in text
    assert "probabilities" in text
    assert "fire9_expand3x3" in layers_diagram(model)


def test_receptive_fields_of_dense_layers() -> None:
    whole = build_backbone("MLP", 16, None, Network(widths=[4]))
    assert np.isinf(receptive_fields(whole)[-1]).all()
    patches = Network(widths=[4, 3], patch_size=6, stride=5)
    assert receptive_fields(build_backbone("PatchMLP", 16, None, patches))[-1] == (6, 5)


def test_an_embedding_parts_what_is_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(0)
    values = np.concatenate([random.normal(0, 1, (40, 20)), random.normal(8, 1, (40, 20))])
    table = embed(values.astype(np.float32), 0)
    for axis in ("pca_1", ("tsne_1", "tsne_2")):
        first, second = table.loc[:39, axis], table.loc[40:, axis]
        apart = np.linalg.norm(np.atleast_1d(first.mean() - second.mean()))
        assert apart > 2 * float(np.max(np.atleast_1d(first.std())))
    assert table["share_1"].iloc[0] > 0.5
    assert table.equals(embed(values.astype(np.float32), 0))
    few = embed(values[:3].astype(np.float32), 0)
    assert few["tsne_1"].isna().all()
    assert few["pca_1"].notna().all()
    monkeypatch.setattr("scenery.inference.explanation.EMBEDDED", 30)
    many = embed(values.astype(np.float32), 0)
    assert len(many) == 30
    assert many["position"].is_monotonic_increasing
